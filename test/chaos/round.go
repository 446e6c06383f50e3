//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/test/chaos/history"
)

// Numbers of clients of each kind.
const (
	movers   = 6
	spenders = 4
	starters = 3
	feeders  = 2
)

// round is some seconds of injections and work in a new organization, then quiescence, then the checker.
type round struct {
	*cluster
	number       int
	seed         uint64
	organization uuid.UUID

	sharedFlows, sharedBudgets pool
	actors                     []*actor
	injectionsOver             atomic.Bool  // true after the last injection: clients then wait for their answers
	outlived                   atomic.Int64 // units that another worker has taken from a paused server

	mu                sync.Mutex
	followers         []*follower
	feeders           []*feeder
	following         sync.WaitGroup
	watching          context.Context
	unexpectedAnswers []string
	kills             []kill
}

// kill is the kill of a server during its work.
type kill struct {
	at  time.Time
	pid int
}

func (c *cluster) newRound(number int, seed uint64) *round {
	return &round{
		cluster:       c,
		number:        number,
		seed:          seed,
		organization:  uuid.New(),
		sharedFlows:   pool{most: 5},
		sharedBudgets: pool{most: 3},
	}
}

// pool is a set of workflows that several clients use at once. A client adds one when there are fewer than most.
type pool struct {
	most int

	mu    sync.Mutex
	flows []uuid.UUID
}

func (p *pool) pick(random *rand.Rand) (uuid.UUID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.flows) < p.most {
		return uuid.UUID{}, false
	}
	return p.flows[random.IntN(len(p.flows))], true
}

func (p *pool) add(flow uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flows = append(p.flows, flow)
}

func (p *pool) drop(flow uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flows = slices.DeleteFunc(p.flows, func(f uuid.UUID) bool { return f == flow })
}

// anyServer returns the address of a running server, or "" when none runs.
func (r *round) anyServer(ctx context.Context, random *rand.Rand) string {
	for _, i := range random.Perm(len(r.servers)) {
		if address := r.servers[i].apiAddress(); address != "" {
			return address
		}
	}
	pause(ctx, 50*time.Millisecond)
	return ""
}

// unexpected records an answer that no injection explains.
func (r *round) unexpected(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unexpectedAnswers = append(r.unexpectedAnswers, fmt.Sprintf(format, args...))
}

// follow starts a subscriber of a workflow, or of its ledger, from the first event.
func (r *round) follow(flow uuid.UUID, ledger bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := newFollower(flow, ledger)
	r.followers = append(r.followers, f)
	random := r.randomFor(len(r.followers) + 5000)
	r.following.Go(func() { f.run(r.watching, r, random) })
}

func (r *round) randomFor(number int) *rand.Rand {
	return rand.New(rand.NewPCG(r.seed, uint64(r.number*10000+number))) //nolint:gosec // Repeatable on purpose.
}

// play runs clients and injections for a while, waits for quiescence and returns the history. An error is a fault of
// the suite, or missing quiescence.
func (r *round) play(ctx context.Context, length time.Duration, plans []injection) (h history.History, err error) {
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	r.watching = watching
	r.mu.Lock()
	for i := range feeders {
		f := &feeder{}
		r.feeders = append(r.feeders, f)
		r.following.Go(func() { f.run(watching, r, r.randomFor(9000+i)) })
	}
	r.mu.Unlock()

	working, stop := context.WithTimeout(ctx, length)
	defer stop()
	var clients sync.WaitGroup
	for i, work := range slices.Concat(
		slices.Repeat([]func(*actor, context.Context){(*actor).moveShared}, movers),
		slices.Repeat([]func(*actor, context.Context){(*actor).spendShared}, spenders),
		slices.Repeat([]func(*actor, context.Context){(*actor).start}, starters),
	) {
		a := r.newActor(i)
		r.actors = append(r.actors, a)
		clients.Go(func() {
			for working.Err() == nil {
				work(a, working)
			}
		})
	}
	r.inject(working, plans, func(f injection) {
		r.say("  %s", f)
		if f.kind == killServer {
			r.kills = append(r.kills, kill{time.Now(), r.servers[f.target].pid()})
		}
	})
	clients.Wait()
	r.injectionsOver.Store(true)
	if err := r.startPostgres(ctx); err != nil {
		return h, err
	}
	if err := r.awaitQuiescence(ctx); err != nil {
		return h, err
	}
	late := r.awaitFollowers(ctx)
	stopWatching()
	r.following.Wait()
	h, err = r.collect(ctx)
	for _, f := range r.followers {
		h.Subscriptions = append(h.Subscriptions, f.Subscription)
	}
	for _, f := range r.feeders {
		h.Feeds = append(h.Feeds, f.feeds...)
	}
	return h, errors.Join(late, err)
}

// collect returns the history without subscriptions: clients' operations, and the rows of the database.
func (r *round) collect(ctx context.Context) (history.History, error) {
	h, err := r.dump(ctx)
	if err != nil {
		return h, err
	}
	h.Charges = r.provider.charges()
	for _, a := range r.actors {
		for _, op := range a.ops {
			if len(op.Attempts) > 0 {
				h.Ops = append(h.Ops, *op)
			}
		}
		h.Reads = append(h.Reads, a.reads...)
	}
	return h, nil
}

// longestPause returns the longest time from the kill of a server to the next attempt at a step that it ran. Runs
// without a planned retry do not count: of cancelled workflows, and of steps that wait for a person.
func (r *round) longestPause(ctx context.Context) (longest time.Duration) {
	for _, k := range r.kills {
		pauses, err := column[float64](ctx, r.cluster, `
			SELECT extract(epoch FROM n.started_at - $2)::float8 FROM workflow_runs AS r
			CROSS JOIN LATERAL (
				SELECT l.started_at, l.step FROM workflow_runs AS l
				WHERE l.organization_id = r.organization_id AND l.workflow_id = r.workflow_id AND l.token > r.token
				ORDER BY l.token LIMIT 1
			) AS n
			WHERE r.organization_id = $1 AND r.worker LIKE $3 AND r.started_at < $2 AND r.failure_code = 'LEASE_EXPIRED'
				AND r.retry_at IS NOT NULL AND n.step = r.step`, r.organization, k.at,
			fmt.Sprintf("worker:%%-%d-%%", k.pid))
		if err != nil {
			return 0
		}
		for _, seconds := range pauses {
			longest = max(longest, time.Duration(seconds*float64(time.Second)))
		}
	}
	return longest
}
