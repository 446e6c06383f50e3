package simulation_test

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// mostRounds bounds the rounds until the work rests. Attempts, leases and waits for a retry end in far fewer.
const mostRounds = 80

// rest lets workers and sweepers work without failures until no automatic step is under way. People do nothing. A
// workflow that does not come to rest has been forgotten.
func (w *world) rest() {
	w.sites.deliver(true)
	for range mostRounds {
		w.sweepAll()
		for range len(w.waiting) + 1 {
			w.alone(role{"worker", 0, true, worker})
		}
		for range len(w.units.jobs) + 1 {
			w.alone(role{"unit worker", 0, true, unitWorker})
		}
		for range len(w.sites.withdrawals) {
			w.alone(role{"withdrawer", 0, true, withdrawer})
		}
		if w.rested() {
			w.atRest()
			return
		}
		w.clock = w.clock.Add(31 * time.Second) // A lease, the longest wait for a retry, and a late job.
	}
	for id, flow := range w.units.flows {
		w.tracef("workflow %s is %s", id, flow.State)
	}
	w.failf("the work does not come to rest")
	w.stopIfFailed()
}

func (w *world) sweepAll() {
	w.quietly("sweep runs", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.SweepRuns(ctx)
		return err
	})
	w.quietly("sweep units", sweepUnitsOnce)
}

// alone lets one actor work to its end.
func (w *world) alone(r role) {
	w.startActor(r)
	w.drain()
}

// rested reports whether no automatic step is under way.
func (w *world) rested() bool {
	for _, flow := range w.units.flows {
		step := flow.State.Step()
		if step == nil || step.Kind != workflow.Automatic {
			continue
		}
		if flow.State == step.Pending || flow.State == step.Processing {
			return false
		}
		if flow.State != step.Failed {
			continue
		}
		retries := false
		err := w.cluster.judge.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM workflow_runs
			WHERE organization_id = $1 AND workflow_id = $2 AND ended_version = $3 AND retry_at IS NOT NULL)`,
			w.organization, flow.ID, flow.Version).Scan(&retries)
		if err != nil {
			w.failf("read a run: %v", err)
		}
		if retries {
			return false
		}
	}
	for _, unit := range w.units.rows {
		if unit.State.IsOpen() && unit.Token == w.units.flows[unit.WorkflowID].Version {
			return false
		}
	}
	return true
}

// atRest judges what has come to rest.
func (w *world) atRest() {
	w.saw("the work rests")
	for actor, version := range w.units.approvals {
		if w.units.decided[actor] != version+1 {
			w.failf("%s has approved at version %d, and the decision is of version %d", actor, version,
				w.units.decided[actor])
		}
	}
	w.press.atRest()
	w.stopIfFailed()
}
