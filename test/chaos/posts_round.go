//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

// roundKind is the kind of a round.
type roundKind string

// The kinds. In a round of moves clients move workflows, spend and drive steps from outside. In a round of posts pilots
// take workflows through all seven steps to a site.
const (
	moves roundKind = "moves"
	posts roundKind = "posts"
)

// Numbers of clients of a round of posts. A short round has fewer pilots, because it ends when their workflows do.
const (
	pilots    = 4
	reviewers = 2
	// lengthOfPilot is the length of a round that another pilot is worth.
	lengthOfPilot = 4 * time.Second
)

// playPosts runs pilots, reviewers and injections for a while, waits until all workflows have ended, and returns the
// history.
func (r *round) playPosts(ctx context.Context, length time.Duration, plans []injection) (h history.History, err error) {
	r.sharedFlows.most = 1
	r.provider.shared.Store(true)
	defer r.provider.shared.Store(false)
	working, stop := context.WithTimeout(ctx, length)
	defer stop()
	flying, land := context.WithTimeout(ctx, length+landingLimit)
	defer land()
	var clients, others sync.WaitGroup
	flown := min(pilots, 1+int(length/lengthOfPilot))
	for i := range flown + reviewers {
		p := &pilot{actor: r.newActor(i)}
		if i < flown {
			clients.Go(func() { p.fly(flying, working) })
			continue
		}
		clients.Go(func() {
			for working.Err() == nil {
				p.interfere(working)
			}
		})
	}
	helping, stopHelp := context.WithCancel(flying)
	defer stopHelp()
	others.Go(func() { r.outlive(helping) })
	others.Go(func() { r.hurry(helping) })
	r.inject(working, plans, func(f injection) {
		r.say("  %s", f)
		if f.kind == killServer {
			r.kills = append(r.kills, kill{time.Now(), r.servers[f.target].pid()})
		}
	})
	<-working.Done()
	r.injectionsOver.Store(true)
	if err := r.startPostgres(ctx); err != nil {
		return h, err
	}
	clients.Wait()
	stopHelp()
	others.Wait()
	if err := r.awaitQuiescence(ctx); err != nil {
		return h, err
	}
	return r.collectPosts(ctx)
}

// landingLimit is the longest time to the end of all workflows after the last injection.
const landingLimit = 3 * time.Minute

// longestSilence is longer than a worker is paused, and than it then takes to write what it has learned.
const longestSilence = 2*longestFault + 3*time.Second

// hurry makes waits due that would take minutes.
func (r *round) hurry(ctx context.Context) {
	for pause(ctx, time.Second) {
		_ = r.checkNow(ctx, longestSilence) // The next time succeeds, or quiescence fails.
		_, _ = r.owner.Exec(ctx, `UPDATE step_units SET retry_at = now(), wake_at = now()
			WHERE organization_id = $1 AND retry_at > now() + interval '5 seconds'`, r.organization)
	}
}

// outlive pauses a server that works on a unit until another one has the unit, twice for articles and twice for posts.
// Then the first one returns with an attempt that is no longer its own, while the attempt of the other one runs.
func (r *round) outlive(ctx context.Context) {
	left := map[workflow.StepKey]int{workflow.StepArticle: 2, workflow.StepPublish: 2}
	tries := map[workflow.StepKey]int{workflow.StepArticle: mostOutlived, workflow.StepPublish: mostOutlived}
	for pause(ctx, 100*time.Millisecond) {
		running, err := collectRows[runningUnit](ctx, r.cluster, `SELECT id, step, attempt, worker FROM step_units
			WHERE organization_id = $1 AND lease_expires_at IS NOT NULL ORDER BY id`, r.organization)
		if err != nil {
			continue // PostgreSQL is down.
		}
		for _, unit := range running {
			s := r.serverOf(unit.Worker)
			if s == nil || left[unit.Step] == 0 || tries[unit.Step] == 0 {
				continue
			}
			tries[unit.Step]--
			s.signal(syscall.SIGSTOP)
			if r.awaitTaken(ctx, unit) {
				left[unit.Step]--
				r.outlived.Add(1)
			}
			s.signal(syscall.SIGCONT)
			break
		}
	}
}

// hasPosted reports whether a paused server has lost a unit in this round, and the site has a post.
func (r *round) hasPosted() bool { return r.outlived.Load() > 0 && r.website.drafted.Load() }

// mostOutlived limits the pauses of a round for one step. Not every unit is taken: its workflow may end or move on.
const mostOutlived = 5

// runningUnit is a unit with a worker.
type runningUnit struct {
	ID      uuid.UUID
	Step    workflow.StepKey
	Attempt int
	Worker  string
}

// awaitTaken waits until another worker has a unit, or for so long that this is too unlikely. It reports whether one
// has.
func (r *round) awaitTaken(ctx context.Context, unit runningUnit) bool {
	limited, cancel := context.WithTimeout(ctx, longestFault)
	defer cancel()
	for pause(limited, 20*time.Millisecond) {
		now, err := collectRows[runningUnit](limited, r.cluster, `SELECT id, step, attempt, worker FROM step_units
			WHERE organization_id = $1 AND id = $2 AND is_open`, r.organization, unit.ID)
		switch {
		case err != nil: // PostgreSQL is down.
		case len(now) == 0:
			return false
		case now[0].Attempt > unit.Attempt && now[0].Worker != "":
			return true
		}
	}
	return false
}

// serverOf returns the server with a worker, nil when that has ended.
func (r *round) serverOf(worker string) *server {
	for _, s := range r.servers {
		if pid := s.pid(); pid != 0 && strings.Contains(worker, fmt.Sprintf("-%d-", pid)) {
			return s
		}
	}
	return nil
}

// collectPosts returns the rows of the database, the books of both paid providers, and the posts of the site.
func (r *round) collectPosts(ctx context.Context) (history.History, error) {
	h, err := r.dump(ctx)
	if err != nil {
		return h, err
	}
	for i := range h.Flows {
		h.Flows[i].Company = sharedCompany
	}
	for i := range h.Calls {
		h.Calls[i].OfRun = true
	}
	h.Charges = append(r.provider.charges(), r.searches.charges()...)
	if twice := r.searches.twice(); len(twice) > 0 {
		r.unexpected("the provider of search data got twice: %s", strings.Join(twice, ", "))
	}
	h.Posts = r.website.posts()
	var errs [3]error
	h.Publications, errs[0] = collectAs[history.Publication](ctx, r, `SELECT id, workflow_id, state, remote_id, lost
		FROM publications WHERE organization_id = $1 ORDER BY id`)
	h.Units, errs[1] = collectAs[history.UnitEvent](ctx, r, `SELECT unit_id, workflow_id, version, kind, to_state,
		attempt, token, actor, coalesce(failure_code, '') FROM step_unit_events WHERE organization_id = $1
		ORDER BY unit_id, version`)
	h.Answers, errs[2] = collectAs[history.Answer](ctx, r, `
		SELECT c.id, c.workflow_id, c.visit, c.part_key, c.state, c.unknown_since IS NOT NULL, c.failure_code IS NOT NULL,
			p.call_id IS NOT DISTINCT FROM c.id AND p.part_key IS NOT NULL,
			coalesce(c.dispatched_at > p.created_at, false),
			coalesce(r.failure_code IN ('LEASE_EXPIRED', 'CANCELLED'), false) OR w.state = 'CANCELLED'
				OR EXISTS (SELECT FROM step_unit_events AS e WHERE e.organization_id = c.organization_id
					AND e.unit_id = c.unit_id AND e.attempt = c.unit_attempt
					AND e.failure_code IN ('LEASE_EXPIRED', 'CANCELLED'))
		FROM ai_calls AS c
		JOIN intent_workflows AS w ON w.organization_id = c.organization_id AND w.id = c.workflow_id
		LEFT JOIN workflow_runs AS r ON r.organization_id = c.organization_id AND r.workflow_id = c.workflow_id
			AND r.token = c.run_token
		LEFT JOIN step_parts AS p ON p.organization_id = c.organization_id AND p.workflow_id = c.workflow_id
			AND p.visit = c.visit AND p.part_key = c.part_key
		WHERE c.organization_id = $1 AND c.part_key IS NOT NULL AND c.cost_pico > 0 ORDER BY c.id`)
	if err := errors.Join(errs[:]...); err != nil {
		return h, fmt.Errorf("read the posts: %w", err)
	}
	return h, nil
}
