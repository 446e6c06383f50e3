package workflow_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/workflow"
)

func TestPolicy_GivesAutomaticStepsThreeAttempts(t *testing.T) {
	t.Parallel()
	for _, step := range workflow.Steps() {
		want := workflow.Policy{Attempts: 3, First: time.Second, Cap: 30 * time.Second}
		if step.Kind == workflow.Human {
			want = workflow.Policy{}
		}
		if got := workflow.PolicyOf(step.Key); got != want {
			t.Errorf("policy of %s: got %+v, want %+v", step.Key, got, want)
		}
	}
	if got := workflow.PolicyOf("INDEX"); got != (workflow.Policy{}) {
		t.Errorf("policy of an unknown step: got %+v, want none", got)
	}
}

func TestRetries_DependOnTheFailureCode(t *testing.T) {
	t.Parallel()
	// How often each code is tried again in a row by a policy of many attempts.
	want := map[workflow.FailureCode]int{
		"TIMEOUT": 9, "RATE_LIMITED": 9, "PROVIDER_UNAVAILABLE": 9, "NETWORK": 9, "LEASE_EXPIRED": 9,
		"INVALID_OUTPUT": 1, "MODEL_DRIFT": 1,
		"AUTH": 0, "PAYMENT_REQUIRED": 0, "INVALID_REQUEST": 0, "CONTENT_FILTERED": 0,
		"BUDGET": 0, "PRICE_UNKNOWN": 0, "CANCELLED": 0, "INTERNAL": 0,
		"NO_RESULT": 0, "UNITS_FAILED": 0, "BLOCKED": 0, "REMOTE_CONFLICT": 0, "REMOTE_UNKNOWN": 0, "MODEL_GONE": 0,
		"": 0, "timeout": 0, "ON_FIRE": 0,
	}
	policy := workflow.Policy{Attempts: 10, First: time.Second, Cap: time.Minute}
	for code, times := range want {
		got := 0
		for attempt := 1; ; attempt++ {
			in := workflow.RetryInput{Code: code, Attempt: attempt, SameCodeBefore: attempt - 1}
			if _, again := policy.Retry(in); !again {
				break
			}
			got++
		}
		if got != times {
			t.Errorf("%q: got %d retries, want %d", code, got, times)
		}
	}
	for _, code := range workflow.FailureCodes() {
		if _, listed := want[code]; !listed {
			t.Errorf("%s: no rule is tested", code)
		}
	}
	if got := len(workflow.FailureCodes()); got != 21 {
		t.Errorf("codes: got %d, want 21", got)
	}
}

func TestWait_DoublesUpToTheCap(t *testing.T) {
	t.Parallel()
	policy := workflow.Policy{Attempts: 100, First: time.Second, Cap: 30 * time.Second}
	almost := math.Nextafter(1, 0)
	for attempt, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 5: 16 * time.Second,
		6: 30 * time.Second, 7: 30 * time.Second, 99: 30 * time.Second,
	} {
		for jitter, part := range map[float64]time.Duration{0: 0, 0.5: want / 2, almost: want - 1} {
			in := workflow.RetryInput{Code: workflow.FailureTimeout, Attempt: attempt, Jitter: jitter}
			got, again := policy.Retry(in)
			if got != part || !again {
				t.Errorf("attempt %d, jitter %v: got %v, %t, want %v", attempt, jitter, got, again, part)
			}
		}
	}
}

func TestRetries_StayWithinThePolicy(t *testing.T) {
	t.Parallel()
	policy := workflow.PolicyOf(workflow.StepICP)
	for _, code := range []workflow.FailureCode{workflow.FailureTimeout, workflow.FailureLeaseExpired} {
		for attempt, want := range map[int]bool{1: true, 2: true, 3: false, 4: false, math.MaxInt: false} {
			if _, again := policy.Retry(workflow.RetryInput{Code: code, Attempt: attempt}); again != want {
				t.Errorf("%s at attempt %d: got again %t, want %t", code, attempt, again, want)
			}
		}
	}
	if _, again := (workflow.Policy{}).Retry(workflow.RetryInput{Code: workflow.FailureTimeout, Attempt: 1}); again {
		t.Error("the zero policy: got another attempt, want none")
	}
}

func TestWait_IsAtLeastRetryAfter(t *testing.T) {
	t.Parallel()
	policy := workflow.PolicyOf(workflow.StepICP)
	for _, c := range []struct {
		after, wait time.Duration
		again       bool
	}{
		{-time.Second, 500 * time.Millisecond, true},
		{100 * time.Millisecond, 500 * time.Millisecond, true},
		{7 * time.Second, 7 * time.Second, true},
		{45 * time.Second, 45 * time.Second, true}, // beyond the cap too
		{workflow.MaxRetryAfter, workflow.MaxRetryAfter, true},
		{workflow.MaxRetryAfter + 1, 0, false},
		{math.MaxInt64, 0, false},
	} {
		in := workflow.RetryInput{
			Code:       workflow.FailureRateLimited,
			Attempt:    1,
			RetryAfter: c.after,
			Jitter:     0.5,
		}
		if wait, again := policy.Retry(in); wait != c.wait || again != c.again {
			t.Errorf("after %v: got %v, %t, want %v, %t", c.after, wait, again, c.wait, c.again)
		}
	}
}

func TestWait_IsZeroAfterAnExpiredLease(t *testing.T) {
	t.Parallel()
	in := workflow.RetryInput{
		Code:           workflow.FailureLeaseExpired,
		Attempt:        2,
		SameCodeBefore: 1,
		Jitter:         0.9,
	}
	if wait, again := workflow.PolicyOf(workflow.StepICP).Retry(in); wait != 0 || !again {
		t.Errorf("got %v, %t, want 0s, true", wait, again)
	}
}

func TestWait_IsBoundedForEveryInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := workflow.Policy{
			Attempts: rapid.Int().Draw(t, "attempts"),
			First:    time.Duration(rapid.Int64Min(0).Draw(t, "first")),
			Cap:      time.Duration(rapid.Int64Min(0).Draw(t, "cap")),
		}
		in := workflow.RetryInput{
			Code:           rapid.SampledFrom(workflow.FailureCodes()).Draw(t, "code"),
			Attempt:        rapid.IntRange(-2, 10_000).Draw(t, "attempt"),
			SameCodeBefore: rapid.Int().Draw(t, "before"),
			RetryAfter:     time.Duration(rapid.Int64().Draw(t, "after")),
			Jitter: rapid.OneOf(
				rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}),
			).Draw(t, "jitter"),
		}
		wait, again := policy.Retry(in)
		if wait < 0 || wait > max(policy.Cap, workflow.MaxRetryAfter) {
			t.Errorf("wait: got %v, want 0 to the cap or to what was asked for", wait)
		}
		if !again && wait != 0 {
			t.Errorf("no other attempt: got a wait of %v, want 0s", wait)
		}
	})
}
