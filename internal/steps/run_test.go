package steps_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

func TestAttempt_KeepsAndPaysAGoodAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		injection sandbox.Injection
		model     string
	}{
		"Plain":          {sandbox.Injection{}, "perplexity/sonar"},
		"Fenced":         {sandbox.FencedJSON(), "perplexity/sonar"},
		"SecondModel":    {sandbox.FirstModelDown(), "openai/gpt-4o-mini"},
		"DatedModel":     {sandbox.Drift("openai/gpt-4o-mini-2024-07-18"), "openai/gpt-4o-mini"},
		"CostNotInTime":  {sandbox.NoUsage(), "perplexity/sonar"},
		"DearerThanHeld": {sandbox.Overcharge(50), "perplexity/sonar"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.sandbox.Next(c.injection)
			b.attempt(t, context.Background())
			b.audit(t)
			want := outcome{State: workflow.ICPCompleted, Call: cost.CallSettled, Model: c.model}
			if diff := cmp.Diff(want, b.outcome(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			results, err := b.engine.ICPs(context.Background(), b.who, []uuid.UUID{b.flow.ID})
			if err != nil {
				t.Fatal(err)
			}
			kept := results[b.flow.ID]
			if _, err := workflow.ParseICP(string(kept.Content)); err != nil || kept.Provider != sandbox.Provider {
				t.Errorf("got the result %s of %q, want a profile of the sandbox: %v", kept.Content, kept.Provider, err)
			}
		})
	}
}

func TestAttempt_PaysAnUnusableAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		injection sandbox.Injection
		code      workflow.FailureCode
		call      cost.CallState
	}{
		"UnreadableJSON":  {sandbox.UnreadableJSON(), workflow.FailureInvalidOutput, cost.CallSettled},
		"Empty":           {sandbox.Empty(), workflow.FailureInvalidOutput, cost.CallSettled},
		"Drift":           {sandbox.Drift("x-ai/unknown"), workflow.FailureModelDrift, cost.CallSettled},
		"CutStream":       {sandbox.CutStream(2), workflow.FailureNetwork, cost.CallSettled},
		"ErrorInStream":   {sandbox.ErrorInStream(2), workflow.FailureProviderUnavailable, cost.CallSettled},
		"ErrorAfterUsage": {sandbox.ErrorAfterUsage(), workflow.FailureProviderUnavailable, cost.CallSettled},
		"ContentFilter":   {sandbox.ContentFilter(), workflow.FailureContentFiltered, cost.CallSettled},
		"BadGateway":      {sandbox.Status(502, ""), workflow.FailureProviderUnavailable, cost.CallSettled},
		"RateLimited":     {sandbox.Status(429, "7"), workflow.FailureRateLimited, cost.CallReleased},
		"NoCredit":        {sandbox.Status(402, ""), workflow.FailurePaymentRequired, cost.CallReleased},
		"NoKey":           {sandbox.Status(401, ""), workflow.FailureAuth, cost.CallReleased},
		"NoProvider":      {sandbox.Status(503, ""), workflow.FailureProviderUnavailable, cost.CallReleased},
		"HangInTheMiddle": {sandbox.HangAfterHeaders(), workflow.FailureTimeout, cost.CallSettled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := time.Minute
			if name == "HangInTheMiddle" {
				limit = 4 * time.Second
			}
			b := setup(t, options{attemptLimit: limit})
			b.sandbox.Next(c.injection)
			b.attempt(t, context.Background())
			b.audit(t)
			got := b.outcome(t)
			got.Model = ""
			want := outcome{
				State:   workflow.ICPFailed,
				Failure: c.code,
				Call:    c.call,
				Useless: c.code,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAttempt_KeepsTheHoldOfASilentProvider(t *testing.T) {
	t.Parallel()
	b := setup(t, options{attemptLimit: 4 * time.Second})
	b.sandbox.Next(sandbox.HangBeforeHeaders())
	b.attempt(t, context.Background())
	want := outcome{
		State:   workflow.ICPFailed,
		Failure: workflow.FailureTimeout,
		Call:    cost.CallUnknown,
		Useless: workflow.FailureTimeout,
	}
	if diff := cmp.Diff(want, b.outcome(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAttempt_SendsNothingWithoutAHold(t *testing.T) {
	t.Parallel()
	b := setup(t, options{workflowLimit: cost.Dollar / 1000})
	b.attempt(t, context.Background())
	if diff := cmp.Diff(outcome{State: workflow.ICPFailed, Failure: workflow.FailureBudget}, b.outcome(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.sandbox.Requests(); got != 0 {
		t.Errorf("got %d requests to the provider, want none", got)
	}
	b.audit(t)
}

func TestAttempt_SendsTheHighestAcceptedPrice(t *testing.T) {
	t.Parallel()
	dearer := cost.StartPrices()
	for i := range dearer {
		dearer[i].Unit *= 10
	}
	b := setup(t, options{prices: dearer})
	b.attempt(t, context.Background())
	got := b.outcome(t)
	if got.State != workflow.ICPFailed || got.Call != cost.CallReleased {
		t.Errorf("got %+v, want a refusal by the provider and the hold released", got)
	}
	b.audit(t)
}

func TestAttempt_PaysForACancelledWorkflow(t *testing.T) {
	t.Parallel()
	for name, injection := range map[string]sandbox.Injection{
		"Aborted":   sandbox.HangAfterHeaders(),
		"CameLate":  sandbox.Slow(300 * time.Millisecond),
		"Unstopped": sandbox.Unstoppable(300 * time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.sandbox.Next(injection)
			b.interrupted(t, func(end context.CancelCauseFunc) {
				in := engine.CancelInput{WorkflowID: b.flow.ID}
				if _, err := b.engine.Cancel(context.Background(), b.who, in); err != nil {
					t.Error(err)
				}
				if name != "CameLate" {
					end(steps.ErrLost)
				}
			})
			wait(t, "the provider to be done", func() bool { return b.sandbox.InFlight() == 0 })
			b.audit(t)
			got := b.outcome(t)
			if got.State != workflow.Cancelled || got.Call != cost.CallSettled {
				t.Errorf("got %+v, want it CANCELLED and its call SETTLED", got)
			}
		})
	}
}

func TestAttempt_ReturnsItsRunAtAShutdown(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.sandbox.Next(sandbox.HangAfterHeaders())
	b.interrupted(t, func(end context.CancelCauseFunc) { end(steps.ErrShutdown) })
	got := b.outcome(t)
	if got.State != workflow.ICPFailed || got.Failure != workflow.FailureLeaseExpired {
		t.Errorf("got %+v, want it to have failed with LEASE_EXPIRED", got)
	}
	b.attempt(t, context.Background()) // At once, by any worker.
	if got := b.outcome(t); got.State != workflow.ICPCompleted {
		t.Errorf("after the next attempt: got %+v, want it completed", got)
	}
	b.audit(t)
}

func TestAttempt_SendsNothingAfterItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(steps.ErrShutdown)
	b.attempt(t, ctx)
	want := outcome{State: workflow.ICPFailed, Failure: workflow.FailureLeaseExpired}
	if diff := cmp.Diff(want, b.outcome(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.sandbox.Requests(); got != 0 {
		t.Errorf("got %d requests to the provider, want none", got)
	}
}

func TestGateway_AsksForItsOwnCallsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.attempt(t, context.Background())
	call := b.calls(t)[0]
	got, err := b.gateway.Ask(context.Background(), sandbox.Provider, call.GenerationID)
	if err != nil || got == nil || got.Cost == nil || *got.Cost != *call.Cost || got.Model != call.AnsweredModel {
		t.Errorf("our call: got %+v, %v, want what was settled", got, err)
	}
	for _, c := range []struct{ provider, id string }{
		{"openrouter", call.GenerationID}, {sandbox.Provider, "gen-unknown"}, {sandbox.Provider, ""},
	} {
		if got, err := b.gateway.Ask(context.Background(), c.provider, c.id); err != nil || got != nil {
			t.Errorf("%+v: got %+v, %v, want nothing", c, got, err)
		}
	}
}

// A model that the provider no longer serves gives way to the next one; without a next one the failure says so.
func TestRun_LeavesOutAModelThatIsGone(t *testing.T) {
	t.Parallel()
	served := func(model string) []cost.Price {
		return slices.DeleteFunc(cost.StartPrices(), func(p cost.Price) bool { return p.Model != model })
	}
	t.Run("AsksTheNextModel", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: twoSteps(), prices: served("openai/gpt-4o-mini")})
		b.attempt(t, context.Background())
		want := outcome{State: workflow.CompetitorPending, Call: cost.CallSettled, Model: "openai/gpt-4o-mini"}
		if diff := cmp.Diff(want, b.outcome(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		calls := b.calls(t)
		if len(calls) != 2 || calls[0].State != cost.CallReleased || calls[0].FailureCode != "MODEL_GONE" {
			t.Errorf("got the calls %+v, want a released one before the settled one", calls)
		}
		b.audit(t)
	})
	t.Run("FailsWithoutAnother", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{prices: served("openai/text-embedding-3-small")})
		b.attempt(t, context.Background())
		if got := b.outcome(t); got.State != workflow.ICPFailed || got.Failure != workflow.FailureModelGone {
			t.Errorf("got %+v, want ICP_FAILED with MODEL_GONE", got)
		}
		if total := b.sandbox.Total(); total != 0 {
			t.Errorf("the provider charged $%s, want nothing", total)
		}
		b.audit(t)
	})
}
