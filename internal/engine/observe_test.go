package engine_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

func TestObserve_GetsTheStartAndTheErrorOfEachVerb(t *testing.T) {
	t.Parallel()
	type key struct{}
	var mu sync.Mutex
	var told []string
	b := setupWith(t, func(o *engine.Options) {
		o.Observe = func(ctx context.Context, verb string) (context.Context, func(error)) {
			if ctx.Value(key{}) != nil {
				verb = "within: " + verb
			}
			return context.WithValue(ctx, key{}, verb), func(err error) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, verb+" "+string(fault.KindOf(err)))
			}
		}
	})
	ctx, flow := t.Context(), b.Flow(t, workflow.Created)
	if _, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	amount := cost.Dollar
	if _, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount}); err == nil {
		t.Error("money is reserved for a workflow that is over")
	}
	if _, err := b.Engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"Cancel ", "Reserve TERMINAL_STATE", "SweepRuns "}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
