package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

func TestDecideArticlePlans_OneOfTwentyEditorsOfARevisionWins(t *testing.T) {
	t.Parallel()
	p := setupPlan(t, false)
	var won atomic.Int32
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			editor, first, title := p, 1, fmt.Sprintf("Title %d", i)
			editor.Who.Actor = fmt.Sprintf("editor %d", i)
			_, err := editor.decide(engine.PlanItemInput{
				ArticleID: p.article(0), ExpectedRevision: &first, Brief: &content.BriefEdit{Title: &title},
			})
			var conflict *engine.RevisionConflictError
			switch {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &conflict):
				t.Errorf("got %v, want REVISION_CONFLICT", err)
			case conflict.Current.Revision != 2 || conflict.Current.Author != content.AuthorPerson ||
				conflict.Current.Actor == "" || conflict.Current.CreatedAt.IsZero() ||
				fmt.Sprint(fault.FieldOf(err)) != "[items 0 expectedRevision]":
				t.Errorf("got %+v at %v, want the winner's revision", conflict.Current, fault.FieldOf(err))
			}
		})
	}
	group.Wait()
	item, _ := p.plan(t).Item(p.article(0))
	if won.Load() != 1 || item.Plan.Revision != 2 {
		t.Errorf("got %d winners and revision %d, want 1 and 2", won.Load(), item.Plan.Revision)
	}
}

// A decision with an expected revision counts for that brief only, and nothing of a refused request is kept.
func TestDecideArticlePlans_ADecisionMayExpectARevision(t *testing.T) {
	t.Parallel()
	p := setupPlan(t, false)
	decide := func(expected int) (engine.Planned, error) {
		return p.decide(
			engine.PlanItemInput{ArticleID: p.article(1), Choice: content.PlanRejected},
			engine.PlanItemInput{ArticleID: p.article(0), ExpectedRevision: &expected, Choice: content.PlanApproved},
		)
	}
	for _, expected := range []int{0, 2} {
		if _, err := decide(expected); fault.KindOf(err) != fault.RevisionConflict {
			t.Errorf("expected revision %d: got %v, want REVISION_CONFLICT", expected, err)
		}
	}
	for _, item := range p.plan(t).Items {
		if item.Plan.Choice != "" {
			t.Errorf("got %q after the refusals, want no decision", item.Plan.Choice)
		}
	}
	if got, err := decide(1); err != nil || got.Affected != 2 {
		t.Errorf("the revision of the plan: got %+v, %v, want both decisions", got, err)
	}
}
