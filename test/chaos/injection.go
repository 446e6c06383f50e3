//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// injectionKind is a kind of injected failure.
type injectionKind string

// The kinds of injections.
const (
	killServer     injectionKind = "SIGKILL of a server"
	pauseServer    injectionKind = "SIGSTOP of a server"
	stopServer     injectionKind = "SIGTERM of a server"
	crashPostgres  injectionKind = "immediate stop of PostgreSQL"
	terminate      injectionKind = "pg_terminate_backend"
	exhaust        injectionKind = "PostgreSQL has no connection left"
	lockTable      injectionKind = "pools wait for a lock"
	slowProvider   injectionKind = "slow provider"
	failProvider   injectionKind = "failing provider"
	lyingProvider  injectionKind = "lying provider"
	cutProvider    injectionKind = "unreachable provider"
	stepClock      injectionKind = "step of the provider's clock"
	loseAnswers    injectionKind = "site loses answers"
	refusePosts    injectionKind = "site is down"
	slowSite       injectionKind = "slow site"
	longestFault                 = 6 * time.Second
	faultsInSecond               = 1.2
)

// injectionKinds has the kinds that a kind of round plans. In a round of posts the provider of search data misbehaves
// together with the model provider.
var injectionKinds = map[roundKind][]injectionKind{
	moves: {
		killServer, pauseServer, stopServer, crashPostgres, terminate, exhaust, lockTable, slowProvider, failProvider,
		lyingProvider, cutProvider, stepClock,
	},
	posts: {
		killServer, pauseServer, stopServer, crashPostgres, terminate, exhaust, lockTable, slowProvider, failProvider,
		lyingProvider, cutProvider, loseAnswers, refusePosts, slowSite, killServer, pauseServer, loseAnswers,
	},
}

// deck deals the kinds of injections: each comes once before one is repeated.
type deck struct {
	kinds, left []injectionKind
}

func (d *deck) deal(random *rand.Rand) (kind injectionKind) {
	if len(d.left) == 0 {
		d.left = slices.Clone(d.kinds)
		random.Shuffle(len(d.left), func(a, b int) { d.left[a], d.left[b] = d.left[b], d.left[a] })
	}
	kind, d.left = d.left[0], d.left[1:]
	return kind
}

// injection is one injected failure: its begin, its duration and its target.
type injection struct {
	at, lasts time.Duration
	kind      injectionKind
	target    int           // index of a server
	amount    time.Duration // size of a step of the clock
}

func (f injection) String() string {
	text := fmt.Sprintf("%5.1fs %4.1fs %s", f.at.Seconds(), f.lasts.Seconds(), f.kind)
	switch f.kind {
	case killServer, pauseServer, stopServer:
		text += fmt.Sprintf(" %d", f.target+1)
	case stepClock:
		text += fmt.Sprintf(" by %s", f.amount)
	}
	return text
}

// schedule plans the injections of a round. Seed and number determine them. Injections overlap.
func schedule(seed uint64, round int, length time.Duration, d *deck) []injection {
	random := rand.New(rand.NewPCG(seed, uint64(round)+100)) //nolint:gosec // Repeatable on purpose.
	count := max(3, int(length.Seconds()*faultsInSecond))
	plans := make([]injection, count)
	for i := range plans {
		f := injection{
			kind:   d.deal(random),
			at:     time.Duration(random.Int64N(int64(length))),
			target: random.IntN(3),
			lasts:  200*time.Millisecond + time.Duration(random.Int64N(int64(2*time.Second))),
			amount: time.Duration(random.Int64N(int64(4*time.Hour))) - 2*time.Hour,
		}
		if f.kind == pauseServer { // The pause is often longer than a lease.
			f.lasts = time.Second + time.Duration(random.Int64N(int64(longestFault-time.Second)))
		}
		plans[i] = f
	}
	slices.SortFunc(plans, func(a, b injection) int { return int(a.at - b.at) })
	return plans
}

// inject runs the planned injections. It returns when all are over and all servers run again.
func (c *cluster) inject(ctx context.Context, plans []injection, note func(injection)) {
	began := time.Now()
	var all sync.WaitGroup
	for _, plan := range plans {
		if !pause(ctx, time.Until(began.Add(plan.at))) {
			break
		}
		note(plan)
		all.Go(func() { c.runInjection(ctx, plan) })
	}
	all.Wait()
}

// runInjection runs one injection and ends it.
func (c *cluster) runInjection(ctx context.Context, f injection) {
	s := c.servers[f.target]
	switch f.kind {
	case killServer, stopServer:
		c.holds[f.target].Add(1)
		defer c.holds[f.target].Add(-1)
		if f.kind == killServer {
			s.end(syscall.SIGKILL, time.Minute)
		} else {
			s.end(syscall.SIGTERM, 30*time.Second)
		}
		pause(ctx, f.lasts)
	case pauseServer:
		s.signal(syscall.SIGSTOP)
		defer s.signal(syscall.SIGCONT)
		pause(ctx, f.lasts)
	case crashPostgres:
		if err := c.crashPostgres(); err != nil {
			c.say("stop PostgreSQL: %v", err)
		}
		pause(ctx, f.lasts)
		if err := c.startPostgres(context.WithoutCancel(ctx)); err != nil {
			c.say("start PostgreSQL: %v", err)
		}
	case terminate:
		for left := f.lasts; left > 0 && pause(ctx, 300*time.Millisecond); left -= 300 * time.Millisecond {
			_, _ = c.owner.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE usename = $1 AND random() < 0.5`, serverUser) // PostgreSQL may be down by another injection.
		}
	case exhaust:
		c.takeConnections(ctx, f.lasts)
	case lockTable:
		c.lockWorkflows(ctx, f.lasts)
	case slowProvider, failProvider, lyingProvider, cutProvider, loseAnswers, refusePosts, slowSite:
		defer c.provider.behave(behaviourOf[f.kind])()
		pause(ctx, 2*f.lasts)
	case stepClock:
		c.provider.step.Add(int64(f.amount))
		defer c.provider.step.Add(-int64(f.amount))
		pause(ctx, 2*f.lasts)
	}
}

var behaviourOf = map[injectionKind]behaviour{
	slowProvider:  slow,
	failProvider:  failing,
	lyingProvider: lying,
	cutProvider:   cutOff,
	loseAnswers:   losing,
	refusePosts:   refusing,
	slowSite:      dragging,
}

// takeConnections opens connections until PostgreSQL refuses, terminates some of the servers' connections and takes
// these too. It holds them for a while.
func (c *cluster) takeConnections(ctx context.Context, lasts time.Duration) {
	config, err := pgx.ParseConfig(c.url)
	if err != nil {
		return
	}
	config.User = serverUser
	limited, cancel := context.WithTimeout(ctx, lasts+time.Second)
	defer cancel()
	for range connections {
		conn, err := pgx.ConnectConfig(limited, config)
		if err != nil {
			break
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	}
	pause(limited, lasts)
}

// lockWorkflows locks the table of workflows, so that every statement on it waits.
func (c *cluster) lockWorkflows(ctx context.Context, lasts time.Duration) {
	limited, cancel := context.WithTimeout(ctx, lasts+2*time.Second)
	defer cancel()
	conn, err := c.connect(limited)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tx, err := conn.Begin(limited)
	if err != nil {
		return
	}
	if _, err := tx.Exec(limited, `LOCK TABLE intent_workflows IN ACCESS EXCLUSIVE MODE`); err == nil {
		pause(limited, lasts)
	}
	_ = tx.Rollback(context.WithoutCancel(ctx)) // The connection ends in any case.
}
