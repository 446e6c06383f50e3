package engine_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// record books a call without a reservation.
func (b bundle) record(t *testing.T, flow workflow.Workflow, billed cost.Pico) cost.Call {
	t.Helper()
	charged, err := b.Engine.Record(context.Background(), b.Who, engine.RecordInput{
		WorkflowID: flow.ID, Model: "m", Cost: &billed, Provider: "elsewhere", GenerationID: "gen-1",
		Usage: cost.Usage{PromptTokens: 7, CompletionTokens: 5},
	})
	if err != nil {
		t.Fatalf("record: %v", err)
	}
	return charged.Call
}

// lastOf is the last entry of an account.
func (b bundle) lastOf(t *testing.T, account uuid.UUID) cost.Entry {
	t.Helper()
	entries := b.ledger(t, account)
	return entries[len(entries)-1]
}

func TestRecord_BooksInFullBeyondTheLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		workflowLimit, monthLimit cost.Limit
		billed                    cost.Pico
		state                     workflow.State
		overWorkflow, overMonth   bool
	}{
		"WithinBoth":         {cost.Limit(50 * cent), cost.Limit(50 * cent), 20 * cent, workflow.ICPPending, false, false},
		"UpToTheLimit":       {cost.Limit(30 * cent), cost.Limit(30 * cent), 20 * cent, workflow.ICPPending, false, false},
		"BeyondTheWorkflows": {cost.Limit(30 * cent), cost.Limit(50 * cent), 20*cent + 1, workflow.ICPPending, true, false},
		"BeyondTheMonths":    {cost.Limit(50 * cent), cost.Limit(30 * cent), 20*cent + 1, workflow.ICPPending, false, true},
		"BeyondBoth": {
			cost.Limit(10 * cent), cost.Limit(10 * cent), 9 * cost.Dollar, workflow.ICPPending, true, true,
		},
		"OfACancelledWorkflow": {cost.Limit(50 * cent), cost.Limit(10 * cent), 20 * cent, workflow.Cancelled, false, true},
		"OfACompletedWorkflow": {cost.Limit(10 * cent), cost.Limit(50 * cent), 20 * cent, workflow.Completed, true, false},
		"NothingAtAll":         {cost.Limit(50 * cent), cost.Limit(50 * cent), 0, workflow.Created, false, false},
		"WithoutALimit":        {cost.Unlimited, cost.Unlimited, 99 * cost.Dollar, workflow.Created, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow := b.Flow(t, c.state)
			held := 10 * cent // Counts as well.
			if c.state.IsTerminal() {
				held = 0
			} else {
				b.Reserve(t, flow, held)
			}
			b.limit(t, flow, c.workflowLimit)
			b.limitMonth(t, c.monthLimit)

			call := b.record(t, flow, c.billed)
			if call.State != cost.CallSettled || *call.Cost != c.billed || call.Hold != 0 || call.ListCost != nil ||
				call.Overage != (c.overWorkflow || c.overMonth) || call.Provider != "elsewhere" ||
				call.GenerationID != "gen-1" || call.Usage != (cost.Usage{PromptTokens: 7, CompletionTokens: 5}) {
				t.Errorf("got %+v", call)
			}
			b.balances(t, flow.ID, cost.Balance{Settled: c.billed, Held: held, Limit: cost.Limit(c.workflowLimit)},
				cost.Balance{Settled: c.billed, Held: held, Limit: cost.Limit(c.monthLimit)})
			for account, over := range map[uuid.UUID]bool{flow.ID: c.overWorkflow, b.month(t).ID: c.overMonth} {
				e := b.lastOf(t, account)
				if e.Kind != cost.EntryRecord || *e.CallID != call.ID || e.Overage != over ||
					e.Delta != (cost.Delta{Settled: c.billed}) || e.Actor != b.Who.Actor {
					t.Errorf("got the entry %+v, want one of kind RECORD with overage %t", e, over)
				}
			}
			if err := b.try(flow, 1); call.Overage && !c.state.IsTerminal() && err == nil {
				t.Error("a hold was admitted beyond the limit")
			}
			b.Sound(t)
		})
	}
}

func TestRecord_UsesThePriceTableWithoutACost(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.CompetitorPending)
	in := engine.RecordInput{
		WorkflowID: flow.ID, Model: "openai/gpt-4o-mini", Usage: cost.Usage{PromptTokens: 1000, CompletionTokens: 100},
	}
	charged, err := b.Engine.Record(ctx, b.Who, in)
	const want cost.Pico = 1000*150_000 + 100*600_000
	if err != nil || *charged.Call.Cost != want || *charged.Call.ListCost != want || charged.Call.Step != "COMPETITOR" {
		t.Fatalf("got %+v, %v, want $%s and the step COMPETITOR", charged.Call, err, want)
	}
	before := b.rows(t)
	type input = engine.RecordInput
	for name, c := range map[string]struct {
		change func(*input)
		want   fault.Kind
	}{
		"an unknown model":                {func(in *input) { in.Model = "unknown/model" }, fault.PriceUnknown},
		"a negative cost":                 {func(in *input) { in.Cost = ptr[cost.Pico](-1) }, fault.InvalidInput},
		"negative prompt tokens":          {func(in *input) { in.Usage.PromptTokens = -1 }, fault.InvalidInput},
		"negative completion tokens":      {func(in *input) { in.Usage.CompletionTokens = -1 }, fault.InvalidInput},
		"no such workflow":                {func(in *input) { in.WorkflowID = uuid.New() }, fault.NotFound},
		"more than the books can hold":    {func(in *input) { in.Cost = ptr[cost.Pico](math.MaxInt64) }, fault.InvalidInput},
		"another organization's workflow": {func(in *input) { in.WorkflowID = b.strange(t).ID }, fault.NotFound},
	} {
		bad := in
		c.change(&bad)
		_, err := b.Engine.Record(ctx, b.Who, bad)
		if got := fault.KindOf(err); got != c.want {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, c.want)
		}
	}
	// The strange workflow is the only thing that is new.
	before["intent_workflows"]++
	before["workflow_transitions"]++
	before["usage_accounts"]++
	before["ai_usage_ledger"]++
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}

// strange returns a workflow of another organization.
func (b bundle) strange(t *testing.T) workflow.Workflow {
	t.Helper()
	return testdb.Workflow(t, b.DB, b.Stranger(t), testdb.WorkflowOpts{})
}

func TestRecord_BooksOnceForOneKey(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	record := func(e *engine.Engine, billed cost.Pico) (engine.Charged, error) {
		return e.Record(ctx, b.Who, engine.RecordInput{WorkflowID: flow.ID, Model: "m", Cost: &billed, IdempotencyKey: "k"})
	}
	made := make([]engine.Charged, 20)
	replayed := 0
	for i, err := range testdb.Together(20, func(i int) (err error) {
		made[i], err = record(servers[i%2], cent)
		return err
	}) {
		if err != nil || made[i].Call.ID != made[0].Call.ID {
			t.Errorf("got %v, %v, want the one call", made[i].Call.ID, err)
		}
		if made[i].Replayed {
			replayed++
		}
	}
	if replayed != 19 {
		t.Errorf("got %d replays, want 19", replayed)
	}
	_, err := record(b.Engine, 2*cent)
	refusedAs(t, err, fault.IdempotencyMismatch)
	b.paid(t, flow.ID, cent, 0)
	b.Sound(t)
}

func TestRecord_ConcurrentWithReservations(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	for i, err := range testdb.Together(60, func(i int) error {
		amount := 3 * cent
		if i%3 > 0 {
			_, err := servers[i%2].Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
			return err
		}
		_, err := servers[i%2].Record(ctx, b.Who, engine.RecordInput{
			WorkflowID: flow.ID, Model: fmt.Sprint("m", i), Cost: &amount,
		})
		return err
	}) {
		if k := fault.KindOf(err); k != "" && (i%3 == 0 || k != fault.BudgetHeld) {
			t.Errorf("%d: got %v", i, err)
		}
	}
	// The first entries beyond the limit are flagged, and no hold is admitted after them.
	for _, e := range b.ledger(t, flow.ID) {
		if over := !e.After.Limit.Allows(e.After.Settled + e.After.Held); e.Overage != over {
			t.Errorf("entry %d: got overage %t at %+v", e.Sequence, e.Overage, e.After)
		}
	}
	b.Sound(t)
}
