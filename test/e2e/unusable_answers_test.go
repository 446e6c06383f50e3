package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/testdb"
)

// badAnswer is a provider's answer that may cost money and cannot be used, or only in part.
type badAnswer struct {
	name      string
	injection sandbox.Injection
	// calls are the failure codes of the workflow's calls; "" is a usable answer.
	calls []string
	end   string
	// free is true when the first call costs nothing.
	free bool
}

// badAnswers are the answers for the workflows of TestUnusableAnswers_AreBookedInTheLedger.
var badAnswers = []badAnswer{
	{"unreadable", sandbox.UnreadableJSON(), []string{"INVALID_OUTPUT", ""}, "ICP_COMPLETED", false},
	{"empty", sandbox.Empty(), []string{"INVALID_OUTPUT", ""}, "ICP_COMPLETED", false},
	{"drift to an unknown model", sandbox.Drift("acme/unheard-of"), []string{"MODEL_DRIFT", ""}, "ICP_COMPLETED", false},
	{"stream cut", sandbox.CutStream(3), []string{"NETWORK", ""}, "ICP_COMPLETED", false},
	{"time-out with a later charge", sandbox.HangAfterHeaders(), []string{"TIMEOUT", ""}, "ICP_COMPLETED", false},
	{"no usage", sandbox.NoUsage(), []string{""}, "ICP_COMPLETED", false},
	{"error in the stream", sandbox.ErrorInStream(2), []string{"PROVIDER_UNAVAILABLE", ""}, "ICP_COMPLETED", false},
	{"error after the usage", sandbox.ErrorAfterUsage(), []string{"PROVIDER_UNAVAILABLE", ""}, "ICP_COMPLETED", false},
	{
		"error in the body", sandbox.ErrorInBody(http.StatusBadGateway),
		[]string{"PROVIDER_UNAVAILABLE", ""},
		"ICP_COMPLETED", false,
	},
	{
		"status 500, charged", sandbox.StatusCharged(http.StatusInternalServerError),
		[]string{"PROVIDER_UNAVAILABLE", ""},
		"ICP_COMPLETED", false,
	},
	{
		"status 502, not charged", sandbox.Status(http.StatusBadGateway, ""),
		[]string{"PROVIDER_UNAVAILABLE", ""},
		"ICP_COMPLETED", true,
	},
	{"status 429", sandbox.Status(http.StatusTooManyRequests, "1"), []string{"RATE_LIMITED", ""}, "ICP_COMPLETED", true},
	{"status 402", sandbox.Status(http.StatusPaymentRequired, ""), []string{"PAYMENT_REQUIRED"}, "ICP_FAILED", true},
	{"filtered", sandbox.ContentFilter(), []string{"CONTENT_FILTERED"}, "ICP_FAILED", false},
	{"fenced", sandbox.FencedJSON(), []string{""}, "ICP_COMPLETED", false},
	{"the second model answers", sandbox.FirstModelDown(), []string{""}, "ICP_COMPLETED", false},
}

func TestUnusableAnswers_AreBookedInTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.serve(t, append(slices.Clone(quick), "--attempt-limit=2s", "--worker-count=20")...), w.who)
	flows := make([]uuid.UUID, len(badAnswers))
	for i, bad := range badAnswers {
		company, _ := w.provider.company(bad.injection)
		flows[i] = w.begin(t, c, company)
	}
	for i, bad := range badAnswers {
		eventually(t, bad.name+" ends in "+bad.end, func() bool {
			state := w.state(t, flows[i])
			// A failed step may be retried, so the state may still change.
			return state == bad.end && (state != "ICP_FAILED" || !w.isRetried(t, flows[i]))
		})
	}
	w.booksAgree(t)
	for i, bad := range badAnswers {
		calls := ask[string](t, w, `SELECT coalesce(failure_code, '') FROM ai_calls WHERE workflow_id = $1
			ORDER BY reserved_at`, flows[i])
		if diff := cmp.Diff(bad.calls, calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", bad.name, diff)
		}
		first := ask[cost.Pico](t, w, `SELECT coalesce(cost_pico, 0) FROM ai_calls WHERE workflow_id = $1
			ORDER BY reserved_at LIMIT 1`, flows[i])[0]
		if (first == 0) != bad.free {
			t.Errorf("%s: the first call has cost %s", bad.name, first)
		}
		results := 1
		if bad.end == "ICP_FAILED" {
			results = 0
		}
		w.mustCount(t, results, "step_results", "workflow_id = '"+flows[i].String()+"'")
	}
	// The next attempt has waited for the time in Retry-After.
	gap := ask[time.Duration](t, w, `SELECT max(reserved_at) - min(reserved_at) FROM ai_calls WHERE workflow_id = $1`,
		flows[slices.IndexFunc(badAnswers, func(b badAnswer) bool { return b.name == "status 429" })])[0]
	if gap < time.Second {
		t.Errorf("the pause after a refusal for a second: got %s", gap)
	}
}

// isRetried reports whether the last run of a workflow has a planned retry.
func (w world) isRetried(t *testing.T, flow uuid.UUID) bool {
	t.Helper()
	return ask[bool](t, w, `SELECT retry_at IS NOT NULL FROM workflow_runs WHERE workflow_id = $1
		ORDER BY token DESC LIMIT 1`, flow)[0]
}

func TestOvercharge_IsBookedInFullAndStopsFurtherCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.serve(t, quick...), w.who)
	company, provider := w.provider.company(sandbox.Overcharge(400))
	flow := w.begin(t, c, company)
	w.reaches(t, flow, "ICP_COMPLETED")
	w.booksAgree(t)
	if total := provider.Total(); total <= cost.Dollar {
		t.Fatalf("the sandbox has charged %s, want more than the limit", total)
	}
	w.mustCount(t, 1, "ai_calls", "overage AND cost_pico > hold_pico")
	w.mustCount(t, 2, "ai_usage_ledger", "overage AND settled_after > 1000000000000")
	// The overage stops its own workflow only.
	got, err := c.try(t.Context(), "reserveUsage", map[string]any{
		"workflowId": "wf_" + flow.String(), "amount": "0.000001", "idempotencyKey": "after the overage",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.UserErrors) != 1 || got.UserErrors[0].Code != "BUDGET_EXHAUSTED" || got.UserErrors[0].Retryable {
		t.Errorf("a call after an overage: got %+v, want BUDGET_EXHAUSTED", got)
	}
	other := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{})
	c.do(t, "reserveUsage", map[string]any{
		"workflowId": "wf_" + other.ID.String(), "amount": "0.000001", "idempotencyKey": "of another workflow",
	})
}
