package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
)

func TestIdempotency_KeyCountsOnceOnTwoServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := w.serveTwice(t)
	company := map[string]any{"name": "Example", "url": "https://example.com"}
	fresh := func(t *testing.T) string {
		return "wf_" + testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{}).ID.String()
	}
	for _, row := range []struct {
		mutation    string
		input       map[string]any
		other       string // the field that another request differs in
		otherValue  any
		table, what string // the condition that exactly one row must meet
	}{
		{
			"createWorkflow",
			map[string]any{"name": "Only one", "company": company},
			"name", "Another one",
			"intent_workflows", "name = 'Only one'",
		},
		{
			"generateIcp",
			map[string]any{"workflowId": fresh(t)},
			"workflowId", fresh(t),
			"workflow_transitions", "to_state = 'ICP_PENDING'",
		},
		{
			"transitionWorkflow", map[string]any{
				"workflowId": fresh(t), "from": "CREATED", "to": "CANCELLED", "reason": "transition",
			}, "reason", "other", "workflow_transitions", "reason = 'transition'",
		},
		{
			"cancelWorkflow",
			map[string]any{"workflowId": fresh(t), "reason": "cancel"},
			"reason", "other",
			"workflow_transitions", "reason = 'cancel'",
		},
		{
			"reserveUsage",
			map[string]any{"workflowId": fresh(t), "amount": "0.03"},
			"amount", "0.02",
			"ai_calls", "hold_pico = 30000000000",
		},
	} {
		t.Run(row.mutation, func(t *testing.T) {
			t.Parallel()
			row.input["idempotencyKey"] = "🔑 " + uuid.NewString()
			got := atOnce(t, servers, 50, func(ctx context.Context, c client, _ int) (payload, error) {
				return c.try(ctx, row.mutation, row.input)
			})
			first := 0
			for _, p := range got {
				if len(p.UserErrors) > 0 || p.Workflow == nil || p.Workflow.ID != got[0].Workflow.ID {
					t.Fatalf("one of 50: got %+v, want the same as %+v", p, got[0])
				}
				if !cmp.Equal(p.Call, got[0].Call) || !cmp.Equal(p.Transition, got[0].Transition) {
					t.Errorf("one of 50: got %+v, want the same as %+v", p, got[0])
				}
				if !p.Replayed {
					first++
				}
			}
			if first != 1 {
				t.Errorf("carried out: got %d times, want once and 49 replays", first)
			}
			w.mustCount(t, 1, row.table, row.what)
			row.input[row.other] = row.otherValue
			w.mismatches(t, servers[0], row.mutation, row.input)
			w.mustCount(t, 1, row.table, row.what)
		})
	}
	t.Cleanup(func() { w.verify(t) })
}

// mismatches sends a request with a key that belongs to another request.
func (w world) mismatches(t *testing.T, c client, mutation string, input map[string]any) {
	t.Helper()
	got, err := c.try(t.Context(), mutation, input)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.UserErrors) != 1 {
		t.Fatalf("the same key with other content: got %+v, want one user error", got)
	}
	want := problem{
		Typename: "IdempotencyMismatch",
		Code:     "IDEMPOTENCY_MISMATCH",
		Message:  got.UserErrors[0].Message,
		Field:    []string{"idempotencyKey"},
	}
	if diff := cmp.Diff(payload{UserErrors: []problem{want}}, got); diff != "" {
		t.Errorf("the same key with other content (-want +got):\n%s", diff)
	}
}

// mustCount compares the number of rows that meet a condition.
func (w world) mustCount(t *testing.T, want int, table, what string) {
	t.Helper()
	got := ask[int](t, w, fmt.Sprintf(`SELECT count(*)::int FROM %s WHERE %s`, table, what))[0]
	if got != want {
		t.Errorf("rows of %s with %s: got %d, want %d", table, what, got, want)
	}
}
