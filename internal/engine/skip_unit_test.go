package engine_test

import (
	"testing"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// A step that has failed ends by itself when a person leaves its last failed unit out. A worker ends it, by the
// completion rule.
func TestSkipUnit_EndsAFailedStep(t *testing.T) {
	t.Parallel()
	const failed = workflow.FailureAuth
	for name, c := range map[string]struct {
		failures []workflow.FailureCode // of the units; "" for one that is done
		skipped  []int
		want     workflow.UnitsEnd
	}{
		"OneIsDone":       {[]workflow.FailureCode{"", failed}, []int{1}, workflow.UnitsCompleted},
		"TwoHaveFailed":   {[]workflow.FailureCode{failed, "", failed}, []int{0, 2}, workflow.UnitsCompleted},
		"AllAreLeftOut":   {[]workflow.FailureCode{failed, failed}, []int{0, 1}, workflow.UnitsEmpty},
		"OneIsStillThere": {[]workflow.FailureCode{failed, "", failed}, []int{2}, workflow.UnitsFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := park(t, newUnitFixture(t), len(c.failures))
			worker := workerOf(u.Who, "one")
			for i, code := range c.failures {
				u.end(t, worker, u.claim(t, worker, i), code)
			}
			u.failStep(t, worker)
			for n, i := range c.skipped {
				driven := u.jobsOf(u.flow.ID)
				in := engine.SkipUnitInput{UnitID: u.ids[i], Reason: "not needed"}
				skipped, err := u.Engine.SkipUnit(t.Context(), u.Who, in)
				if err != nil {
					t.Fatal(err)
				}
				state, jobs := workflow.ArticleFailed, 0
				if n == len(c.skipped)-1 && c.want != workflow.UnitsFailed {
					state, jobs = workflow.ArticleProcessing, 1
				}
				if got := u.jobsOf(u.flow.ID) - driven; skipped.Workflow.State != state || got != jobs {
					t.Errorf("after unit %d: got %s, %d jobs, want %s, %d", i, skipped.Workflow.State, got, state, jobs)
				}
			}
			taken, err := u.Engine.Take(t.Context(), worker, u.flow.ID)
			if err != nil || (taken.Run == nil) != (c.want == workflow.UnitsFailed) {
				t.Fatalf("take: got %+v, %v", taken, err)
			}
			all, err := u.Engine.UnitsOf(t.Context(), worker, u.run, u.visit)
			if end := workflow.EndOf(all); err != nil || end != c.want {
				t.Errorf("got %s, %v, want %s", end, err, c.want)
			}
			u.Sound(t)
		})
	}
}

func TestSkipUnit_CountsForTheEndOfItsStep(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 2)
	worker := workerOf(u.Who, "one")
	for _, unseen := range []string{"", " \n", "\u200b", "\u2060\u00ad\ufe0f"} {
		_, err := u.Engine.SkipUnit(t.Context(), u.Who, engine.SkipUnitInput{UnitID: u.ids[0], Reason: unseen})
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("the reason %q: got %v, want INVALID_INPUT", unseen, err)
		}
	}
	for _, id := range u.ids {
		in := engine.SkipUnitInput{UnitID: id, Reason: "not needed"}
		if _, err := u.Engine.SkipUnit(t.Context(), u.Who, in); err != nil {
			t.Fatal(err)
		}
	}
	taken, err := u.Engine.Take(t.Context(), worker, u.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: %+v, %v", taken, err)
	}
	all, err := u.Engine.UnitsOf(t.Context(), worker, *taken.Run, u.visit)
	if end := workflow.EndOf(all); err != nil || end != workflow.UnitsEmpty {
		t.Errorf("got %s, %v", end, err)
	}
}
