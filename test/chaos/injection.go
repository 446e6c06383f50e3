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

// faultKind is something that breaks, or seems to.
type faultKind string

// The kinds of fault.
const (
	killServer     faultKind = "SIGKILL of a server"
	pauseServer    faultKind = "SIGSTOP of a server"
	stopServer     faultKind = "SIGTERM of a server"
	crashPostgres  faultKind = "immediate stop of PostgreSQL"
	terminate      faultKind = "pg_terminate_backend"
	exhaust        faultKind = "PostgreSQL has no connection left"
	lockTable      faultKind = "pools wait for a lock"
	slowProvider   faultKind = "slow provider"
	failProvider   faultKind = "failing provider"
	lyingProvider  faultKind = "lying provider"
	cutProvider    faultKind = "cut-off provider"
	stepClock      faultKind = "step of the provider's clock"
	longestFault             = 6 * time.Second
	faultsInSecond           = 1.2
)

var faultKinds = []faultKind{
	killServer, pauseServer, stopServer, crashPostgres, terminate, exhaust, lockTable, slowProvider, failProvider,
	lyingProvider, cutProvider, stepClock,
}

// faultPlan is one fault: when it begins, how long it lasts, and what it hits.
type faultPlan struct {
	at, lasts time.Duration
	kind      faultKind
	target    int           // which server
	amount    time.Duration // of a step of the clock
}

func (f faultPlan) String() string {
	text := fmt.Sprintf("%5.1fs %4.1fs %s", f.at.Seconds(), f.lasts.Seconds(), f.kind)
	switch f.kind {
	case killServer, pauseServer, stopServer:
		text += fmt.Sprintf(" %d", f.target+1)
	case stepClock:
		text += fmt.Sprintf(" by %s", f.amount)
	}
	return text
}

// schedule plans the faults of a round: the same for the same seed and number. Every kind comes before one comes again,
// and they overlap.
func schedule(seed uint64, round int, length time.Duration, carryOver *[]faultKind) []faultPlan {
	random := rand.New(rand.NewPCG(seed, uint64(round)+100)) //nolint:gosec // Repeatable on purpose.
	count := max(3, int(length.Seconds()*faultsInSecond))
	plans := make([]faultPlan, count)
	for i := range plans {
		if len(*carryOver) == 0 {
			*carryOver = slices.Clone(faultKinds)
			random.Shuffle(len(*carryOver), func(a, b int) {
				(*carryOver)[a], (*carryOver)[b] = (*carryOver)[b], (*carryOver)[a]
			})
		}
		f := faultPlan{
			at: time.Duration(random.Int64N(int64(length))), kind: (*carryOver)[0], target: random.IntN(3),
			lasts:  200*time.Millisecond + time.Duration(random.Int64N(int64(2*time.Second))),
			amount: time.Duration(random.Int64N(int64(4*time.Hour))) - 2*time.Hour,
		}
		*carryOver = (*carryOver)[1:]
		if f.kind == pauseServer { // Longer than a lease, often.
			f.lasts = time.Second + time.Duration(random.Int64N(int64(longestFault-time.Second)))
		}
		plans[i] = f
	}
	slices.SortFunc(plans, func(a, b faultPlan) int { return int(a.at - b.at) })
	return plans
}

// breakThings carries the plans out, and returns when all of them are over and everything runs again.
func (c *cluster) breakThings(ctx context.Context, plans []faultPlan, note func(faultPlan)) {
	began := time.Now()
	var all sync.WaitGroup
	for _, plan := range plans {
		if !pause(ctx, time.Until(began.Add(plan.at))) {
			break
		}
		note(plan)
		all.Go(func() { c.inflict(ctx, plan) })
	}
	all.Wait()
}

// inflict carries out one fault, and mends it.
func (c *cluster) inflict(ctx context.Context, f faultPlan) {
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
				WHERE usename = $1 AND random() < 0.5`, serverUser) // PostgreSQL may be down as well.
		}
	case exhaust:
		c.takeConnections(ctx, f.lasts)
	case lockTable:
		c.lockWorkflows(ctx, f.lasts)
	case slowProvider, failProvider, lyingProvider, cutProvider:
		defer c.provider.feel(moodOf[f.kind])()
		pause(ctx, 2*f.lasts)
	case stepClock:
		c.provider.step.Add(int64(f.amount))
		defer c.provider.step.Add(-int64(f.amount))
		pause(ctx, 2*f.lasts)
	}
}

var moodOf = map[faultKind]mood{
	slowProvider: slow, failProvider: failing, lyingProvider: lying, cutProvider: cutOff,
}

// takeConnections opens connections until PostgreSQL refuses, ends some of the servers', takes their places too, and
// keeps them for a while.
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

// lockWorkflows lets everybody who wants a workflow wait.
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
	_ = tx.Rollback(context.WithoutCancel(ctx)) // The connection ends anyhow.
}
