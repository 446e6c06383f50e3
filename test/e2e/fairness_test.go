package e2e

import (
	"context"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
)

// lock locks a workflow's row until the test unlocks it.
func (w world) lock(t *testing.T, flow string) (unlock func()) {
	t.Helper()
	tx, err := w.db.Super.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const lock = `SELECT FROM intent_workflows WHERE id = $1 FOR UPDATE`
	if _, err := tx.Exec(t.Context(), lock, plain(t, flow)); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(context.Background()) }
}

func TestFairness_AFullOrganizationHarmsNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false", "--organization-requests=2", "--organization-waiting=2",
		"--organization-connections=2", "--request-wait=15s")
	busy, quiet := w.client(t, server, w.who), w.client(t, server, testdb.Caller(t, w.db))
	create := map[string]any{"name": "One", "company": map[string]any{"name": "A", "url": "https://a.example"}}
	flow := busy.do(t, "createWorkflow", create).Workflow.ID
	paid := busy.do(t, "createWorkflow", map[string]any{"name": "Two", "company": create["company"]}).Workflow.ID
	quiet.do(t, "createWorkflow", create)
	unlock := w.lock(t, flow)
	defer unlock()
	answers := make(chan answer, 10)
	for range cap(answers) {
		go func() {
			a, err := busy.send(context.Background(), "cancelWorkflow", map[string]any{"workflowId": flow, "reason": "r"})
			if err != nil {
				t.Error(err)
			}
			answers <- a
		}()
	}
	for range cap(answers) - 4 { // Two run, and two wait.
		a := <-answers
		if len(a.Errors) == 0 || a.Errors[0].Extensions.Code != "RATE_LIMITED" || a.Header.Get("Retry-After") != "1" {
			t.Errorf("a request too many: got %d %v %s, want RATE_LIMITED", a.Status, a.Header, a.Body)
		}
	}
	busy.do(t, "reserveUsage", map[string]any{"workflowId": paid, "amount": "0.01", "idempotencyKey": "k"})
	var data struct{ Workflows struct{ TotalCount int } }
	quiet.ask(t, `{ workflows { totalCount } }`, nil, &data)
	if data.Workflows.TotalCount != 1 {
		t.Errorf("the other organization: got %+v", data)
	}
	if status := get(t, server.address+"/readyz"); status != 200 {
		t.Errorf("readyz: got %d", status)
	}
	unlock()
	for range 4 {
		if a := <-answers; len(a.Errors) > 0 {
			t.Errorf("a request that had its turn: %s", a.Body)
		}
	}
}
