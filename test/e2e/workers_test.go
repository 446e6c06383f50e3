package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

var (
	outsideWorkers = flag.Int("workers", 8, "workers of TestWorkers_CompleteEachRunOnce, in 4 processes")
	outsideRuns    = flag.Int("runs", 100, "runs of TestWorkers_CompleteEachRunOnce")
)

// asWorkers is the environment variable of a process with workers: the address of a server, and a token for each.
const asWorkers = "E2E_WORKERS"

// Workers in four processes claim the runs of a step, pay a call for each and hand in the result. Each process is
// killed once in the middle and started again. Every run is completed once, none is handed out twice, and the ledger
// has exactly the charges.
func TestWorkers_CompleteEachRunOnce(t *testing.T) {
	t.Parallel()
	w, n := newWorld(t), *outsideRuns
	addresses := []string{w.serve(t, quick...).address, w.serve(t, "--workers=false").address}
	testdb.OutsideSteps(t, w.db, w.who, workflow.StepICP)
	for range n {
		testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPPending})
	}
	begin := func(i int) *process {
		parts := []string{addresses[i%2]}
		for k := range *outsideWorkers / 4 {
			who := w.who
			who.Actor, who.Role = fmt.Sprintf("outside %d %d %s", i, k, uuid.NewString()[:8]), caller.Worker
			parts = append(parts, token(t, who))
		}
		return start(t, []string{asWorkers + "=" + strings.Join(parts, " ")})
	}
	done := func() int {
		return ask[int](t, w, `SELECT count(*)::int FROM intent_workflows WHERE state = 'ICP_COMPLETED'`)[0]
	}
	began := time.Now()
	var all, live []*process
	for i := range 4 {
		live = append(live, begin(i))
	}
	all = append(all, live...)
	for i := range live {
		eventually(t, "the workers have completed more runs", func() bool { return done() >= (i+1)*n/6 })
		live[i].signal(t, syscall.SIGKILL)
		live[i] = begin(i)
		all = append(all, live[i])
	}
	for last, since := done(), time.Now(); last < n; {
		if now := done(); now > last {
			last, since = now, time.Now()
		}
		if time.Since(since) > time.Minute {
			t.Fatalf("the workers stay at %d of %d", last, n)
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Logf("%d runs by %d workers in 4 processes, each killed once, in %s", n, *outsideWorkers,
		time.Since(began).Round(time.Millisecond))
	for _, p := range live {
		p.signal(t, syscall.SIGKILL)
	}
	w.runsAgree(t, n, all)
	w.verify(t)
}

// runsAgree compares the claims and charges that the workers printed with the journal and the ledger.
func (w world) runsAgree(t *testing.T, n int, processes []*process) {
	t.Helper()
	claims, charged := map[string]int{}, map[string]bool{}
	for _, p := range processes {
		<-p.ended
		for line := range strings.Lines(p.log.text()) {
			switch kind, rest, _ := strings.Cut(strings.TrimSpace(line), " "); kind {
			case "claimed":
				claims[rest]++
			case "charged":
				charged[rest] = true
			}
		}
	}
	for run, times := range claims {
		if times != 1 {
			t.Errorf("the run %s was handed out %d times", run, times)
		}
	}
	completed := ask[int](t, w, `SELECT count(*)::int FROM workflow_transitions WHERE to_state = 'ICP_COMPLETED'`)[0]
	lost := ask[int](t, w, `SELECT count(*)::int FROM workflow_runs WHERE failure_code = 'LEASE_EXPIRED'`)[0]
	if lost == 0 || completed != n {
		t.Errorf("got %d completed runs and %d lost ones, want %d and some", completed, lost, n)
	}
	overlap := ask[int](t, w, `SELECT count(*)::int FROM workflow_runs AS a JOIN workflow_runs AS b
		ON a.workflow_id = b.workflow_id AND a.token < b.token AND b.started_at < coalesce(a.ended_at, 'infinity')`)[0]
	if overlap != 0 {
		t.Errorf("%d runs began before another one of their workflow had ended", overlap)
	}
	booked := ask[string](t, w, `SELECT 'call_' || id FROM ai_calls WHERE state = 'SETTLED'`)
	for _, id := range booked {
		if !charged[id] {
			t.Errorf("%s is booked and was not charged", id)
		}
		delete(charged, id)
	}
	for id := range charged { // A worker was killed between the charge and its settlement: the hold stays.
		if held := ask[int](t, w, `SELECT count(*)::int FROM ai_calls
			WHERE id = $1 AND state IN ('RESERVED', 'DISPATCHED', 'UNKNOWN')`, plain(t, id))[0]; held != 1 {
			t.Errorf("%s was charged, and is neither booked nor held", id)
		}
	}
	sums := ask[int64](t, w, `SELECT unnest(ARRAY[
		(SELECT sum(settled_pico) FROM usage_accounts WHERE kind = 'WORKFLOW'),
		(SELECT sum(settled_pico) FROM usage_accounts WHERE kind = 'MONTH'),
		(SELECT sum(cost_pico) FROM ai_calls WHERE state = 'SETTLED')])::bigint`)
	if sums[0] != sums[1] || sums[0] != sums[2] || len(booked) < n {
		t.Errorf("workflows, month and %d calls: got %v pico, want one sum", len(booked), sums)
	}
}

// work is the program of a process with workers. It ends with its standard input.
func work(text string) {
	parts := strings.Fields(text)
	var all sync.WaitGroup
	var mu sync.Mutex
	say := func(format string, values ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Printf(format+"\n", values...)
	}
	for _, token := range parts[1:] {
		all.Go(func() {
			for {
				if err := workOnce(client{parts[0], token}, say); err != nil {
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	all.Wait()
}

// workOnce claims a run, pays a call and completes the run.
func workOnce(c client, say func(string, ...any)) error {
	ctx := context.Background()
	a, err := c.post(ctx, `mutation { claimWork(input: {steps: [ICP], max: 1, leaseSeconds: 2}) {
		items { workflow { id } run { token } } } }`, nil)
	var data struct {
		ClaimWork struct {
			Items []struct {
				Workflow seenID
				Run      struct{ Token int }
			}
		}
	}
	if err != nil || json.Unmarshal(a.Data, &data) != nil || len(data.ClaimWork.Items) == 0 {
		return fmt.Errorf("no run: %w", err)
	}
	run := data.ClaimWork.Items[0]
	say("claimed %s %d", run.Workflow.ID, run.Run.Token)
	key := run.Workflow.ID + " " + strconv.Itoa(run.Run.Token)
	reserved, err := c.try(ctx, "reserveUsage", map[string]any{
		"workflowId": run.Workflow.ID, "step": "ICP", "token": run.Run.Token, "amount": "0.002", "idempotencyKey": key,
	})
	if err != nil || reserved.Call == nil {
		return fmt.Errorf("not reserved: %w", err)
	}
	say("charged %s", reserved.Call.ID)
	if _, err = c.try(ctx, "settleUsage", map[string]any{
		"callId": reserved.Call.ID, "model": "perplexity/sonar", "promptTokens": 1, "completionTokens": 1, "cost": "0.001",
	}); err != nil {
		return err
	}
	_, err = c.post(ctx, `mutation ($input: CompleteStepInput!) { completeStep(input: $input) { userErrors { code } } }`,
		map[string]any{"input": map[string]any{
			"workflowId": run.Workflow.ID, "token": run.Run.Token, "advance": false,
			"result": map[string]any{"icp": map[string]any{
				"industries": []string{"a"}, "buyerRoles": []string{"b"}, "painPoints": []string{"c"}, "valueProposition": "d",
			}},
		}})
	return err
}
