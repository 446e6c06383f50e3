//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/test/chaos/history"
)

// quiescenceLimit is the longest time to quiescence after the last injection.
const quiescenceLimit = 2 * time.Minute

// awaitQuiescence waits until all work has ended: clients have answers, no run is open, no call holds money, and no
// retry is planned. It makes rows due that sweepers would check in minutes or hours.
func (r *round) awaitQuiescence(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, quiescenceLimit)
	defer cancel()
	if err := r.awaitServers(limited, quiescenceLimit); err != nil {
		return err
	}
	var debts sync.WaitGroup
	for _, a := range r.actors {
		debts.Go(func() { a.resolvePending(limited) })
	}
	debts.Wait()
	for {
		r.provider.revealCharges()
		left, err := r.unfinished(limited)
		if err == nil && len(left) == 0 && r.provider.isIdle() {
			return nil
		}
		if err == nil {
			err = r.checkNow(limited, 0)
		}
		if !pause(limited, 200*time.Millisecond) {
			return fmt.Errorf("no quiescence in %s: %s are left, %w", quiescenceLimit, strings.Join(left, ", "),
				errors.Join(err, limited.Err()))
		}
	}
}

// unfinished returns the kinds of work that have not ended.
func (r *round) unfinished(ctx context.Context) ([]string, error) {
	return column[string](ctx, r.cluster, `
		SELECT 'call ' || c.id || ' is ' || c.state || ' (' || coalesce(c.generation_id, 'nameless') || ')' FROM ai_calls AS c
		WHERE c.organization_id = $1 AND c.ended_at IS NULL
		UNION ALL
		SELECT 'workflow ' || w.id || ' is ' || w.state FROM intent_workflows AS w
		WHERE w.organization_id = $1 AND (w.state LIKE '%\_PROCESSING' OR w.state = 'ICP_PENDING')
		UNION ALL
		SELECT 'workflow ' || w.id || ' will be tried again' FROM intent_workflows AS w
		JOIN workflow_runs AS r ON r.organization_id = w.organization_id AND r.workflow_id = w.id
			AND r.ended_version = w.version
		WHERE w.organization_id = $1 AND w.state = 'ICP_FAILED' AND r.retry_at IS NOT NULL`, r.organization)
}

// checkNow makes rows due for the sweepers: calls with a later check, workflows without a job, and calls without a
// generation, which are otherwise due after a day. Those have been unknown for at least a while: a worker that is
// paused may still learn the generation, and no worker pauses for a day.
func (r *round) checkNow(ctx context.Context, unknownFor time.Duration) error {
	for _, statement := range []string{
		`UPDATE ai_calls SET check_at = now() WHERE organization_id = $1 AND check_at > now() AND (run_token IS NULL
			OR unit_id IS NOT NULL OR EXISTS (SELECT FROM workflow_runs AS r WHERE r.organization_id = ai_calls.organization_id
				AND r.workflow_id = ai_calls.workflow_id AND r.token = run_token AND r.ended_at IS NOT NULL))`,
		fmt.Sprintf(`UPDATE ai_calls SET unknown_since = now() - interval '25 hours' WHERE organization_id = $1
			AND state = 'UNKNOWN' AND generation_id IS NULL AND unknown_since > now() - interval '24 hours'
			AND unknown_since < now() - interval '%d milliseconds'
			AND (models[1] NOT LIKE 'service/%%' OR unknown_since < now() - interval '40 seconds')`, unknownFor.Milliseconds()),
		`UPDATE intent_workflows SET wake_at = now() WHERE organization_id = $1
			AND wake_at > now() + interval '5 seconds' AND updated_at < now() - interval '5 seconds'`,
	} {
		if _, err := r.owner.Exec(ctx, statement, r.organization); err != nil {
			return fmt.Errorf("make rows due: %w", err)
		}
	}
	return nil
}

// cancelRest cancels the workflows that have not ended. The servers of a later round drive other steps: they would go
// on with these workflows and spend money that belongs to no workflow of that round.
func (r *round) cancelRest(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, quiescenceLimit)
	defer cancel()
	a := r.newActor(restCanceller)
	for {
		rest, err := column[uuid.UUID](limited, r.cluster, `SELECT id FROM intent_workflows
			WHERE organization_id = $1 AND state NOT IN ('COMPLETED', 'CANCELLED') ORDER BY id`, r.organization)
		if err == nil && len(rest) == 0 {
			return nil
		}
		for _, flow := range rest {
			a.cancel(limited, flow)
		}
		if !pause(limited, 100*time.Millisecond) {
			return fmt.Errorf("%d workflows could not be cancelled: %w", len(rest), errors.Join(err, limited.Err()))
		}
	}
}

// restCanceller is the number of the client that cancels. No other client has it.
const restCanceller = 900

// awaitFollowers waits until all subscribers have all events. After a timeout the checker reports the missing events.
func (r *round) awaitFollowers(ctx context.Context) error {
	numbers := map[bool]string{
		false: `SELECT version + 1 FROM intent_workflows WHERE organization_id = $1 AND id = $2`,
		true:  `SELECT sequence + 1 FROM usage_accounts WHERE organization_id = $1 AND id = $2`,
	}
	limited, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, f := range r.followers {
		wanted, err := column[int64](ctx, r.cluster, numbers[f.Ledger], r.organization, f.Flow)
		if err != nil || len(wanted) == 0 {
			return fmt.Errorf("read the last version of a journal: %w", err)
		}
		for f.seen.Load() < wanted[0] && pause(limited, 20*time.Millisecond) {
		}
	}
	h, err := r.collect(ctx)
	if err != nil {
		return err
	}
	r.awaitFeeds(limited, h)
	return nil
}

// awaitFeeds waits until the subscribers of the organization have all events.
func (r *round) awaitFeeds(ctx context.Context, h history.History) {
	for late := true; late && pause(ctx, 50*time.Millisecond); {
		late = false
		for _, f := range r.feeders {
			h.Feeds = f.present()
			late = late || len(h.Feeds) == 0 || len(history.Missed(h)) > 0
		}
	}
}

// column reads rows of one column as the owner.
func column[T any](ctx context.Context, c *cluster, query string, args ...any) ([]T, error) {
	rows, err := c.owner.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// collectAs reads rows as values whose fields are the columns in order.
func collectAs[T any](ctx context.Context, r *round, query string) ([]T, error) {
	return collectRows[T](ctx, r.cluster, query, r.organization)
}

func collectRows[T any](ctx context.Context, c *cluster, query string, args ...any) ([]T, error) {
	rows, err := c.owner.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

// dump reads the rows of the organization.
func (r *round) dump(ctx context.Context) (h history.History, err error) {
	read := func(into func() error) {
		if err == nil {
			err = into()
		}
	}
	read(func() (err error) {
		h.Flows, err = collectAs[history.Flow](ctx, r, `SELECT id, company_name, state, version FROM intent_workflows
			WHERE organization_id = $1 ORDER BY id`)
		return err
	})
	read(func() (err error) {
		h.Rows, err = collectAs[history.Row](ctx, r, `SELECT workflow_id, version, kind, coalesce(from_state, ''),
			to_state, actor FROM workflow_transitions WHERE organization_id = $1 ORDER BY workflow_id, version`)
		return err
	})
	read(func() (err error) {
		h.Runs, err = collectAs[history.Run](ctx, r, `SELECT r.workflow_id, r.token, r.worker, r.ended_version,
			coalesce(r.failure_code, ''), (SELECT count(*) FROM step_results AS s WHERE s.organization_id = $1
				AND s.workflow_id = r.workflow_id AND s.token = r.token)
			FROM workflow_runs AS r WHERE r.organization_id = $1 ORDER BY r.workflow_id, r.token`)
		return err
	})
	read(func() (err error) {
		h.Calls, err = collectAs[history.Call](ctx, r, `SELECT id, workflow_id, month_id, run_token IS NOT NULL, state,
			hold_pico, cost_pico, coalesce(generation_id, ''), actor FROM ai_calls WHERE organization_id = $1
			ORDER BY reserved_at, id`)
		return err
	})
	read(func() error { return r.dumpMoney(ctx, &h) })
	return h, err
}

// dumpMoney reads accounts and their entries.
func (r *round) dumpMoney(ctx context.Context, h *history.History) error {
	rows, err := r.owner.Query(ctx, `SELECT id, kind, settled_pico, held_pico, limit_pico, stopped, sequence
		FROM usage_accounts WHERE organization_id = $1 ORDER BY id`, r.organization)
	if err != nil {
		return err
	}
	h.Accounts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a history.Account, err error) {
		var kind cost.AccountKind
		err = row.Scan(&a.ID, &kind, &a.Balance.Settled, &a.Balance.Held, &a.Balance.Limit, &a.Balance.Stopped, &a.Last)
		a.Month = kind == cost.AccountMonth
		return a, err
	})
	if err != nil {
		return err
	}
	rows, err = r.owner.Query(ctx, `SELECT account_id, sequence, kind, call_id, settled_before, held_before,
			limit_before, stopped_before, settled_after, held_after, limit_after, stopped_after, settled_delta,
			held_delta, limit_delta, overage, corrects_sequence, actor, reason
		FROM ai_usage_ledger WHERE organization_id = $1 ORDER BY account_id, sequence`, r.organization)
	if err != nil {
		return err
	}
	h.Entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e cost.Entry, err error) {
		err = row.Scan(&e.AccountID, &e.Sequence, &e.Kind, &e.CallID, &e.Before.Settled, &e.Before.Held,
			&e.Before.Limit, &e.Before.Stopped, &e.After.Settled, &e.After.Held, &e.After.Limit, &e.After.Stopped,
			&e.Delta.Settled, &e.Delta.Held, &e.Delta.Limit, &e.Overage, &e.Corrects, &e.Actor, &e.Reason)
		return e, err
	})
	return err
}
