package steps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

func TestRunEndOf_DecidesByTheTypeOfTheError(t *testing.T) {
	t.Parallel()
	ended := func(cause error) context.Context {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		return ctx
	}
	alive := context.Background()
	cancelled := &llm.Error{Class: llm.Cancelled, Message: "the request was cancelled"}
	givenBack := runEnd{
		code: workflow.FailureLeaseExpired, message: "The worker had to stop before the answer was complete.",
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want runEnd
	}{
		"RateLimited": {
			alive, &llm.Error{Class: llm.RateLimited, Message: "slow down", RetryAfter: time.Minute},
			runEnd{code: workflow.FailureRateLimited, message: "slow down", retryAfter: time.Minute},
		},
		"WrappedTimeout": {
			alive, fmt.Errorf("ask: %w", &llm.Error{Class: llm.Timeout, Message: "late"}),
			runEnd{code: workflow.FailureTimeout, message: "late"},
		},
		"Drift": {
			alive, &driftError{model: "x/y"},
			runEnd{code: workflow.FailureModelDrift, message: `The model "x/y" answered, which was not requested.`},
		},
		"Unreadable": {
			alive, &outputError{cause: errors.New("painPoints is empty")},
			runEnd{code: workflow.FailureInvalidOutput, message: "The answer cannot be used: painPoints is empty."},
		},
		"CutOff": {
			alive, &outputError{cause: errors.New("the answer is not one JSON value"), cut: true},
			runEnd{
				code:    workflow.FailureInvalidOutput,
				message: "The answer was cut off at the limit of its length: the answer is not one JSON value.",
			},
		},
		"Budget": {
			alive, cost.Refuse(cost.AccountMonth, cost.Balance{Limit: 5, Settled: 5}, 1),
			runEnd{
				code: workflow.FailureBudget,
				message: cost.Refuse(cost.AccountMonth, cost.Balance{Limit: 5, Settled: 5}, 1).
					Error(),
			},
		},
		"NoPrice": {
			alive, &cost.PriceUnknownError{Model: "m"},
			runEnd{code: workflow.FailurePriceUnknown, message: (&cost.PriceUnknownError{Model: "m"}).Error()},
		},
		"BadInput": {
			alive, fault.Invalid(nil, "Too long."), runEnd{code: workflow.FailureInvalidRequest, message: "Too long."},
		},
		"Unbuildable": {
			alive, &requestError{errors.New("no models")},
			runEnd{code: workflow.FailureInternal, message: "The request could not be built: no models."},
		},
		"Lost":         {alive, &engine.LostRunError{}, runEnd{lost: true, code: workflow.FailureCancelled}},
		"Over":         {alive, &engine.TerminalError{}, runEnd{lost: true, code: workflow.FailureCancelled}},
		"LostMeantime": {ended(ErrLost), cancelled, runEnd{lost: true, code: workflow.FailureCancelled}},
		"LostWithAnotherError": {
			ended(ErrLost), &llm.Error{Class: llm.Auth}, runEnd{lost: true, code: workflow.FailureCancelled},
		},
		"Shutdown":       {ended(ErrShutdown), cancelled, givenBack},
		"ShutdownBefore": {ended(ErrShutdown), context.Canceled, givenBack},
		"AnswerDuringShutdown": {
			ended(ErrShutdown), &llm.Error{Class: llm.Auth, Message: "no"},
			runEnd{code: workflow.FailureAuth, message: "no"},
		},
		"Database": {alive, errors.New("connection refused"), runEnd{}},
		"Busy":     {alive, fault.New(fault.Unavailable, "Busy."), runEnd{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runEndOf(c.ctx, c.err)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(runEnd{})); diff != "" {
				t.Errorf("%v (-want +got):\n%s", c.err, diff)
			}
		})
	}
}

func TestClass_IsAFailureCode(t *testing.T) {
	t.Parallel()
	for _, class := range []llm.Class{
		llm.Timeout, llm.RateLimited, llm.ProviderUnavailable, llm.Network, llm.Auth, llm.PaymentRequired,
		llm.InvalidRequest, llm.ContentFiltered, llm.Cancelled, llm.InvalidOutput,
	} {
		if !slices.Contains(workflow.FailureCodes(), workflow.FailureCode(class)) {
			t.Errorf("%s is no failure code", class)
		}
	}
}

func TestSettlement_IsTheReportedCostOrTheUsage(t *testing.T) {
	t.Parallel()
	amount, nothing := cost.Pico(123), cost.Pico(0)
	usage := cost.Usage{PromptTokens: 10, CompletionTokens: 20}
	for name, c := range map[string]struct {
		answer llm.Answer
		want   *engine.SettleInput // nil: unknown
	}{
		"Reported": {
			llm.Answer{
				GenerationID: "g",
				Model:        "perplexity/sonar",
				Usage:        usage,
				Cost:         &amount,
			},
			&engine.SettleInput{
				Model:        "perplexity/sonar",
				GenerationID: "g",
				Usage:        usage,
				Cost:         &amount,
			},
		},
		"ReportedAsNothing": {
			llm.Answer{Model: "perplexity/sonar", Cost: &nothing},
			&engine.SettleInput{Model: "perplexity/sonar", Cost: &nothing},
		},
		"ReportedByAnotherModel": {
			llm.Answer{Model: "x/y", Usage: usage, Cost: &amount},
			&engine.SettleInput{Model: "x/y", Usage: usage, Cost: &amount},
		},
		"Usage": {
			llm.Answer{Model: "perplexity/sonar", Usage: usage},
			&engine.SettleInput{Model: "perplexity/sonar", Usage: usage},
		},
		"UsageOfADatedModel": {
			llm.Answer{Model: "openai/gpt-4o-mini-2024-07-18", Usage: usage},
			&engine.SettleInput{Model: "openai/gpt-4o-mini", Usage: usage},
		},
		"UsageOfAnotherModel": {llm.Answer{Model: "x/y", Usage: usage}, nil},
		"Silence":             {llm.Answer{Model: "perplexity/sonar"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := attempt{
				runner:   runner{options: Options{Gateway: Gateway{Name: "sandbox"}}},
				question: question{request: llm.Request{Models: workflow.Models{}.Of(workflow.StepICP)}},
			}
			got, known := a.settlement(c.answer, workflow.FailureModelDrift)
			if c.want != nil {
				c.want.Provider, c.want.Failure = "sandbox", workflow.FailureModelDrift
			}
			if diff := cmp.Diff(c.want, got); diff != "" || known != (c.want != nil) {
				t.Errorf("known: %t (-want +got):\n%s", known, diff)
			}
		})
	}
}

func TestBook_RepeatsForTheDatabaseOnly(t *testing.T) {
	t.Parallel()
	a := runner{options: Options{Logger: slog.New(slog.DiscardHandler)}.withDefaults()}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		first error
		want  int
	}{
		"Success":       {nil, 1},
		"BrokenOnce":    {errors.New("connection reset"), 2},
		"BusyOnce":      {fault.New(fault.Unavailable, "Busy."), 2},
		"RefusedOnce":   {fault.Invalid(nil, "No."), 1},
		"LostForGood":   {&engine.LostRunError{}, 1},
		"NoBudgetToday": {cost.Refuse(cost.AccountMonth, cost.Balance{}, 1), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			// The context has ended before the booking, which is made all the same.
			err := a.book(over, func(ctx context.Context) error {
				calls++
				if ctx.Err() != nil {
					t.Errorf("the context of the booking has ended: %v", ctx.Err())
				}
				if calls == 1 {
					return c.first
				}
				return nil
			})
			if calls != c.want {
				t.Errorf("got %d bookings (%v), want %d", calls, err, c.want)
			}
		})
	}
}
