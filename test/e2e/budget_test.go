package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/testdb"
)

// reserve reserves $0.03 n times at once, for each of the workflows in turn.
func reserve(t *testing.T, servers []client, n int, flows ...uuid.UUID) []payload {
	t.Helper()
	return atOnce(t, servers, n, func(ctx context.Context, c client, i int) (payload, error) {
		return c.try(ctx, "reserveUsage", map[string]any{
			"workflowId": "wf_" + flows[i%len(flows)].String(), "amount": "0.03", "idempotencyKey": fmt.Sprint("call ", i),
		})
	})
}

// admitted returns the number of admitted calls, and compares every refusal with the expected one.
func admitted(t *testing.T, got []payload, account cost.AccountKind) int {
	t.Helper()
	n := 0
	for _, p := range got {
		if len(p.UserErrors) == 0 {
			n++
			if p.Call.State != "RESERVED" || p.Call.Hold != "0.03" {
				t.Errorf("an admitted call: got %+v, want $0.03 reserved", p.Call)
			}
			continue
		}
		want := problem{
			Typename:  "BudgetRefused",
			Code:      "BUDGET_HELD",
			Message:   p.UserErrors[0].Message,
			Field:     []string{"amount"},
			Account:   string(account),
			Limit:     "1",
			Settled:   "0",
			Held:      "0.99",
			Needed:    "0.03",
			Retryable: true,
		}
		if diff := cmp.Diff(payload{UserErrors: []problem{want}}, p); diff != "" {
			t.Fatalf("a refused call (-want +got):\n%s", diff)
		}
	}
	return n
}

func TestBudget_OneDollarAdmitsThirtyThreeOfAHundredCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := w.serveTwice(t)
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{Limit: cost.Dollar})
	if n := admitted(t, reserve(t, servers, 100, flow.ID), cost.AccountWorkflow); n != 33 {
		t.Errorf("admitted: got %d calls, want 33", n)
	}
	w.holds(t, w.who, map[string]string{"WORKFLOW": "0.99", "MONTH": "0.99"})
	w.mustCount(t, 33, "ai_calls", "true")
	w.mustCount(t, 33, "idempotency_keys", "true")
	w.mustCount(t, 66, "ai_usage_ledger", "kind = 'RESERVE'")
	w.verify(t)
}

func TestBudget_MonthLimitHoldsAcrossTenWorkflows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The organization is new to these servers, so its limits come from their flags.
	w.who.OrganizationID = uuid.New()
	servers := w.serveTwice(t, "--workflow-limit=1.00", "--month-limit=1.00")
	flows := make([]uuid.UUID, 10)
	for i := range flows {
		made := servers[0].do(t, "createWorkflow", map[string]any{
			"name": fmt.Sprint("Workflow ", i), "company": map[string]any{"name": "Example", "url": "https://example.com"},
		})
		flows[i] = plain(t, made.Workflow.ID)
	}
	if n := admitted(t, reserve(t, servers, 100, flows...), cost.AccountMonth); n != 33 {
		t.Errorf("admitted: got %d calls, want 33", n)
	}
	w.holds(t, w.who, map[string]string{"WORKFLOW": "0.99", "MONTH": "0.99"})
	// Refused calls leave no entry: an account has one entry for its opening and one for each of its calls.
	w.mustCount(t, 0, "usage_accounts AS a", `a.kind = 'WORKFLOW' AND a.sequence <> (
		SELECT count(*) FROM ai_calls AS c WHERE c.workflow_id = a.id)`)
	w.mustCount(t, 33, "ai_calls", "true")
	w.mustCount(t, 1, "usage_accounts", "kind = 'MONTH' AND sequence = 33")
	w.mustCount(t, 33, "idempotency_keys", "true")
	w.verify(t)
}

// holds compares the sum of the holds of each kind of account, in the accounts and in the ledger.
func (w world) holds(t *testing.T, who caller.Caller, want map[string]string) {
	t.Helper()
	for kind, amount := range want {
		account := ask[cost.Pico](t, w, `SELECT sum(held_pico)::bigint FROM usage_accounts
			WHERE kind = $1 AND organization_id = $2`, kind, who.OrganizationID)[0]
		ledger := ask[cost.Pico](t, w, `SELECT sum(l.held_delta)::bigint FROM ai_usage_ledger AS l
			JOIN usage_accounts AS a ON a.id = l.account_id
			WHERE a.kind = $1 AND a.organization_id = $2`, kind, who.OrganizationID)[0]
		if account.String() != amount || ledger.String() != amount {
			t.Errorf("%s: got %s held in accounts and %s in the ledger, want %s", kind, account, ledger, amount)
		}
	}
}
