package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// adjust corrects an entry.
func (b bundle) adjust(t *testing.T, of cost.Entry, to cost.Pico) cost.Entry {
	t.Helper()
	adjusted, err := b.Engine.Adjust(context.Background(), b.Who, engine.AdjustInput{
		AccountID: of.AccountID, Sequence: of.Sequence, Cost: to, Reason: "the invoice says so",
	})
	if err != nil {
		t.Fatalf("adjust: %v", err)
	}
	return adjusted.Entry
}

func TestAdjust_WritesAnEntryOnBothAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.Flow(t, workflow.Created)
	month := func() cost.Entry { return b.lastOf(t, b.month(t).ID) }
	other := b.Flow(t, workflow.Created) // So that the month's entries are numbered otherwise.
	b.Reserve(t, other, cent)
	call := b.settle(t, b.Reserve(t, flow, 30*cent), 20*cent)
	booked, bookedInMonth := b.lastOf(t, flow.ID), month()

	check := func(what string, got, corrects cost.Entry, delta cost.Pico) {
		t.Helper()
		if got.Kind != cost.EntryAdjust || got.AccountID != corrects.AccountID || got.Corrects == nil ||
			*got.Corrects != corrects.Sequence || *got.CallID != call.ID || got.Delta != (cost.Delta{Settled: delta}) ||
			got.Reason != fmt.Sprintf("corrects entry %d: the invoice says so", corrects.Sequence) {
			t.Errorf("%s: got %+v, want %s for entry %d", what, got, delta, corrects.Sequence)
		}
	}
	first := b.adjust(t, booked, 15*cent)
	check("a correction", first, booked, -5*cent)
	check("the same in the month", month(), bookedInMonth, -5*cent)
	firstInMonth := month()
	check("a correction of a correction", b.adjust(t, first, 25*cent), first, 10*cent)
	check("the same in the month", month(), firstInMonth, 10*cent)

	// By way of the month, the entry that comes back is the month's.
	check("by the month's entry", b.adjust(t, firstInMonth, 0), firstInMonth, -25*cent)
	check("the same in the workflow", b.lastOf(t, flow.ID), first, -25*cent)

	after, err := b.Engine.Call(context.Background(), b.Who, call.ID)
	if err != nil || *after.Cost != 20*cent || after.State != cost.CallSettled {
		t.Errorf("got %+v, %v, want the outcome as it was", after, err)
	}
	b.balances(t, flow.ID, cost.Balance{Limit: cost.Limit(cost.Dollar)},
		cost.Balance{Held: cent, Limit: cost.Limit(25 * cost.Dollar)})
	b.Sound(t)
}

// Two corrections of one moment and one amount look the same; the accounts must not mistake one for the other.
func TestAdjust_DistinguishesEqualCorrections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.Flow(t, workflow.Created)
	b.settle(t, b.Reserve(t, flow, 10*cent), 10*cent)
	booked := b.lastOf(t, flow.ID)
	b.adjust(t, booked, 11*cent)
	b.adjust(t, booked, 10*cent)
	third := b.adjust(t, booked, 11*cent)
	inMonth := b.lastOf(t, b.month(t).ID)
	b.adjust(t, third, 12*cent)
	if got := b.lastOf(t, b.month(t).ID); *got.Corrects != inMonth.Sequence {
		t.Errorf("the month's entry corrects entry %d, want %d", *got.Corrects, inMonth.Sequence)
	}
	b.Sound(t)
}

func TestAdjust_CorrectsEveryOutcome(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, bundle, workflow.Workflow){
		"Settled": func(t *testing.T, b bundle, flow workflow.Workflow) {
			b.settle(t, b.Reserve(t, flow, 10*cent), 10*cent)
		},
		"Released": func(t *testing.T, b bundle, flow workflow.Workflow) {
			_, err := b.Engine.Release(context.Background(), b.Who, engine.ReleaseInput{CallID: b.Reserve(t, flow, cent).ID})
			if err != nil {
				t.Fatal(err)
			}
		},
		"Assumed":  func(t *testing.T, b bundle, flow workflow.Workflow) { b.assume(t, b.Reserve(t, flow, 10*cent)) },
		"Recorded": func(t *testing.T, b bundle, flow workflow.Workflow) { b.record(t, flow, 10*cent) },
		"BeyondTheHold": func(t *testing.T, b bundle, flow workflow.Workflow) {
			b.settle(t, b.Reserve(t, flow, cent), 10*cent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow := b.Flow(t, workflow.Created)
			end(t, b, flow)
			booked := b.lastOf(t, flow.ID)
			b.adjust(t, booked, 2*cost.Dollar) // Beyond the limit: money is money.
			if got := b.lastOf(t, flow.ID); got.After.Settled != 2*cost.Dollar || got.After.Stopped != booked.After.Stopped {
				t.Errorf("got %+v", got)
			}
			refusedAs(t, b.try(flow, 1), fault.BudgetExhausted)
			b.adjust(t, booked, 0)
			if got := b.lastOf(t, flow.ID).After; got.Settled != 0 || got.Held != 0 {
				t.Errorf("got %+v, want nothing", got)
			}
			b.Sound(t)
		})
	}
}

func TestAdjust_RefusesWithoutAChange(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	stranger := b.Stranger(t)
	b.settle(t, b.Reserve(t, flow, 10*cent), 10*cent) // Entries 1 and 2.
	b.limit(t, flow, cost.Limit(cost.Dollar))         // 3
	b.Reserve(t, flow, cent)                          // 4
	before := b.rows(t)
	for name, c := range map[string]struct {
		who  caller.Caller
		in   engine.AdjustInput
		want fault.Kind
	}{
		"another organization's": {stranger, engine.AdjustInput{Sequence: 2, Reason: "r"}, fault.NotFound},
		"none":                   {b.Who, engine.AdjustInput{Sequence: 99, Reason: "r"}, fault.NotFound},
		"the opening":            {b.Who, engine.AdjustInput{Sequence: 0, Reason: "r"}, fault.InvalidInput},
		"a hold that was settled": {
			b.Who, engine.AdjustInput{Sequence: 1, Reason: "r"}, fault.InvalidInput,
		},
		"a limit":        {b.Who, engine.AdjustInput{Sequence: 3, Reason: "r"}, fault.InvalidInput},
		"an open call":   {b.Who, engine.AdjustInput{Sequence: 4, Reason: "r"}, fault.Conflict},
		"without reason": {b.Who, engine.AdjustInput{Sequence: 2}, fault.InvalidInput},
		"blank reason":   {b.Who, engine.AdjustInput{Sequence: 2, Reason: " \n"}, fault.InvalidInput},
		"NUL":            {b.Who, engine.AdjustInput{Sequence: 2, Reason: "\x00"}, fault.InvalidInput},
		"a long reason":  {b.Who, engine.AdjustInput{Sequence: 2, Reason: strings.Repeat("é", 1901)}, fault.InvalidInput},
		"a negative":     {b.Who, engine.AdjustInput{Sequence: 2, Cost: -1, Reason: "r"}, fault.InvalidInput},
	} {
		c.in.AccountID = flow.ID
		_, err := b.Engine.Adjust(ctx, c.who, c.in)
		if got := fault.KindOf(err); got != c.want {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, c.want)
		}
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
	_, err := b.Engine.Adjust(ctx, b.Who, engine.AdjustInput{
		AccountID: flow.ID, Sequence: 2, Cost: 9 * cent, Reason: strings.Repeat("é", 1900),
	})
	refusedAs(t, err, "")
	b.Sound(t)
}

func TestAdjust_BooksOnceForOneKey(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	b.settle(t, b.Reserve(t, flow, 10*cent), 10*cent)
	adjust := func(e *engine.Engine, to cost.Pico, key string) (engine.Adjusted, error) {
		return e.Adjust(ctx, b.Who, engine.AdjustInput{
			AccountID: flow.ID, Sequence: 2, Cost: to, Reason: "r", IdempotencyKey: key,
		})
	}
	made := make([]engine.Adjusted, 20)
	replayed := 0
	for i, err := range testdb.Together(20, func(i int) (err error) {
		made[i], err = adjust(servers[i%2], 7*cent, "one")
		return err
	}) {
		if err != nil || !cmp.Equal(made[i].Entry, made[0].Entry) {
			t.Errorf("got %+v, %v, want the one entry", made[i], err)
		}
		if made[i].Replayed {
			replayed++
		}
	}
	if replayed != 19 || len(b.ledger(t, flow.ID)) != 4 {
		t.Errorf("got %d replays and %d entries, want 19 and 4", replayed, len(b.ledger(t, flow.ID)))
	}
	_, err := adjust(b.Engine, 8*cent, "one")
	refusedAs(t, err, fault.IdempotencyMismatch)

	// Each says what the call has cost in all: the last word is the last entry's.
	for i, err := range testdb.Together(20, func(i int) error {
		_, err := adjust(servers[i%2], cost.Pico(i)*cent, fmt.Sprint("many", i))
		return err
	}) {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	again, err := adjust(b.Engine, 7*cent, "one")
	if err != nil || !again.Replayed || !cmp.Equal(again.Entry, made[0].Entry) {
		t.Errorf("got %+v, %v, want the first entry", again, err)
	}
	if got := len(b.ledger(t, flow.ID)); got != 24 {
		t.Errorf("got %d entries, want 24", got)
	}
	b.Sound(t)
}

// The hash covers which entry a correction names, because its reason says it too.
func TestAdjust_VerifyFindsAMovedCorrection(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{"another": "1", "none": "NULL"} {
		b, ctx := setup(t), context.Background()
		flow := b.Flow(t, workflow.Created)
		b.settle(t, b.Reserve(t, flow, 10*cent), 10*cent)
		b.adjust(t, b.lastOf(t, flow.ID), cent)
		for _, statement := range []string{
			`ALTER TABLE ai_usage_ledger DISABLE TRIGGER ALL`,
			`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_corrects_named`,
			`UPDATE ai_usage_ledger SET corrects_sequence = ` + to + ` WHERE account_id = '` + flow.ID.String() +
				`' AND kind = 'ADJUST'`,
		} {
			if _, err := b.DB.Super.Exec(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
		findings, err := b.Verify(t)
		findings = slices.DeleteFunc(findings, func(f audit.Finding) bool { return f.Row == "catalog" })
		if err != nil || len(findings) != 1 || !strings.Contains(findings[0].Row, "entry 3") {
			t.Errorf("%s: got %v, %v, want entry 3", name, findings, err)
		}
	}
}
