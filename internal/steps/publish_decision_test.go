package steps_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// A person has edited the draft, and a person decides about that: OVERWRITE puts the article in its place, ADOPT makes
// the edited post public.
func TestPublish_ADecisionAboutAnEditReachesTheSite(t *testing.T) {
	t.Parallel()
	const edited = "<p>Written by a person.</p>"
	for name, c := range map[string]struct {
		choice engine.PublicationChoice
		keeps  bool
	}{
		"Overwrite": {engine.ChoiceOverwrite, false},
		"Adopt":     {engine.ChoiceAdopt, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPress(t, 1)
			p.pass(t)
			unit := p.all(t)[0]
			p.net.after = func(n int) {
				if n == points["Draft"] {
					p.sites[0].Edit(1, edited)
				}
			}
			p.work(t, unit.ID)
			if got := p.publications(t)[0].State; got != workflow.PublicationNeedsDecision {
				t.Fatalf("got %s, want NEEDS_DECISION", got)
			}
			p.net.after = nil
			p.decide(t, c.choice)
			p.work(t, unit.ID)
			if got := p.publications(t)[0]; got.State != workflow.PublicationLive {
				t.Errorf("got %s %s, want LIVE", got.State, got.FailureMessage)
			}
			posts := p.sites[0].Posts()
			once(t, name, posts)
			if kept := strings.Contains(posts[0].Content, edited); kept != c.keeps {
				t.Errorf("got the content %q, want the person's: %t", posts[0].Content, c.keeps)
			}
			p.sound(t)
		})
	}
}

// oneOfTwoFails brings the step to PUBLISH_FAILED: a person has edited the post on the first site, and the second one
// has its post.
func oneOfTwoFails(t *testing.T) press {
	t.Helper()
	p := newPress(t, 2)
	p.pass(t)
	p.net.after = func(n int) {
		if n == points["Draft"] && p.net.seen["site0"] == n {
			p.sites[0].Edit(1, "<p>Written by a person.</p>")
		}
	}
	for _, unit := range p.all(t) {
		p.work(t, unit.ID)
	}
	p.net.after = nil
	p.pass(t)
	if state := p.state(t); state != workflow.PublishFailed {
		t.Fatalf("got %s, want PUBLISH_FAILED", state)
	}
	return p
}

// in returns the publication of the workflow in a state.
func (p *press) in(t *testing.T, state workflow.PublicationState) workflow.Publication {
	t.Helper()
	all := p.publications(t)
	i := slices.IndexFunc(all, func(p workflow.Publication) bool { return p.State == state })
	if i < 0 {
		t.Fatalf("no publication is %s: %+v", state, all)
	}
	return all[i]
}

// One of two posts failed, and a person decides that readers shall not have it: the step ends with the other one.
func TestPublish_ADecisionAgainstTheLastFailedPostEndsTheStep(t *testing.T) {
	t.Parallel()
	for _, choice := range []engine.PublicationChoice{engine.ChoiceSkip, engine.ChoiceUnpublish} {
		t.Run(string(choice), func(t *testing.T) {
			t.Parallel()
			p := oneOfTwoFails(t)
			p.decide(t, choice)
			if state := p.state(t); state != workflow.PublishProcessing {
				t.Errorf("after the decision: got %s, want PUBLISH_PROCESSING", state)
			}
			p.pass(t)
			if state := p.state(t); state != workflow.Completed {
				t.Errorf("got %s, want COMPLETED", state)
			}
			p.sound(t)
		})
	}
}

// The only post that readers had was withdrawn, and the other one is left out: nothing is published.
func TestPublish_AStepWithoutAPostDoesNotComplete(t *testing.T) {
	t.Parallel()
	p := oneOfTwoFails(t)
	p.decideOn(t, p.in(t, workflow.PublicationLive).ID, engine.ChoiceUnpublish)
	p.decideOn(t, p.in(t, workflow.PublicationNeedsDecision).ID, engine.ChoiceSkip)
	p.pass(t)
	if state := p.state(t); state != workflow.PublishFailed {
		t.Errorf("got %s, want PUBLISH_FAILED", state)
	}
	run := p.lastRun(t)
	if run.Failure != workflow.FailureNoResult {
		t.Errorf("got %s, want NO_RESULT", run.Failure)
	}
	p.sound(t)
}

// lastRun returns the last run of the workflow.
func (p *press) lastRun(t *testing.T) workflow.Run {
	t.Helper()
	runs, err := p.db.Store().LastRuns(t.Context(), p.who, []uuid.UUID{p.flow.ID})
	if err != nil || len(runs[p.flow.ID]) == 0 {
		t.Fatalf("read the last run: got %v, %v", runs, err)
	}
	return runs[p.flow.ID][0]
}

// A site refuses to withdraw the post that failed: the step stays open, and a person can still decide.
func TestPublish_ARefusedWithdrawalLeavesTheStepOpen(t *testing.T) {
	t.Parallel()
	p := oneOfTwoFails(t)
	next := p.client.Transport
	p.client.Transport = answer{401, `{"code": "rest_cannot_edit", "message": "No."}`}
	p.decide(t, engine.ChoiceUnpublish)
	p.client.Transport = next
	if state := p.state(t); state != workflow.PublishFailed {
		t.Errorf("after the refusal: got %s, want PUBLISH_FAILED", state)
	}
	again := p.in(t, workflow.PublicationNeedsDecision)
	p.decideOn(t, again.ID, engine.ChoiceOverwrite)
	for _, unit := range p.all(t) {
		p.work(t, unit.ID)
	}
	p.pass(t)
	if state := p.state(t); state != workflow.Completed {
		t.Errorf("got %s, want COMPLETED", state)
	}
	for _, publication := range p.publications(t) {
		if publication.State != workflow.PublicationLive {
			t.Errorf("got %s, want LIVE", publication.State)
		}
	}
	p.sound(t)
}
