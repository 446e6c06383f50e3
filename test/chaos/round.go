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

// How many clients there are of each sort.
const (
	wanderers = 6
	shoppers  = 4
	starters  = 3
	feeders   = 2
)

// round is some seconds of faults and work in an organization of its own, then quiet, then the checker.
type round struct {
	*cluster
	number       int
	seed         uint64
	organization uuid.UUID

	contended, purses pool
	actors            []*actor
	calm              atomic.Bool // nothing breaks any more, and nobody is impatient

	mu        sync.Mutex
	followers []*follower
	feeders   []*feeder
	following sync.WaitGroup
	watching  context.Context
	oddities  []string
	kills     []kill
}

// kill is the end of a server in the middle of its work.
type kill struct {
	at  time.Time
	pid int
}

func (c *cluster) newRound(number int, seed uint64) *round {
	return &round{
		cluster: c, number: number, seed: seed, organization: uuid.New(),
		contended: pool{most: 5}, purses: pool{most: 3},
	}
}

// pool are workflows that several clients use at once; when there are fewer than most, somebody makes another one.
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

// anyServer is where one of the servers listens; empty when none does for now.
func (r *round) anyServer(ctx context.Context, random *rand.Rand) string {
	for _, i := range random.Perm(len(r.servers)) {
		if address := r.servers[i].where(); address != "" {
			return address
		}
	}
	pause(ctx, 50*time.Millisecond)
	return ""
}

// strange notes what no fault explains.
func (r *round) strange(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.oddities = append(r.oddities, fmt.Sprintf(format, args...))
}

// follow lets a subscriber follow a workflow from its beginning, or its ledger.
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

// play lets clients work and things break for a while, brings everything to rest, and returns what happened. An error
// is a mistake of the suite, or a rest that did not come.
func (r *round) play(ctx context.Context, length time.Duration, plans []faultPlan) (h history.History, err error) {
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
		slices.Repeat([]func(*actor, context.Context){(*actor).wander}, wanderers),
		slices.Repeat([]func(*actor, context.Context){(*actor).shop}, shoppers),
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
	r.breakThings(working, plans, func(f faultPlan) {
		r.say("  %s", f)
		if f.kind == killServer {
			r.kills = append(r.kills, kill{time.Now(), r.servers[f.target].pid()})
		}
	})
	clients.Wait()
	r.calm.Store(true)
	if err := r.startPostgres(ctx); err != nil {
		return h, err
	}
	if err := r.rest(ctx); err != nil {
		return h, err
	}
	late := r.awaitFollowers(ctx)
	stopWatching()
	r.following.Wait()
	h, err = r.collect(ctx)
	for _, f := range r.followers {
		h.Sightings = append(h.Sightings, f.Sighting)
	}
	for _, f := range r.feeders {
		h.Feeds = append(h.Feeds, f.feeds...)
	}
	return h, errors.Join(late, err)
}

// collect is what clients were told, subscribers aside, and what there is now.
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

// longestPause is the longest time from the kill of a server to the next attempt at what it was working on. What nobody
// has worked on again, since it was cancelled, does not count.
func (r *round) longestPause(ctx context.Context) (longest time.Duration) {
	for _, k := range r.kills {
		pauses, err := column[float64](ctx, r.cluster, `
			SELECT extract(epoch FROM min(n.started_at) - $2)::float8 FROM workflow_runs AS r
			JOIN workflow_runs AS n ON n.organization_id = r.organization_id AND n.workflow_id = r.workflow_id
				AND n.token > r.token
			WHERE r.organization_id = $1 AND r.worker LIKE $3 AND r.started_at < $2 AND r.failure_code = 'LEASE_EXPIRED'
				AND n.attempt = r.attempt + 1
			GROUP BY r.workflow_id, r.token`, r.organization, k.at, fmt.Sprintf("worker:%%-%d-%%", k.pid))
		if err != nil {
			return 0
		}
		for _, seconds := range pauses {
			longest = max(longest, time.Duration(seconds*float64(time.Second)))
		}
	}
	return longest
}
