package steps

import (
	"context"
	"errors"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// outputError says that an answer cannot be used, and why.
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

// requestError says that a request could not be built. It is a mistake of this program.
type requestError struct{ cause error }

func (e *requestError) Error() string {
	return "The request could not be built: " + e.cause.Error() + "."
}

func (e *requestError) Unwrap() error { return e.cause }

// resultError says that a result could not be kept though its cost was booked.
type resultError struct{ cause error }

func (e *resultError) Error() string { return "The result could not be kept." }

func (e *resultError) Unwrap() error { return e.cause }

// verdict is how a run ends: lost, or failed with a code. The zero verdict says that the error is about neither the
// question nor the answer, and the run stays as it is until its lease ends.
type verdict struct {
	lost       bool
	code       workflow.FailureCode
	message    string
	retryAfter time.Duration
}

// verdictOf reads an error by its type. ctx is the attempt's: when it has ended, its cause says whether the run is lost
// or somebody else shall take over at once.
func verdictOf(ctx context.Context, err error) verdict {
	var (
		failed  *llm.Error
		drift   *driftError
		output  *outputError
		request *requestError
		unkept  *resultError
		refused *cost.RefusedError
		unknown *cost.PriceUnknownError
	)
	switch {
	case IsLost(err), errors.Is(context.Cause(ctx), ErrLost):
		return verdict{lost: true, code: workflow.FailureCancelled}
	case errors.As(err, &failed) && failed.Class != llm.Cancelled:
		return verdict{
			code: workflow.FailureCode(failed.Class), message: failed.Message, retryAfter: failed.RetryAfter,
		}
	case errors.As(err, &drift):
		return verdict{code: workflow.FailureModelDrift, message: drift.Error()}
	case errors.As(err, &output):
		return verdict{code: workflow.FailureInvalidOutput, message: output.Error()}
	case errors.As(err, &request):
		return verdict{code: workflow.FailureInternal, message: request.Error()}
	case errors.As(err, &unkept):
		return verdict{code: workflow.FailureInternal, message: unkept.Error()}
	case errors.As(err, &refused):
		return verdict{code: workflow.FailureBudget, message: refused.Error()}
	case errors.As(err, &unknown):
		return verdict{code: workflow.FailurePriceUnknown, message: unknown.Error()}
	case ctx.Err() != nil, failed != nil:
		// The lease is given back before its time, so that another server takes over at once.
		return verdict{
			code: workflow.FailureLeaseExpired, message: "The worker had to stop before the answer was complete.",
		}
	case fault.KindOf(err) == fault.InvalidInput:
		return verdict{code: workflow.FailureInvalidRequest, message: err.Error()}
	}
	return verdict{}
}

// IsLost reports whether the engine refused because the run is over.
func IsLost(err error) bool {
	var (
		lost *engine.LostRunError
		over *engine.TerminalError
	)
	return errors.As(err, &lost) || errors.As(err, &over)
}

// passes reports whether an error may be gone when the same is tried again: it is the database's, not the engine's.
func passes(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Internal || kind == fault.Unavailable
}
