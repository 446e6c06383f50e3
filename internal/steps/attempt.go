package steps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// question is what a step wants to know.
type question struct {
	// request is complete but for the price ceiling.
	request llm.Request
	// webSearches is how many searches one answer makes at most.
	webSearches int64
	// read checks the text of an answer and returns the result to keep. Its error says what is wrong with it.
	read func(text string) ([]byte, error)
}

// attempt is one question asked for one run: its money reserved, its request sent, its cost booked, its run ended, in
// this order. No transaction is open while the provider answers.
type attempt struct {
	options  Options
	who      caller.Caller
	run      workflow.Run
	question question

	// call is the call that holds the money, once there is one.
	call uuid.UUID
	// identified says that the database knows the generation id.
	identified bool
	// patience is the longest that one entry into the books may take; bookkeeping when zero.
	patience time.Duration
}

// carryOut makes the attempt, as Executor.Run says.
func (a *attempt) carryOut(ctx context.Context) error {
	body, estimate, err := a.body(ctx)
	if err != nil {
		return a.fail(ctx, err)
	}
	if err := a.reserve(ctx, estimate); err != nil {
		return a.fail(ctx, err)
	}
	answer, err := a.ask(ctx, body)
	if err != nil {
		return a.fail(ctx, err)
	}
	content, err := a.check(answer)
	if err != nil {
		// Paid but of no use: the cost first, whatever becomes of the run.
		if unbooked := a.settle(ctx, answer, verdictOf(ctx, err).code); unbooked != nil {
			return unbooked
		}
		return a.fail(ctx, err)
	}
	return a.finish(ctx, answer, content)
}

// body builds the request with the price ceiling in it, and what its bytes let it cost at most. The ceiling depends on
// the length, because prices may begin at a size of prompt, and the length on the ceiling, because it is part of the
// text; so it is built until both agree. That is the second time, unless the text ends exactly at such a size.
func (a *attempt) body(ctx context.Context) ([]byte, cost.Estimate, error) {
	request := a.question.request
	var prices []cost.Price
	err := a.book(ctx, func(ctx context.Context) (err error) {
		prices, err = a.options.Engine.Prices(ctx, a.who, request.Models)
		return err
	})
	if err != nil {
		return nil, cost.Estimate{}, fmt.Errorf("read the prices: %w", err)
	}
	at := a.options.Now()
	for range 8 {
		body, err := request.Body()
		if err != nil {
			return nil, cost.Estimate{}, &requestError{err}
		}
		estimate := cost.Estimate{
			Models:              request.Models,
			PromptBytes:         int64(len(body)),
			MaxCompletionTokens: request.MaxTokens,
			WebSearches:         a.question.webSearches,
		}
		ceiling, err := cost.Dearest(prices, estimate, at)
		if err != nil {
			return nil, cost.Estimate{}, err
		}
		if ceiling == request.Ceiling {
			return body, estimate, nil
		}
		request.Ceiling = ceiling
	}
	return nil, cost.Estimate{}, &requestError{errors.New("the price depends on how the price is written")}
}

// reserve takes the money. The key belongs to the run, so that a reservation whose answer was lost is found again.
func (a *attempt) reserve(ctx context.Context, estimate cost.Estimate) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.book(ctx, func(ctx context.Context) error {
		charged, err := a.options.Engine.Reserve(ctx, a.who, engine.ReserveInput{
			WorkflowID:     a.run.WorkflowID,
			Step:           a.run.Step,
			RunToken:       &a.run.Token,
			Estimate:       &estimate,
			IdempotencyKey: fmt.Sprintf("run/%s/%d", a.run.WorkflowID, a.run.Token),
		})
		a.call = charged.Call.ID
		return err
	})
}

// ask sends the request and waits for the answer. When there is none, the money is booked before it returns; when even
// that is impossible, the error says so and nothing else, and the run is left to its lease.
func (a *attempt) ask(ctx context.Context, body []byte) (llm.Answer, error) {
	if err := a.dispatch(ctx); err != nil {
		// It was not sent, whatever the database has written about it.
		if unbooked := a.release(ctx, "The request was not sent.", verdictOf(ctx, err).code); unbooked != nil {
			return llm.Answer{}, fmt.Errorf("book a request that was not sent (%v): %w", err, unbooked)
		}
		return llm.Answer{}, err
	}
	limited, cancel := context.WithTimeout(ctx, a.options.Limit)
	defer cancel()
	limited, ended := a.observed(limited)
	answer, err := a.options.Gateway.Client.Complete(limited, body,
		func(ctx context.Context, generationID string) error { a.identify(ctx, generationID); return nil })
	if err == nil {
		ended(a.asked(answer, "ANSWERED"))
		a.noteRenamed(answer)
		return answer, nil
	}
	failed := &llm.Error{Charge: llm.ChargeUnknown}
	_ = errors.As(err, &failed) // Every error of Complete is one.
	a.noteRenamed(failed.Answer)
	ended(a.asked(failed.Answer, string(failed.Class)))
	if unbooked := a.bookFailure(ctx, failed); unbooked != nil {
		return llm.Answer{}, fmt.Errorf("book a request that failed (%v): %w", err, unbooked)
	}
	return llm.Answer{}, err
}

// noteRenamed logs that names beside an answer were changed to fit.
func (a *attempt) noteRenamed(answer llm.Answer) {
	if answer.Renamed {
		a.log().Warn("names beside an answer were changed to fit", "call", a.call, "generation", answer.GenerationID,
			"model", answer.Model, "served_by", answer.Provider)
	}
}

func (a *attempt) dispatch(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.book(ctx, func(ctx context.Context) error {
		return a.options.Engine.Dispatch(ctx, a.who, a.call, a.options.Gateway.Name)
	})
}

// identify writes the generation id down as soon as it is known. An answer is not broken off because that failed: the
// id comes again with the settlement, and only a crash in between would miss it.
func (a *attempt) identify(ctx context.Context, generationID string) {
	err := a.book(ctx, func(ctx context.Context) error {
		return a.options.Engine.Identify(ctx, a.who, a.call, a.options.Gateway.Name, generationID)
	})
	if err != nil {
		a.log().Warn("the generation id was not written", "error", err)
		return
	}
	a.identified = true
}

// check returns the result to keep, a *driftError or an *outputError.
func (a *attempt) check(answer llm.Answer) ([]byte, error) {
	if err := checkModel(a.question.request.Models, answer.Model); err != nil {
		return nil, err
	}
	content, err := a.question.read(answer.Text)
	if err != nil {
		return nil, &outputError{cause: err, cut: answer.FinishReason == "length"}
	}
	return content, nil
}

// finish hands in the result with the cost.
func (a *attempt) finish(ctx context.Context, answer llm.Answer, content []byte) error {
	settle, known := a.settlement(answer, "")
	if !known {
		if err := a.suspect(ctx, answer, ""); err != nil {
			return err
		}
	}
	provider := answer.Provider
	if provider == "" {
		provider = a.options.Gateway.Name
	}
	in := engine.FinishInput{Run: a.run, Settle: settle, Result: engine.Result{
		Token:    a.run.Token,
		Step:     a.run.Step,
		Content:  content,
		Provider: provider,
		Model:    answer.Model,
		At:       a.options.Now(),
	}}
	err := a.finishOnce(ctx, in)
	if err == nil || IsLost(err) { // Of a lost run the engine has booked the cost and dropped the result.
		return nil
	}
	a.log().Error("the result and its cost were not written", "call", a.call, "error", err)
	return a.finishApart(ctx, in)
}

// finishOnce hands in the result with the cost, once.
func (a *attempt) finishOnce(ctx context.Context, in engine.FinishInput) error {
	ctx, cancel := a.bookkeeping(ctx)
	defer cancel()
	_, err := a.options.Engine.Finish(ctx, a.who, in)
	return err
}

// finishApart books the cost by itself, so that nothing beside it can stop it, and then hands in the result. A result
// that cannot be kept fails the run.
func (a *attempt) finishApart(ctx context.Context, in engine.FinishInput) error {
	if in.Settle != nil {
		if err := a.enter(ctx, *in.Settle); err != nil {
			return err
		}
		in.Settle = nil
	}
	err := a.book(ctx, func(ctx context.Context) error {
		_, err := a.options.Engine.Finish(ctx, a.who, in)
		return err
	})
	switch {
	case err == nil || IsLost(err):
		return nil
	case fault.KindOf(err) == fault.Unavailable:
		return err
	}
	return a.fail(ctx, &resultError{err})
}

// fail ends the run with what went wrong. A lost run has its end already. An error that is about neither the question
// nor the answer goes on to the caller.
func (a *attempt) fail(ctx context.Context, err error) error {
	v := verdictOf(ctx, err)
	if v.lost {
		return nil
	}
	if v.code == "" {
		return err
	}
	a.log().Warn("an attempt failed", "code", v.code, "message", v.message, "error", err)
	err = a.book(ctx, func(ctx context.Context) error {
		_, err := a.options.Engine.FailRun(ctx, a.who, engine.FailRunInput{
			Run: a.run, Failure: v.code, Message: v.message, RetryAfter: v.retryAfter,
		})
		return err
	})
	if IsLost(err) {
		return nil
	}
	return err
}

// book makes one entry into the books, also when the attempt is over: what was spent must be written down. What failed
// for the database's own reasons is tried again as long as the time allows; each entry counts once however often it is
// made.
func (a *attempt) book(ctx context.Context, entry func(context.Context) error) error {
	ctx, cancel := a.bookkeeping(ctx)
	defer cancel()
	logged := false
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err := entry(ctx)
		if err == nil || !passes(err) {
			return err
		}
		if !logged {
			a.log().Error("an entry into the books failed and is tried again", "call", a.call, "error", err)
			logged = true
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// bookkeeping is the time that one entry into the books has, also when the attempt is over.
func (a *attempt) bookkeeping(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := a.patience
	if limit == 0 {
		limit = bookkeeping
	}
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

func (a *attempt) log() *slog.Logger {
	return a.options.Logger.With("organization", a.run.OrganizationID, "workflow", a.run.WorkflowID,
		"step", a.run.Step, "attempt", a.run.Attempt, "provider", a.options.Gateway.Name)
}
