package testengine

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

const cent = cost.Dollar / 100

// History is a seeded sequence of everything that can happen to calls of one organization.
type History struct {
	Fixture
	Flows []uuid.UUID

	random *rand.Rand
	calls  []uuid.UUID
}

// NewHistory returns a history of the fixture's organization that has not begun.
func NewHistory(f Fixture, seed, stream uint64) *History {
	return &History{Fixture: f, random: rand.New(rand.NewPCG(seed, stream))}
}

// Step does one thing. What a limit refuses is refused.
func (h *History) Step(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	if len(h.Flows) == 0 || h.random.IntN(12) == 0 {
		h.Flows = append(h.Flows, h.Flow(t, workflow.ICPPending).ID)
	}
	var err error
	one := func() uuid.UUID { return h.calls[h.random.IntN(len(h.calls))] }
	switch n := h.random.IntN(20); {
	case n < 8 || len(h.calls) == 0:
		amount := cost.Pico(h.random.Int64N(int64(20 * cent)))
		var made engine.Charged
		made, err = h.Engine.Reserve(ctx, h.Who, engine.ReserveInput{
			WorkflowID: h.Flows[h.random.IntN(len(h.Flows))], Amount: &amount,
			Step: workflow.Steps()[h.random.IntN(7)].Key,
		})
		if err == nil {
			h.calls = append(h.calls, made.Call.ID)
		}
	case n < 15:
		_, err = h.Engine.Settle(ctx, h.Who, h.bill(one()))
	case n < 16:
		_, err = h.Engine.Release(ctx, h.Who, engine.ReleaseInput{CallID: one(), Reason: "not sent"})
	case n < 17:
		err = h.Engine.MarkUnknown(ctx, h.Who, one(), workflow.FailureTimeout)
	case n < 18:
		_, err = h.Engine.SettleLate(ctx, h.Who, h.bill(one()))
	case n < 19:
		_, err = h.Engine.SweepCalls(ctx, func(context.Context, string, string) (*engine.SettleInput, error) {
			return nil, nil
		})
	default:
		h.Clock.Advance(time.Duration(h.random.Int64N(40*3600)) * time.Second)
	}
	if fault.KindOf(err) == fault.Internal {
		t.Fatal(err)
	}
}

func (h *History) bill(call uuid.UUID) engine.SettleInput {
	billed := cost.Pico(h.random.Int64N(int64(21 * cent)))
	return engine.SettleInput{
		CallID: call,
		Cost:   &billed,
		Model:  []string{"perplexity/sonar", "openai/gpt-4o-mini"}[h.random.IntN(2)],
		Usage:  cost.Usage{PromptTokens: h.random.Int64N(1000), CompletionTokens: h.random.Int64N(1000)},
	}
}
