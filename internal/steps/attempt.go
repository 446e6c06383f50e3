package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
)

// question is the request of a step and the check of its answer.
type question struct {
	// request is complete except for the price ceiling.
	request llm.Request
	// embedding takes the place of request in a question to an embedding model.
	embedding *llm.EmbeddingRequest
	// webSearches is the most searches of one answer.
	webSearches int64
	// read checks the text of an answer and returns the result. Its error describes the mistake in the text.
	read func(text string) ([]byte, error)
}

// models are the models that may answer, in the order of preference.
func (q question) models() []string {
	if q.embedding != nil {
		return []string{q.embedding.Model}
	}
	return q.request.Models
}

// body returns the request with a price ceiling.
func (q question) body(ceiling cost.Ceiling) ([]byte, error) {
	if q.embedding != nil {
		request := *q.embedding
		request.Ceiling = ceiling
		return request.Body()
	}
	request := q.request
	request.Ceiling = ceiling
	return request.Body()
}

// send returns the method of the client that sends the request.
func (q question) send(client *llm.Client) func(
	context.Context, []byte, func(context.Context, string) error,
) (llm.Answer, error) {
	if q.embedding != nil {
		return client.Embed
	}
	return client.Complete
}

// attempt is one question for one run. It reserves the money, sends the request, books the cost and ends the run, in
// this order. No transaction is open while the provider answers.
type attempt struct {
	runner
	question question
	// part is the answer of a visit that the question is for; nil when the answer itself ends the run.
	part *part

	// call is the call with the hold, once it is reserved.
	call uuid.UUID
	// identified means that the database has the generation id.
	identified bool
	// gone is how many models the provider no longer serves. They are left out of the question.
	gone int
}

// carryOut makes the attempt. Its contract is that of Executor.Run.
func (a *attempt) carryOut(ctx context.Context) error {
	answer, content, err := a.answer(ctx)
	if err != nil {
		return a.fail(ctx, err)
	}
	return a.finish(ctx, answer, content)
}

// answer asks the question and returns a usable answer, whose cost is not settled yet. After an error the call is
// settled, released or unknown. A model that the provider no longer serves gives way to the next one.
func (a *attempt) answer(ctx context.Context) (llm.Answer, []byte, error) {
	for {
		answer, content, err := a.answerOnce(ctx)
		if err == nil || !a.leaveOutGone(err) {
			return answer, content, err
		}
	}
}

// named returns the place of the model that a message names, the first when it names none. A name may be the beginning
// of another one, so the longest counts.
func named(models []string, message string) int {
	at := 0
	for i, model := range models {
		if strings.Contains(message, model) && (!strings.Contains(message, models[at]) || len(model) > len(models[at])) {
			at = i
		}
	}
	return at
}

// leaveOutGone leaves the model out that an error says is gone: the one that it names, else the first. It reports
// whether other models remain. Nothing was charged, and the next request has a hold of its own.
func (a *attempt) leaveOutGone(err error) bool {
	var failed *llm.Error
	models := a.question.request.Models
	if !errors.As(err, &failed) || failed.Class != llm.ModelGone || len(models) < 2 {
		return false
	}
	at := named(models, failed.Message)
	a.log().Warn("the provider does not serve a model", "model", models[at], "message", failed.Message)
	a.question.request.Models = slices.Delete(slices.Clone(models), at, at+1)
	a.call, a.identified = uuid.UUID{}, false
	a.gone++
	return true
}

func (a *attempt) answerOnce(ctx context.Context) (llm.Answer, []byte, error) {
	body, estimate, err := a.body(ctx)
	if err != nil {
		return llm.Answer{}, nil, err
	}
	if err := a.reserve(ctx, estimate); err != nil {
		return llm.Answer{}, nil, err
	}
	answer, err := a.ask(ctx, body)
	if err != nil {
		return llm.Answer{}, nil, err
	}
	content, err := a.check(answer)
	if err != nil {
		// The answer is paid: its cost must be booked even if the run is lost.
		if unbooked := a.settle(ctx, answer, runEndOf(ctx, err).code); unbooked != nil {
			return llm.Answer{}, nil, unbooked
		}
		return llm.Answer{}, nil, err
	}
	return answer, content, nil
}

// body returns the request with its price ceiling, and the estimate for its bytes. The ceiling depends on the length,
// because prices may depend on the size of the prompt. The length depends on the ceiling, which is part of the text. So
// the body is built until both agree, which nearly always needs two rounds.
func (a *attempt) body(ctx context.Context) ([]byte, cost.Estimate, error) {
	models := a.question.models()
	var prices []cost.Price
	err := a.book(ctx, func(ctx context.Context) (err error) {
		prices, err = a.options.Engine.Prices(ctx, a.who, models)
		return err
	})
	if err != nil {
		return nil, cost.Estimate{}, fmt.Errorf("read the prices: %w", err)
	}
	at := a.options.Now()
	var asked cost.Ceiling
	for range 8 {
		body, err := a.question.body(asked)
		if err != nil {
			return nil, cost.Estimate{}, &requestError{err}
		}
		estimate := cost.Estimate{
			Models:              models,
			PromptBytes:         int64(len(body)),
			MaxCompletionTokens: a.question.request.MaxTokens,
			WebSearches:         a.question.webSearches,
		}
		ceiling, err := cost.Dearest(prices, estimate, at)
		if err != nil {
			return nil, cost.Estimate{}, err
		}
		if ceiling == asked {
			return body, estimate, nil
		}
		asked = ceiling
	}
	return nil, cost.Estimate{}, &requestError{errors.New("the price depends on how the price is written")}
}

// reserve takes the hold. Its idempotency key belongs to the run or to the part, so that a repetition returns the first
// reservation.
func (a *attempt) reserve(ctx context.Context, estimate cost.Estimate) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in := engine.ReserveInput{
		WorkflowID:     a.run.WorkflowID,
		Step:           a.run.Step,
		RunToken:       &a.run.Token,
		Unit:           a.run.Unit,
		ArticleID:      a.article,
		Estimate:       &estimate,
		IdempotencyKey: fmt.Sprintf("run/%s/%d", a.run.WorkflowID, a.run.Token),
	}
	if a.gone > 0 {
		in.IdempotencyKey += fmt.Sprintf("/%d", a.gone)
	}
	if in.Unit != nil {
		in.RunToken = nil
	}
	if a.part != nil {
		if err := a.part.name(ctx, a.runner, &in); err != nil {
			return err
		}
	}
	return a.book(ctx, func(ctx context.Context) error {
		charged, err := a.options.Engine.Reserve(ctx, a.who, in)
		a.call = charged.Call.ID
		return err
	})
}

// ask sends the request and waits for the answer. After a failure it books the money before it returns. An error of the
// booking takes precedence over the failure, and the run then ends with its lease.
func (a *attempt) ask(ctx context.Context, body []byte) (llm.Answer, error) {
	if err := a.dispatch(ctx); err != nil {
		// Nothing was sent, even if the database has marked the call as sent.
		if unbooked := a.release(ctx, "The request was not sent.", runEndOf(ctx, err).code); unbooked != nil {
			return llm.Answer{}, fmt.Errorf("book a request that was not sent (%v): %w", err, unbooked)
		}
		return llm.Answer{}, err
	}
	limited, cancel := context.WithTimeout(ctx, a.options.Limit)
	defer cancel()
	limited, ended := a.observed(limited)
	answer, err := a.question.send(a.options.Gateway.Client)(limited, body,
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

// noteRenamed logs that names of an answer were changed.
func (a *attempt) noteRenamed(answer llm.Answer) {
	if answer.Renamed {
		a.log().Warn("names of an answer were changed", "call", a.call, "generation", answer.GenerationID,
			"model", answer.Model, "served_by", answer.Provider)
	}
}

func (a *attempt) dispatch(ctx context.Context) error {
	return a.dispatchTo(ctx, a.options.Gateway.Name)
}

// dispatchTo marks the call as sent to a provider.
func (a *attempt) dispatchTo(ctx context.Context, provider string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.book(ctx, func(ctx context.Context) error {
		return a.options.Engine.Dispatch(ctx, a.who, a.call, provider)
	})
}

// identify stores the generation id at once. A failure does not end the answer: the settlement carries the id again,
// and only a crash in between would lose it.
func (a *attempt) identify(ctx context.Context, generationID string) {
	err := a.book(ctx, func(ctx context.Context) error {
		return a.options.Engine.Identify(ctx, a.who, a.call, a.options.Gateway.Name, generationID)
	})
	if err != nil {
		a.log().Warn("the generation id was not stored", "error", err)
		return
	}
	a.identified = true
}

// check returns the result to keep, a *driftError or an *outputError.
func (a *attempt) check(answer llm.Answer) ([]byte, error) {
	if err := checkModel(a.question.models(), answer.Model); err != nil {
		return nil, err
	}
	content, err := a.question.read(answer.Text)
	if err != nil {
		return nil, &outputError{cause: err, cut: answer.FinishReason == "length"}
	}
	return content, nil
}

// finish writes the result and the cost in one transaction.
func (a *attempt) finish(ctx context.Context, answer llm.Answer, content []byte) error {
	settle, known := a.settlement(answer, "")
	if !known {
		if err := a.markUnknown(ctx, answer, ""); err != nil {
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
	a.log().Error("the result and its cost were not stored", "call", a.call, "error", err)
	return a.finishApart(ctx, in)
}

// finishOnce tries once to finish the run.
func (a *attempt) finishOnce(ctx context.Context, in engine.FinishInput) error {
	ctx, cancel := a.bookingContext(ctx)
	defer cancel()
	_, err := a.options.Engine.Finish(ctx, a.who, in)
	return err
}

// finishApart books the cost alone, so that no other data can prevent it, and then finishes the run. A result that the
// database refuses fails the run.
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
