package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/workflow"
)

// Search is the source of search data. A nil Search is none: the steps then do without.
type Search struct {
	Client *seo.Client
	// Name is the provider of its calls in the books, such as "dataforseo". Only its own calls can be looked up.
	Name string
	// Admit waits until the provider's limits allow one more request over all servers. The caller calls done after the
	// request. A nil Admit is no limit.
	Admit func(ctx context.Context) (done func(), err error)
	// AdmitList is Admit for the provider's list of requests. It does not wait.
	AdmitList func(ctx context.Context) error
	// Now is the engine's clock.
	Now func() time.Time
}

// searchLimitedFor is the wait of a step that the provider's limits have refused.
const searchLimitedFor = 30 * time.Second

// pendingError means that an earlier request for the same part may have been charged. It is looked up and not sent
// again.
type pendingError struct{ wait time.Duration }

func (e *pendingError) Error() string {
	return "An earlier request for search data has no known cost yet. It is looked up before another one is sent."
}

// search returns the answer to a request for search data: the one that the visit has, or a new one, which is kept
// together with its cost. It may be called for several requests at once. A request whose cost is unknown is not sent
// again before the look-up has ended; the attempt then fails and is repeated later.
func (v visit) search(ctx context.Context, r seo.Request) (found seo.Found, err error) {
	return v.searchAs(ctx, r.Key(), r)
}

// searchAs is search for a part with another key than that of the request.
func (v visit) searchAs(ctx context.Context, key string, r seo.Request) (found seo.Found, err error) {
	kept, err := v.once(key, func() (engine.Part, error) { return v.buy(ctx, key, r) })
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(kept.Content, &found); err != nil {
		return found, fmt.Errorf("read the kept search data: %w", err)
	}
	return found, nil
}

// buy sends a request and keeps its answer.
func (v visit) buy(ctx context.Context, key string, r seo.Request) (engine.Part, error) {
	if v.options.Search == nil {
		return engine.Part{}, &requestError{errors.New("there is no source of search data")}
	}
	if err := v.checkPending(ctx, key); err != nil {
		return engine.Part{}, err
	}
	done, err := v.options.Search.admit(ctx)
	if err != nil {
		return engine.Part{}, err
	}
	defer done()
	p := purchase{request: r, attempt: attempt{runner: v.runner, part: &part{visit: v.Number, key: key}}}
	err = p.reserve(ctx, cost.Estimate{Models: []string{r.Service()}, Items: r.MaxItems()})
	if err != nil {
		return engine.Part{}, err
	}
	answer, err := p.send(ctx)
	if err != nil {
		return engine.Part{}, err
	}
	content, err := json.Marshal(answer.Found)
	if err != nil {
		return engine.Part{}, fmt.Errorf("write search data: %w", err)
	}
	kept := engine.Part{
		Key:      key,
		Content:  content,
		Provider: v.options.Search.Name,
		Model:    r.Service(),
	}
	return kept, v.keep(ctx, &p.attempt, kept, p.settlement(answer, ""))
}

// checkPending returns a *pendingError while a call for the part has no known cost.
func (v visit) checkPending(ctx context.Context, key string) error {
	wait := time.Duration(0)
	err := v.book(ctx, func(ctx context.Context) (err error) {
		wait, err = v.options.Engine.PendingForPart(ctx, v.who, v.run, v.Number, key)
		return err
	})
	if err != nil || wait == 0 {
		return err
	}
	return &pendingError{wait: wait}
}

func (s *Search) admit(ctx context.Context) (done func(), err error) {
	if s.Admit == nil {
		return func() {}, nil
	}
	return s.Admit(ctx)
}

// purchase is one request for search data.
type purchase struct {
	attempt
	request seo.Request
}

// send sends the request and waits for the answer. After a failure it books the money before it returns.
func (p *purchase) send(ctx context.Context) (seo.Answer, error) {
	if err := p.dispatchTo(ctx, p.options.Search.Name); err != nil {
		// Nothing was sent, even if the database has marked the call as sent.
		if unbooked := p.release(ctx, "The request was not sent.", runEndOf(ctx, err).code); unbooked != nil {
			return seo.Answer{}, fmt.Errorf("book a request that was not sent (%v): %w", err, unbooked)
		}
		return seo.Answer{}, err
	}
	limited, cancel := context.WithTimeout(ctx, p.options.Limit)
	defer cancel()
	limited, ended := p.observed(limited)
	answer, err := p.options.Search.Client.Send(limited, p.request, tagOf(p.call))
	if err == nil {
		ended(Asked{Model: p.request.Service(), Outcome: "ANSWERED"})
		return answer, nil
	}
	failed := &seo.Error{Charge: seo.ChargeUnknown}
	_ = errors.As(err, &failed) // Every error of Send is one.
	ended(Asked{Model: p.request.Service(), Outcome: string(failed.Class)})
	if unbooked := p.bookFailure(ctx, failed); unbooked != nil {
		return seo.Answer{}, fmt.Errorf("book a request that failed (%v): %w", err, unbooked)
	}
	if failed.Charge == seo.ChargeUnknown {
		failed.RetryAfter = max(failed.RetryAfter, engine.LookedUpAfter)
	}
	return seo.Answer{}, failed
}

// bookFailure books the money of a failed request: a release with a proof, a settlement with a cost, else UNKNOWN.
func (p *purchase) bookFailure(ctx context.Context, failed *seo.Error) error {
	code := workflow.FailureCode(failed.Class)
	switch failed.Charge {
	case seo.ChargeNone:
		return p.release(ctx, "The provider charged nothing: "+failed.Message, code)
	case seo.ChargeKnown:
		return p.enter(ctx, *p.settlement(failed.Answer, code))
	default:
		return p.book(ctx, func(ctx context.Context) error {
			return p.options.Engine.MarkUnknown(ctx, p.who, p.call, code)
		})
	}
}

// settlement returns the settlement of an answer with a cost.
func (p *purchase) settlement(answer seo.Answer, why workflow.FailureCode) *engine.SettleInput {
	return &engine.SettleInput{
		CallID:       p.call,
		Model:        p.request.Service(),
		Usage:        cost.Usage{Items: answer.Items},
		Cost:         answer.Cost,
		Provider:     p.options.Search.Name,
		GenerationID: answer.TaskID,
		Failure:      why,
	}
}

// searchEndOf returns the end of a run for an error about search data; ok is false for any other error.
func searchEndOf(err error) (end runEnd, ok bool) {
	var (
		failed  *seo.Error
		pending *pendingError
	)
	switch {
	case errors.As(err, &pending):
		return runEnd{
			code:       workflow.FailureProviderUnavailable,
			message:    pending.Error(),
			retryAfter: pending.wait,
		}, true
	case errors.As(err, &failed) && failed.Class != seo.Cancelled:
		return runEnd{
			code:       workflow.FailureCode(failed.Class),
			message:    failed.Message,
			retryAfter: failed.RetryAfter,
		}, true
	case failed != nil:
		return runEnd{
			code: workflow.FailureLeaseExpired, message: "The worker had to stop before the answer was complete.",
		}, true
	case fault.KindOf(err) == fault.RateLimited:
		return runEnd{code: workflow.FailureRateLimited, message: err.Error(), retryAfter: searchLimitedFor}, true
	}
	return runEnd{}, false
}
