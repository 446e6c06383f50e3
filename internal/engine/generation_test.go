package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// full is a settlement that says all there is to say.
func full(call cost.Call, billed cost.Pico) engine.SettleInput {
	return engine.SettleInput{
		CallID: call.ID,
		Model:  "m",
		Usage: cost.Usage{
			PromptTokens: 10, CachedTokens: 4, CompletionTokens: 5, ReasoningTokens: 2, WebSearches: 1,
		},
		Cost:         &billed,
		Provider:     "elsewhere",
		GenerationID: "gen-1",
		Failure:      workflow.FailureInvalidOutput,
	}
}

// changes are settlements that differ from full in one thing.
var changes = map[string]func(*engine.SettleInput){
	"Model":        func(in *engine.SettleInput) { in.Model = "other" },
	"Cost":         func(in *engine.SettleInput) { in.Cost = ptr(*in.Cost + 1) },
	"Provider":     func(in *engine.SettleInput) { in.Provider = "other" },
	"NoProvider":   func(in *engine.SettleInput) { in.Provider = "" },
	"Generation":   func(in *engine.SettleInput) { in.GenerationID = "gen-2" },
	"NoGeneration": func(in *engine.SettleInput) { in.GenerationID = "" },
	"Failure":      func(in *engine.SettleInput) { in.Failure = workflow.FailureTimeout },
	"NoFailure":    func(in *engine.SettleInput) { in.Failure = "" },
	"Prompt":       func(in *engine.SettleInput) { in.Usage.PromptTokens++ },
	"Cached":       func(in *engine.SettleInput) { in.Usage.CachedTokens-- },
	"Completion":   func(in *engine.SettleInput) { in.Usage.CompletionTokens++ },
	"Reasoning":    func(in *engine.SettleInput) { in.Usage.ReasoningTokens-- },
	"Searches":     func(in *engine.SettleInput) { in.Usage.WebSearches++ },
}

func TestSettleAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, first := range map[string]func(*testing.T, bundle, cost.Call){
		"Settled": func(*testing.T, bundle, cost.Call) {},
		"Assumed": func(t *testing.T, b bundle, c cost.Call) { b.assume(t, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.Clock.Set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)) // No month ends while a provider is silent.
			flow := b.Flow(t, workflow.ICPPending)
			call := b.Reserve(t, flow, cent)
			first(t, b, call)
			if _, err := b.Engine.Settle(ctx, b.Who, full(call, cent/2)); err != nil {
				t.Fatal(err)
			}
			before := b.rows(t)
			for change, apply := range changes {
				in := full(call, cent/2)
				apply(&in)
				_, err := b.Engine.Settle(ctx, b.Who, in)
				if fault.KindOf(err) != fault.IdempotencyMismatch {
					t.Errorf("%s: got %v, want IDEMPOTENCY_MISMATCH", change, err)
				}
			}
			again, err := b.Engine.Settle(ctx, b.Who, full(call, cent/2))
			if err != nil || !again.Replayed || again.Call.GenerationID != "gen-1" {
				t.Errorf("the same: got %+v, %v, want a replay", again, err)
			}
			if diff := cmp.Diff(before, b.rows(t)); diff != "" {
				t.Errorf("a second settlement has written (-before +after):\n%s", diff)
			}
			b.paid(t, flow.ID, cent/2, 0)
			b.Sound(t)
		})
	}
	t.Run("AssumedKeepsTheContentInTheLedger", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.Clock.Set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
		flow := b.Flow(t, workflow.ICPPending)
		call := b.Reserve(t, flow, cent)
		b.assume(t, call)
		if _, err := b.Engine.Settle(ctx, b.Who, full(call, cent)); err != nil { // Exactly what was assumed.
			t.Fatal(err)
		}
		reason := b.lastOf(t, flow.ID).Reason
		for _, said := range []string{
			`model "m"`, `provider "elsewhere"`, `generation "gen-1"`, "INVALID_OUTPUT", "10 (4 cached)",
		} {
			if !strings.Contains(reason, said) {
				t.Errorf("got the reason %q, want it to name %s", reason, said)
			}
		}
	})
	t.Run("AfterTheProvidersOwnAnswer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.Clock.Set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
		flow := b.Flow(t, workflow.ICPPending)
		call := b.Reserve(t, flow, cent)
		b.assume(t, call)
		if _, err := b.Engine.SettleLate(ctx, b.Who, full(call, cent/4)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Engine.Settle(ctx, b.Who, full(call, cent/8)); fault.KindOf(err) != fault.IdempotencyMismatch {
			t.Errorf("got %v, want the provider's answer to stand", err)
		}
		b.paid(t, flow.ID, cent/4, 0)
		b.Sound(t)
	})
	t.Run("WithoutWhatAWorkerHasWritten", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := b.Flow(t, workflow.ICPPending)
		call := b.Call(t, b.Take(t, flow.ID, "worker:1"), cent)
		if err := b.Engine.Identify(ctx, b.Who, call.ID, "sandbox", "gen-1"); err != nil {
			t.Fatal(err)
		}
		other := settle(call, cent)
		other.GenerationID = "gen-2"
		if _, err := b.Engine.Settle(ctx, b.Who, other); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another generation: got %v, want CONFLICT", err)
		}
		for range 2 {
			if _, err := b.Engine.Settle(ctx, b.Who, settle(call, cent)); err != nil {
				t.Error(err)
			}
		}
		b.Sound(t)
	})
}

func TestReleaseAgain(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	call := b.Reserve(t, flow, cent)
	release := func(reason string, failure workflow.FailureCode) (engine.Charged, error) {
		return b.Engine.Release(ctx, b.Who, engine.ReleaseInput{CallID: call.ID, Reason: reason, Failure: failure})
	}
	if _, err := release("never sent", workflow.FailureNetwork); err != nil {
		t.Fatal(err)
	}
	if again, err := release("never sent", workflow.FailureNetwork); err != nil || !again.Replayed {
		t.Errorf("the same: got %+v, %v, want a replay", again, err)
	}
	for _, other := range []func() (engine.Charged, error){
		func() (engine.Charged, error) { return release("refused", workflow.FailureNetwork) },
		func() (engine.Charged, error) { return release("never sent", workflow.FailureAuth) },
		func() (engine.Charged, error) { return release("never sent", "") },
	} {
		if _, err := other(); fault.KindOf(err) != fault.IdempotencyMismatch {
			t.Errorf("got %v, want IDEMPOTENCY_MISMATCH", err)
		}
	}
	b.Sound(t)
}

func TestGenerationIsChargedOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	// The ways in which a caller says that a call was answered by gen-1.
	type way = func(*testing.T, bundle, workflow.Workflow) (uuid.UUID, error)
	settled := func(t *testing.T, b bundle, flow workflow.Workflow) (uuid.UUID, error) {
		call := b.Reserve(t, flow, cent)
		_, err := b.Engine.Settle(ctx, b.Who, full(call, cent))
		return call.ID, err
	}
	elsewhere := func(t *testing.T, b bundle, flow workflow.Workflow) (uuid.UUID, error) {
		call := b.Reserve(t, flow, cent)
		in := full(call, cent)
		in.Provider = ""
		_, err := b.Engine.Settle(ctx, b.Who, in)
		return call.ID, err
	}
	recorded := func(_ *testing.T, b bundle, flow workflow.Workflow) (uuid.UUID, error) {
		charged, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
			WorkflowID: flow.ID, Model: "m", Cost: ptr(cent), GenerationID: "gen-1",
		})
		return charged.Call.ID, err
	}
	assumed := func(t *testing.T, b bundle, flow workflow.Workflow) (uuid.UUID, error) {
		call := b.Reserve(t, flow, cent)
		b.assume(t, call)
		_, err := b.Engine.Settle(ctx, b.Who, full(call, cent))
		return call.ID, err
	}
	ways := map[string]way{
		"Settled": settled, "WithoutProvider": elsewhere, "Recorded": recorded, "Assumed": assumed,
	}
	for first, one := range ways {
		for second, other := range ways {
			t.Run(first+"Then"+second, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.Clock.Set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
				flow := b.Flow(t, workflow.ICPPending)
				existing, err := one(t, b, flow)
				if err != nil {
					t.Fatal(err)
				}
				_, err = other(t, b, flow)
				var duplicate *engine.DuplicateGenerationError
				if !errors.As(err, &duplicate) || duplicate.Existing.Call.ID != existing {
					t.Errorf("got %v, want it to name call %s", err, existing)
				}
				if second == "Recorded" {
					b.paid(t, flow.ID, cent, 0)
				}
				b.Sound(t)
			})
		}
	}
	t.Run("OfTwentyCallersOneWins", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow, servers := b.Flow(t, workflow.ICPPending), b.servers(t)
		errs := testdb.Together(20, func(i int) error {
			_, err := servers[i%2].Record(ctx, b.Who, engine.RecordInput{
				WorkflowID: flow.ID, Model: "m", Cost: ptr(cent), GenerationID: "gen-1",
			})
			return err
		})
		if diff := cmp.Diff(map[fault.Kind]int{"": 1, fault.DuplicateGeneration: 19}, kinds(errs)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		b.paid(t, flow.ID, cent, 0)
		b.Sound(t)
	})
	t.Run("OfAnotherOrganizationCountsForNothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if _, err := settled(t, b, b.Flow(t, workflow.ICPPending)); err != nil {
			t.Fatal(err)
		}
		b.Who = b.Stranger(t)
		if _, err := settled(t, b, b.Flow(t, workflow.ICPPending)); err != nil {
			t.Error(err)
		}
		b.Sound(t)
	})
}

// A provider that repeats an id, as a cache in front of it does, has charged for both answers.
func TestSettleLate_BooksTheCostWithBadDetails(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	first, second, third := b.Call(t, run, cent), b.Call(t, run, cent), b.Call(t, run, cent)
	for _, err := range testdb.Together(2, func(i int) error {
		return b.Engine.Identify(ctx, b.Who, []uuid.UUID{first.ID, second.ID}[i], "sandbox", "gen-1")
	}) {
		if err != nil {
			t.Errorf("identify: %v", err)
		}
	}
	for _, call := range []cost.Call{first, second, third} {
		in := full(call, cent/2)
		in.Model = ""
		in.Usage = cost.Usage{PromptTokens: 10, CachedTokens: 1_000_000, CompletionTokens: -1, ReasoningTokens: 7}
		got, err := b.Engine.SettleLate(ctx, b.Who, in)
		want := cost.Usage{PromptTokens: 1_000_000, CachedTokens: 1_000_000, CompletionTokens: 7, ReasoningTokens: 7}
		if err != nil || *got.Call.Cost != cent/2 || got.Call.GenerationID != "gen-1" || got.Call.Usage != want {
			t.Errorf("got %+v, %v, want it booked", got.Call, err)
		}
	}
	var marked int
	err := b.DB.Super.QueryRow(ctx, `SELECT count(*) FROM ai_calls WHERE generation_repeated`).Scan(&marked)
	if err != nil || marked != 2 {
		t.Errorf("got %d calls marked as repetitions, %v, want 2", marked, err)
	}
	b.paid(t, flow.ID, 3*(cent/2), 0)
	b.Sound(t)
}
