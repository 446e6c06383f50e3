package steps

import (
	"context"
	"errors"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// outputError means that an answer is unusable.
type outputError struct {
	cause error
	cut   bool // max_tokens ended the text
}

func (e *outputError) Error() string {
	if e.cut {
		return "The answer was cut off at the limit of its length: " + e.cause.Error() + "."
	}
	return "The answer cannot be used: " + e.cause.Error() + "."
}

func (e *outputError) Unwrap() error { return e.cause }

// requestError means that a request could not be built. It is a mistake of this program.
type requestError struct{ cause error }

func (e *requestError) Error() string {
	return "The request could not be built: " + e.cause.Error() + "."
}

func (e *requestError) Unwrap() error { return e.cause }

// resultError means that the database refused a result. Its cost was booked.
type resultError struct{ cause error }

func (e *resultError) Error() string { return "The result could not be stored." }

func (e *resultError) Unwrap() error { return e.cause }

// emptyError means that a step has no result. Its sentence says why.
type emptyError struct{ sentence string }

func (e *emptyError) Error() string { return e.sentence }

// runEnd is the end of a run: lost, or failed with a code. The zero runEnd is for an error about neither the question
// nor the answer: the run then ends with its lease.
type runEnd struct {
	lost       bool
	code       workflow.FailureCode
	message    string
	retryAfter time.Duration
}

// siteFailures are the failure codes for the outcomes of a crawl.
var siteFailures = map[crawl.Outcome]workflow.FailureCode{
	crawl.Blocked:     workflow.FailureBlocked,
	crawl.Timeout:     workflow.FailureTimeout,
	crawl.Network:     workflow.FailureNetwork,
	crawl.Unavailable: workflow.FailureProviderUnavailable,
	crawl.RateLimited: workflow.FailureRateLimited,
	crawl.NotFound:    workflow.FailureNoResult,
	crawl.Redirected:  workflow.FailureNoResult,
	crawl.TooLarge:    workflow.FailureNoResult,
	crawl.NotText:     workflow.FailureNoResult,
}

// runEndOf returns the end for an error, by its type. The cause of an ended context decides between a lost run and one
// for other workers.
func runEndOf(ctx context.Context, err error) runEnd {
	var (
		failed  *llm.Error
		drift   *driftError
		output  *outputError
		request *requestError
		empty   *emptyError
		failing *unitsError
		missing *unavailableError
		site    *crawl.Error
		unkept  *resultError
		refused *cost.RefusedError
		unknown *cost.PriceUnknownError
	)
	if IsLost(err) || errors.Is(context.Cause(ctx), ErrLost) {
		return runEnd{lost: true, code: workflow.FailureCancelled}
	}
	if end, is := searchEndOf(err); is {
		return end
	}
	if end, is := publishEndOf(ctx, err); is {
		return end
	}
	switch {
	case errors.As(err, &failed) && failed.Class != llm.Cancelled:
		return runEnd{
			code: workflow.FailureCode(failed.Class), message: failed.Message, retryAfter: failed.RetryAfter,
		}
	case errors.As(err, &drift):
		return runEnd{code: workflow.FailureModelDrift, message: drift.Error()}
	case errors.As(err, &output):
		return runEnd{code: workflow.FailureInvalidOutput, message: output.Error()}
	case errors.As(err, &empty):
		return runEnd{code: workflow.FailureNoResult, message: empty.Error()}
	case errors.As(err, &failing):
		return runEnd{code: workflow.FailureUnitsFailed, message: failing.Error()}
	case errors.As(err, &missing):
		return runEnd{code: workflow.FailureInvalidRequest, message: missing.Error()}
	case errors.As(err, &site) && ctx.Err() == nil:
		return runEnd{code: siteFailures[site.Outcome], message: site.Message, retryAfter: site.RetryAfter}
	case errors.As(err, &request):
		return runEnd{code: workflow.FailureInternal, message: request.Error()}
	case errors.As(err, &unkept):
		return runEnd{code: workflow.FailureInternal, message: unkept.Error()}
	case errors.As(err, &refused):
		return runEnd{code: workflow.FailureBudget, message: refused.Error()}
	case errors.As(err, &unknown):
		return runEnd{code: workflow.FailurePriceUnknown, message: unknown.Error()}
	case ctx.Err() != nil, failed != nil:
		// Ending the run before its lease lets another server take over at once.
		return runEnd{
			code: workflow.FailureLeaseExpired, message: "The worker had to stop before the answer was complete.",
		}
	case fault.KindOf(err) == fault.InvalidInput:
		return runEnd{code: workflow.FailureInvalidRequest, message: err.Error()}
	}
	return runEnd{}
}

// IsLost reports whether the engine refused a write of a run that is over.
func IsLost(err error) bool {
	var (
		lost *engine.LostRunError
		over *engine.TerminalError
	)
	return errors.As(err, &lost) || errors.As(err, &over)
}

// passes reports whether a repetition may succeed: the error is the database's, not a refusal of the engine.
func passes(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Internal || kind == fault.Unavailable
}
