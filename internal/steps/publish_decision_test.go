package steps_test

import (
	"strings"
	"testing"

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

// One of two posts failed, and a person decides that readers shall not have it: the step ends with the other one.
func TestPublish_ADecisionAgainstTheLastFailedPostEndsTheStep(t *testing.T) {
	t.Parallel()
	for _, choice := range []engine.PublicationChoice{engine.ChoiceSkip, engine.ChoiceUnpublish} {
		t.Run(string(choice), func(t *testing.T) {
			t.Parallel()
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
