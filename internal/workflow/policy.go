package workflow

import (
	"math"
	"time"
)

// FailureCode is the reason why a run failed. Code compares the code, never the text of an error.
type FailureCode string

// The failure codes, and whether a step is tried again after them.
const (
	FailureTimeout             FailureCode = "TIMEOUT"              // again, after a wait
	FailureRateLimited         FailureCode = "RATE_LIMITED"         // again, after a wait
	FailureProviderUnavailable FailureCode = "PROVIDER_UNAVAILABLE" // again, after a wait
	FailureNetwork             FailureCode = "NETWORK"              // again, after a wait
	FailureAuth                FailureCode = "AUTH"                 // never
	FailurePaymentRequired     FailureCode = "PAYMENT_REQUIRED"     // never
	FailureInvalidRequest      FailureCode = "INVALID_REQUEST"      // never
	FailureContentFiltered     FailureCode = "CONTENT_FILTERED"     // never
	FailureBudget              FailureCode = "BUDGET"               // never
	FailurePriceUnknown        FailureCode = "PRICE_UNKNOWN"        // never
	FailureCancelled           FailureCode = "CANCELLED"            // never
	FailureInvalidOutput       FailureCode = "INVALID_OUTPUT"       // again, once
	FailureModelDrift          FailureCode = "MODEL_DRIFT"          // again, once
	FailureLeaseExpired        FailureCode = "LEASE_EXPIRED"        // again, at once
	FailureInternal            FailureCode = "INTERNAL"             // never
	FailureNoResult            FailureCode = "NO_RESULT"            // never: the step found nothing
	FailureUnitsFailed         FailureCode = "UNITS_FAILED"         // never: a person decides about the failed units
	FailureBlocked             FailureCode = "BLOCKED"              // never: robots.txt, a firewall or the guard
	FailureRemoteConflict      FailureCode = "REMOTE_CONFLICT"      // never: a person changed the remote object
	FailureRemoteUnknown       FailureCode = "REMOTE_UNKNOWN"       // looked up, not sent again
	FailureModelGone           FailureCode = "MODEL_GONE"           // never: the provider has none of the models
)

// FailureCodes returns all failure codes. The caller may change the slice.
func FailureCodes() []FailureCode {
	return []FailureCode{
		FailureTimeout, FailureRateLimited, FailureProviderUnavailable, FailureNetwork,
		FailureAuth, FailurePaymentRequired, FailureInvalidRequest, FailureContentFiltered,
		FailureBudget, FailurePriceUnknown, FailureCancelled,
		FailureInvalidOutput, FailureModelDrift, FailureLeaseExpired, FailureInternal,
		FailureNoResult, FailureUnitsFailed, FailureBlocked, FailureRemoteConflict, FailureRemoteUnknown,
		FailureModelGone,
	}
}

// MaxRetryAfter is the longest wait that a provider may request. Beyond it the step stays failed, so that a person sees
// it now.
const MaxRetryAfter = time.Hour

// Policy says how many attempts a step has and how long it waits between them. The zero Policy has no retry.
type Policy struct {
	Attempts   int           // in all, the first one included
	First, Cap time.Duration // the longest wait after the first attempt; it doubles with each, up to Cap
}

// PolicyOf returns the policy of step k. A human step and an unknown one have the zero Policy.
func PolicyOf(k StepKey) Policy {
	if step, known := StepOf(k); !known || step.Kind != Automatic {
		return Policy{}
	}
	return Policy{Attempts: 3, First: time.Second, Cap: 30 * time.Second}
}

// RetryInput describes a failed run.
type RetryInput struct {
	Code           FailureCode
	Attempt        int           // the attempt that failed, from 1
	SameCodeBefore int           // how many earlier attempts failed with the same code
	RetryAfter     time.Duration // the wait that the provider requested; 0 for none
	Jitter         float64       // a fresh random number in [0, 1)
}

// Retry returns whether the step is retried, and after which wait. The wait is a random part of First, doubled with
// each attempt and at most Cap, but never shorter than RetryAfter. This is full jitter: callers that failed together do
// not retry together. INVALID_OUTPUT and MODEL_DRIFT are retried once, LEASE_EXPIRED at once, an unknown code never.
func (p Policy) Retry(in RetryInput) (wait time.Duration, again bool) {
	if in.Attempt >= p.Attempts || in.RetryAfter > MaxRetryAfter {
		return 0, false
	}
	switch in.Code {
	case FailureTimeout, FailureRateLimited, FailureProviderUnavailable, FailureNetwork:
	case FailureInvalidOutput, FailureModelDrift:
		if in.SameCodeBefore > 0 {
			return 0, false
		}
	case FailureLeaseExpired:
		return 0, true
	default:
		return 0, false
	}
	// The product is rounded down to a whole nanosecond.
	wait = time.Duration(fraction(in.Jitter) * float64(p.longest(in.Attempt)))
	return max(wait, in.RetryAfter), true
}

// longest is First, doubled for each attempt after the first, and at most Cap.
func (p Policy) longest(attempt int) time.Duration {
	longest := min(p.First, p.Cap)
	for range attempt - 1 {
		if longest > p.Cap/2 {
			return p.Cap
		}
		longest *= 2
	}
	return longest
}

// fraction forces a number into [0, 1), so that a broken random source makes no wait endless or negative.
func fraction(jitter float64) float64 {
	if !(jitter > 0) { // also when it is not a number
		return 0
	}
	return min(jitter, math.Nextafter(1, 0))
}
