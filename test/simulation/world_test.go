package simulation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// cluster is a database with the connection pools of the simulated servers. Many seeds use it one after the other, each
// with an organization of its own: what one leaves behind is at rest.
type cluster struct {
	db    *testdb.DB
	pools [2]*pgxpool.Pool
}

func newCluster(t testing.TB, weakened ...*weakening) *cluster {
	t.Helper()
	c, l := &cluster{db: testdb.New(t)}, &line{weakened: weakened}
	testdb.SimulateTime(t, c.db)
	t.Cleanup(l.close)
	for i := range c.pools {
		config, err := pgxpool.ParseConfig(c.db.URL)
		if err != nil {
			t.Fatal(err)
		}
		config.ConnConfig.RuntimeParams["role"] = postgres.AppRole
		config.ConnConfig.RuntimeParams["timezone"] = "UTC"
		// New connections are frequent here, and planning each statement five times before its plan is kept is not.
		config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
		config.ConnConfig.RuntimeParams["jit"] = "off"
		config.ConnConfig.Tracer = tracer{}
		config.ConnConfig.TLSConfig, config.ConnConfig.Fallbacks = nil, nil // A wire has to read what passes.
		config.ConnConfig.DialFunc = l.wire(config.ConnConfig.DialFunc)
		config.MaxConns = 2 * mostActors // Nobody ever waits for one: the driver would not know for whom.
		config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
		// The driver does not know of a call whose context has ended before it was sent that its connection is gone.
		config.PrepareConn = func(_ context.Context, conn *pgx.Conn) (bool, error) { return !wireOf(conn).gone.Load(), nil }
		if c.pools[i], err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.pools[i].Close)
	}
	return c
}

// server is one process of the engine, on its own pool and by its own clock.
type server struct {
	w      *world
	number int
	skew   time.Duration
	engine *engine.Engine
}

// restart makes a new engine: what the old one remembered is lost. The pool stays; its idle connections remember
// nothing.
func (s *server) restart() {
	e, err := engine.New(engine.Options{
		Store:         postgres.New(s.w.cluster.pools[s.number]),
		Jobs:          jobs{s.w},
		Drives:        []workflow.StepKey{workflow.StepICP},
		WorkflowLimit: workflowLimit,
		MonthLimit:    monthLimit,
		SweptAtOnce:   1,
		NewID:         s.w.newID,
		Now:           func() time.Time { return s.w.tick().Add(s.skew) },
		Jitter:        s.w.chance.Float64,
	})
	if err != nil {
		panic(err)
	}
	s.engine = e
}

// jobs remembers which workflows wait for a worker, also when the transaction that says so is rolled back: a job is a
// hint.
type jobs struct{ w *world }

func (j jobs) Drive(_ context.Context, _ postgres.Tx, _, flow uuid.UUID, _ time.Time) error {
	j.w.waiting = append(j.w.waiting, flow)
	return nil
}

func (jobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// workflowLimit and monthLimit are what the organization begins with: a few calls.
const workflowLimit, monthLimit = 50 * cent, 140 * cent

// mostActors is how many actors live at a time.
const mostActors = 5

// world is one simulation: everything in it follows from the seed.
type world struct {
	cluster      *cluster
	seed         uint64
	chance       *rand.Rand
	organization uuid.UUID
	servers      []*server
	clock        time.Time
	timeZone     string
	provider     *provider
	books        *books
	flows        []uuid.UUID
	waiting      []uuid.UUID // workflows that a worker was asked for
	flowID       int
	cancelled    int

	actors []*actor
	born   int
	coming []role // who comes next, because of what somebody has done
	events chan event
	temper temper
	over   bool // all actors are to go
	calm   bool // nothing breaks any more, and nobody new comes

	// corrected are the calls whose cost a person may have set to something else than the provider's figure.
	corrected map[uuid.UUID]bool
	coverage  map[string]int
	trace     []string
	failure   string
	// queued is how long the trace was when two actors waited for locks at once; 0: they never did. Whoever waits for a
	// row that is then changed looks for its new version, and which of two finds it first is PostgreSQL's to say.
	queued int
}

// outcome is what a simulation ends with.
type outcome struct {
	failure  string // "" when every invariant held
	trace    []string
	coverage map[string]int
	queued   int
}

// ordered is the part of the trace that the seed alone decides.
func (o outcome) ordered() []string {
	if o.queued > 0 {
		return o.trace[:o.queued]
	}
	return o.trace
}

// simulate runs one seed for a number of statements, brings everything to rest, and checks the books.
func simulate(c *cluster, seed uint64, steps int) outcome {
	return simulateWith(c, seed, steps, (*world).newTemper)
}

// simulateWith is simulate with seeds of another temper.
func simulateWith(c *cluster, seed uint64, steps int, of func(*world) temper) outcome {
	w := &world{
		cluster:   c,
		seed:      seed,
		chance:    rand.New(rand.NewPCG(seed, 0x696e66696e38)),
		timeZone:  "UTC",
		corrected: map[uuid.UUID]bool{},
		coverage:  map[string]int{},
		events:    make(chan event, mostActors),
	}
	w.organization = w.newID()
	w.provider = newProvider(w)
	w.books = newBooks(w)
	func() {
		defer w.abandon()
		defer w.rescue()
		w.temper = of(w)
		w.begin()
		for range steps {
			w.step()
		}
		w.rest()
	}()
	return outcome{w.failure, w.trace, w.coverage, w.queued}
}

// rescue ends a simulation that has failed.
func (w *world) rescue() {
	if cause := recover(); cause != nil && cause != (died{}) {
		panic(cause)
	}
}

// abandon ends all actors that are still there.
func (w *world) abandon() {
	w.over = true
	for _, a := range w.actors {
		a.dead = true
		if a.conn != nil && a.standing != pausing {
			wireOf(a.conn).breakAfterAnswer()
		}
	}
	for _, a := range slices.Clone(w.actors) {
		switch a.standing {
		case sending, answered:
			wireOf(a.conn).hangUp()
			a.cancel()
			a.resume <- unbroken
		case pausing:
			a.resume <- unbroken
		}
	}
	for deadline := time.After(patience); len(w.actors) > 0; {
		select {
		case e := <-w.events:
			w.heard(e)
		case <-deadline:
			return // They wait for a lock that is never given back; the simulation has failed before.
		}
	}
}

// moments are where simulations begin: on the eve of months of every length, of clock changes, and amid a month.
var moments = []time.Time{
	time.Date(2026, 1, 31, 23, 59, 50, 0, time.UTC), time.Date(2027, 2, 28, 23, 58, 0, 0, time.UTC),
	time.Date(2028, 2, 29, 23, 59, 58, 0, time.UTC), time.Date(2026, 3, 29, 0, 59, 30, 0, time.UTC),
	time.Date(2026, 10, 31, 22, 59, 55, 0, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
	time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
}

// begin sets the scene: an organization with four workflows, three of which wait for a worker.
func (w *world) begin() {
	w.clock = pick(w, moments)
	for i, skew := range []time.Duration{0, time.Duration(w.chance.IntN(3001)-1500) * time.Millisecond} {
		w.servers = append(w.servers, &server{w: w, number: i, skew: skew})
		w.servers[i].restart()
	}
	ctx, e := context.Background(), w.servers[0].engine
	who := caller.Caller{Actor: "founder", OrganizationID: w.organization, Role: caller.Admin}
	err := e.Admit(ctx, who)
	for range 4 {
		made, failed := e.Create(ctx, who, w.newFlow())
		w.flows = append(w.flows, made.Workflow.ID)
		if err == nil {
			err = failed
		}
	}
	for _, flow := range w.flows[1:] {
		if _, failed := e.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: flow}); err == nil {
			err = failed
		}
	}
	if err != nil {
		w.failf("set the scene: %v", err)
		panic(died{})
	}
	w.books.check()
}

func (w *world) newFlow() engine.CreateInput {
	w.flowID++
	return engine.CreateInput{
		Name:    fmt.Sprintf("Workflow %d", w.flowID),
		Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	}
}

// tick reads the clock; no two readings are equal.
func (w *world) tick() time.Time {
	w.clock = w.clock.Add(time.Microsecond)
	return w.clock
}

// step makes one decision: somebody new comes, time passes, or an actor sends its next statement.
func (w *world) step() {
	ready := w.ready()
	switch {
	case len(ready) == 0 && len(w.actors) > 0:
		w.failf("everybody waits for somebody else's lock: %s", w.standings())
	case !slices.ContainsFunc(w.actors, func(a *actor) bool { return a.role == sweeper.name }):
		w.bear(sweeper)
	case len(w.coming) > 0 && len(w.actors) < w.temper.crowd:
		w.bear(w.coming[0])
		w.coming = w.coming[1:]
	case len(w.actors) == 0 || len(w.actors) < w.temper.crowd && w.oneIn(8):
		w.bear(pick(w, w.temper.roles))
	case w.oneIn(w.temper.passesOneIn):
		w.pass()
	default:
		w.send(pick(w, ready))
	}
	w.stopIfFailed()
}

// bear starts a new actor.
func (w *world) bear(role role) {
	w.born++
	a := &actor{
		w:      w,
		role:   role.name,
		name:   fmt.Sprintf("%s %d", role.name, w.born),
		number: w.born,
		server: pick(w, w.servers),
		mortal: role.mortal,
		events: w.events,
		resume: make(chan breakage),
	}
	w.actors = append(w.actors, a)
	w.tracef("%s comes to server %d", a.name, a.server.number)
	go a.live(role.script)
	w.settle()
}

// breaks decides whether a statement is broken: one that only reads hardly ever, one that every call sends at times,
// and one that is rare whenever there is a fair chance.
func (w *world) breaks(statement string) bool {
	often := 4
	switch statement {
	case "commit", "IdempotencyClaim", "CallReserve", "AccountHold", "AccountBook",
		"CallListDue", "RunListExpired", "WorkflowWake":
		often = 20
	}
	if !mayWrite(statement) {
		often = 90
	}
	return w.chance.IntN(often) < w.temper.fragility
}

// send lets an actor go on, and perhaps breaks its connection or its server on the way.
func (w *world) send(a *actor) {
	statement, at, crash := a.statement, unbroken, false
	if a.standing == sending && !w.calm && w.breaks(statement) {
		at, crash = pick(w, []breakage{beforeStatement, afterStatement}), w.oneIn(2)
		kind := map[breakage]string{beforeStatement: "before", afterStatement: "after"}[at]
		what := map[bool]string{false: "the connection breaks", true: "the server dies"}[crash]
		w.tracef("%s: %s; %s %s it", a.name, statement, what, kind)
		w.saw(what + " " + kind + " a statement")
		w.saw("broken " + kind + " " + statement)
	}
	sends := a.standing == sending
	if crash {
		w.crash(a.server, a)
	}
	w.let(a, at)
	if sends && !w.calm {
		w.saw("sent " + statement)
	}
	if w.digest() || crash || at != unbroken {
		w.books.check()
	}
}

// pass lets time pass: moments mostly, or until a sweeper has something to do, hours at times, and now and then up to
// or over the end of a month.
func (w *world) pass() {
	old := w.clock
	switch n := w.chance.IntN(100); {
	case n < 30 && w.books.due != nil && w.books.due.After(w.clock):
		w.clock = w.books.due.Add(time.Duration(w.chance.IntN(2000)) * time.Millisecond)
	case n < 40:
		w.clock = w.clock.Add(time.Duration(w.chance.IntN(1000)+1) * time.Millisecond)
	case n < 65:
		w.clock = w.clock.Add(time.Duration(w.chance.IntN(45)+1) * time.Second)
	case n < 80:
		w.clock = w.clock.Add(time.Duration(w.chance.IntN(10)+1) * time.Minute)
	case n < 88:
		w.clock = w.clock.Add(61 * time.Minute)
	case n < 93:
		w.clock = w.clock.Add(25 * time.Hour)
	default:
		month, err := cost.Month(w.clock, w.timeZone)
		if err != nil {
			w.failf("the month of %s: %v", w.clock, err)
			return
		}
		w.clock = month.End.Add(time.Duration(w.chance.IntN(200)-100) * time.Millisecond)
	}
	w.saw("time passes")
	w.tracef("the clock goes from %s to %s", old.Format(time.RFC3339Nano), w.clock.Format(time.RFC3339Nano))
}

// oneIn is true once in n times.
func (w *world) oneIn(n int) bool { return w.chance.IntN(n) == 0 }

func pick[T any](w *world, from []T) T { return from[w.chance.IntN(len(from))] }

// saw counts what has happened, so that a simulation that exercises nothing is found out.
func (w *world) saw(what string) { w.coverage[what]++ }

func (w *world) tracef(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%4d  ", len(w.trace))+fmt.Sprintf(format, args...))
}

// failf says which invariant was broken. The first word counts.
func (w *world) failf(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
		w.tracef("FAILED: %s", w.failure)
	}
}
