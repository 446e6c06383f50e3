package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/llm/sandbox"
)

// takeover is two servers with workers. The busy one has just sent a workflow's request to the provider.
type takeover struct {
	world
	busy, idle *process
	client     client // of the idle server
	sandbox    *sandbox.Sandbox
	flow       uuid.UUID
}

func newTakeover(t *testing.T, args []string, injections ...sandbox.Injection) takeover {
	t.Helper()
	d := takeover{world: newWorld(t)}
	one, two := d.serve(t, args...), d.serve(t, args...)
	var company string
	company, d.sandbox = d.provider.company(injections...)
	d.flow = d.begin(t, d.world.client(t, one, d.who), company)
	d.isAnswering(t, d.flow)
	d.busy, d.idle = one, two
	if worker := d.worker(t); strings.Contains(worker, fmt.Sprintf("-%d-", two.command.Process.Pid)) {
		d.busy, d.idle = two, one
	} else if !strings.Contains(worker, fmt.Sprintf("-%d-", one.command.Process.Pid)) {
		t.Fatalf("the run belongs to %s, to neither server", worker)
	}
	d.client = d.world.client(t, d.idle, d.who)
	return d
}

// isAnswering waits until the provider is answering for a workflow, and the database has the generation's id.
func (w world) isAnswering(t *testing.T, flow uuid.UUID) {
	t.Helper()
	eventually(t, "the provider answers", func() bool {
		return ask[int](t, w, `SELECT count(*)::int FROM ai_calls
			WHERE workflow_id = $1 AND state = 'DISPATCHED' AND generation_id IS NOT NULL`, flow)[0] == 1
	})
}

// worker returns the worker of the last run.
func (d takeover) worker(t *testing.T) string {
	t.Helper()
	return ask[string](t, d.world, `SELECT worker FROM workflow_runs WHERE workflow_id = $1 ORDER BY token DESC LIMIT 1`,
		d.flow)[0]
}

// isDueNow makes calls of ended runs due for the sweeper, which otherwise checks a call 45 s after its reservation.
func (d takeover) isDueNow(t *testing.T) {
	t.Helper()
	d.tamper(t, `UPDATE ai_calls AS c SET check_at = now() FROM workflow_runs AS r
		WHERE c.state = 'DISPATCHED' AND r.workflow_id = c.workflow_id AND r.token = c.run_token AND r.ended_at IS NOT NULL`)
}

// takenOver is the journal of a workflow whose first worker has died.
const takenOver = "CREATED ICP_PENDING ICP_PROCESSING ICP_FAILED ICP_PROCESSING ICP_COMPLETED"

// wasTakenOver waits until the idle server has completed the step, and compares journal and runs.
func (d takeover) wasTakenOver(t *testing.T, first string) {
	t.Helper()
	d.reaches(t, d.flow, "ICP_COMPLETED")
	if diff := cmp.Diff(takenOver, d.path(t, d.flow)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	runs := ask[string](t, d.world, `
		SELECT concat_ws(' ', r.worker, r.failure_code, (
			SELECT count(*) FROM step_results AS s WHERE s.workflow_id = r.workflow_id AND s.token = r.token))
		FROM workflow_runs AS r WHERE r.workflow_id = $1 ORDER BY r.token`, d.flow)
	want := []string{first + " LEASE_EXPIRED 0", d.worker(t) + " 1"}
	if diff := cmp.Diff(want, runs); diff != "" || first == d.worker(t) {
		t.Errorf("runs with their failures and results (-want +got):\n%s", diff)
	}
}

// pause returns the time from since to the start of the second run.
func (d takeover) pause(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	began := ask[time.Time](t, d.world, `SELECT max(started_at) FROM workflow_runs WHERE workflow_id = $1`, d.flow)
	return began[0].Sub(since)
}

func TestTakeover_OfAKilledServer(t *testing.T) {
	t.Parallel()
	d := newTakeover(t, quick, sandbox.HangAfterHeaders())
	worker, killed := d.worker(t), time.Now()
	d.busy.signal(t, syscall.SIGKILL)
	d.wasTakenOver(t, worker)
	// The default settings give 45 s: a lease of 30 s, a sweep every 10 s, and some delay.
	took, most := d.pause(t, killed), 25*time.Second
	t.Logf("from the kill to the next attempt: %s, with a lease of 3 s", took.Round(time.Millisecond))
	if took > most {
		t.Errorf("from the kill to the next attempt: got %s, want at most %s", took, most)
	}
	d.isDueNow(t)
	d.booksAgree(t)
	if n := len(d.sandbox.Charges()); n != 2 {
		t.Errorf("charges: got %d, want one of the dead server and one of the other", n)
	}
	d.idle.stop(t)
}

func TestTakeover_PausedServerChangesNothingAfterwards(t *testing.T) {
	t.Parallel()
	// The answer completes while the server is paused, and stays in the buffers of the connection.
	d := newTakeover(t, quick, sandbox.Slow(3*time.Second))
	worker := d.worker(t)
	d.busy.signal(t, syscall.SIGSTOP)
	d.wasTakenOver(t, worker)
	eventually(t, "the first answer is complete", d.provider.isIdle)
	for id, charge := range d.sandbox.Charges() {
		if charge.Cancelled {
			t.Errorf("the answer %s was aborted, want it to be complete", id)
		}
	}
	tables := []string{"intent_workflows", "workflow_transitions", "workflow_runs", "step_results"}
	before := d.contents(t, d.who.OrganizationID)
	d.busy.signal(t, syscall.SIGCONT)
	d.busy.says(t, "run ended", "workflow", d.flow.String())
	d.booksAgree(t)
	after := d.contents(t, d.who.OrganizationID)
	for _, table := range tables {
		if before[table] != after[table] {
			t.Errorf("%s has changed after the pause", table)
		}
	}
	if n := len(d.sandbox.Charges()); n != 2 {
		t.Errorf("charges: got %d, want one of each server", n)
	}
	d.busy.stop(t)
	d.idle.stop(t)
}

func TestTakeover_StoppingServerHandsItsRunOver(t *testing.T) {
	t.Parallel()
	// The lease is the default of 30 s, so the takeover cannot come from its end.
	d := newTakeover(t, nil, sandbox.HangAfterHeaders())
	worker, stopped := d.worker(t), time.Now()
	d.busy.stop(t)
	d.wasTakenOver(t, worker)
	if took := d.pause(t, stopped); took > 25*time.Second {
		t.Errorf("from the stop to the next attempt: got %s, want far less than the lease of 30 s", took)
	}
	d.booksAgree(t)
	d.idle.stop(t)
}

func TestCancel_WinsOverAnAnswerInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.serve(t, quick...), w.who)
	for name, injection := range map[string]sandbox.Injection{
		"aborted":         sandbox.HangAfterHeaders(),
		"not to be ended": sandbox.Unstoppable(time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			company, provider := w.provider.company(injection)
			flow := w.begin(t, c, company)
			w.isAnswering(t, flow)
			got := c.do(t, "cancelWorkflow", map[string]any{"workflowId": "wf_" + flow.String(), "reason": "enough"})
			if got.Workflow.State != "CANCELLED" || got.Transition.From != "ICP_PROCESSING" {
				t.Errorf("cancel: got %+v", got)
			}
			eventually(t, "the provider sees that the client has disconnected", func() bool { return provider.InFlight() == 0 })
			eventually(t, "the call is settled", func() bool {
				return ask[string](t, w, `SELECT state FROM ai_calls WHERE workflow_id = $1`, flow)[0] == "SETTLED"
			})
			for id, charge := range provider.Charges() {
				if !charge.Cancelled || charge.Cost == 0 {
					t.Errorf("the charge %s: got %+v, want one of an aborted request", id, charge)
				}
			}
			if diff := cmp.Diff("CREATED ICP_PENDING ICP_PROCESSING CANCELLED", w.path(t, flow)); diff != "" {
				t.Errorf("journal (-want +got):\n%s", diff)
			}
			w.mustCount(t, 0, "step_results", "workflow_id = '"+flow.String()+"'")
		})
	}
	t.Cleanup(func() { w.booksAgree(t) })
}
