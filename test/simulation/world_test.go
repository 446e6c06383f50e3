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
// with a new organization. Each seed leaves it quiescent.
type cluster struct {
	db    *testdb.DB
	pools [2]*pgxpool.Pool
	// judge reads the rows of all organizations.
	judge *pgxpool.Pool
	// seeds are the seeds of the workflows.
	seeds map[string]uint64
}

func newCluster(t testing.TB, mutations ...*mutation) *cluster {
	t.Helper()
	c, l := &cluster{db: testdb.NewSimulated(t), seeds: map[string]uint64{}}, &line{mutations: mutations}
	t.Cleanup(l.close)
	c.openJudge(t)
	for i := range c.pools {
		config, err := pgxpool.ParseConfig(c.db.URL)
		if err != nil {
			t.Fatal(err)
		}
		config.ConnConfig.RuntimeParams["role"] = postgres.AppRole
		config.ConnConfig.RuntimeParams["timezone"] = "UTC"
		// Connections are often new here, so five custom plans before the generic plan would be too slow.
		config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
		config.ConnConfig.RuntimeParams["jit"] = "off"
		config.ConnConfig.Tracer = tracer{}
		config.ConnConfig.TLSConfig, config.ConnConfig.Fallbacks = nil, nil // A wire must read the messages.
		config.ConnConfig.DialFunc = l.wire(config.ConnConfig.DialFunc)
		config.MaxConns = 2 * mostActors // No actor may wait for a connection: the driver could not see that.
		config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
		// pgx does not notice that a connection has ended when the context ends before a statement is sent.
		config.PrepareConn = func(_ context.Context, conn *pgx.Conn) (bool, error) { return !wireOf(conn).gone.Load(), nil }
		if c.pools[i], err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.pools[i].Close)
	}
	return c
}

// openJudge connects the judge, whose few questions are asked very often.
func (c *cluster) openJudge(t testing.TB) {
	t.Helper()
	config, err := pgxpool.ParseConfig(c.db.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.MaxConns = 1
	if c.judge, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.judge.Close)
}

// server is one process of the engine, with its own pool and clock.
type server struct {
	w      *world
	number int
	skew   time.Duration
	engine *engine.Engine
}

// restart creates a new engine, which loses all state in memory. The pool stays, because its idle connections have no
// state.
func (s *server) restart() {
	e, err := engine.New(engine.Options{
		BookedTogether: 1, // No actor waits for another one in the program.
		Store:          postgres.New(s.w.cluster.pools[s.number]),
		Jobs:           jobs{s.w},
		Drives: []workflow.StepKey{
			workflow.StepICP, workflow.StepCompetitor, workflow.StepClustering, workflow.StepValidation,
			workflow.StepArticle, workflow.StepPublish,
		},
		WorkflowLimit: workflowLimit,
		MonthLimit:    monthLimit,
		ArticleCap:    writtenCap,
		Units:         engine.UnitLimits{PerWorkflow: unitsOfWorkflow, PerOrganization: unitsOfOrganization},
		SweptAtOnce:   1,
		NewID:         s.w.newID,
		Now:           s.now,
		Jitter:        s.w.chance.Float64,
	})
	if err != nil {
		panic(err)
	}
	s.engine = e
}

// now reads the server's clock.
func (s *server) now() time.Time { return s.w.tick().Add(s.skew) }

// workflowLimit and monthLimit are the organization's first limits: a few calls. articleCap is less than a workflow's.
// mostActors is the number of actors at the same time.
const workflowLimit, monthLimit, articleCap, mostActors = 50 * cent, 140 * cent, 20 * cent, 5

// world is one simulation. The seed determines everything in it.
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
	units        *units
	sites        *sites
	press        *press
	flows        []uuid.UUID
	// articles have budgets in the first workflow.
	articles  []uuid.UUID
	waiting   []uuid.UUID // workflows that wait for a worker
	flowID    int
	cancelled int

	actors  []*actor
	born    int
	coming  []role // roles of the next actors
	events  chan event
	profile profile
	over    bool // true when all actors must end
	calm    bool // true when there are no more failures and no new actors

	// corrected are the calls whose cost a person may have set to a wrong figure.
	corrected map[uuid.UUID]bool
	coverage  map[string]int
	trace     []string
	failure   string
	// queued is the length of the trace when two actors first waited for locks at once, or 0. From then on PostgreSQL may
	// decide their order.
	queued int
}

// outcome is the result of a simulation.
type outcome struct {
	failure  string // "" when no invariant is broken
	trace    []string
	coverage map[string]int
	queued   int
}

// ordered returns the part of the trace that the seed alone determines.
func (o outcome) ordered() []string {
	if o.queued > 0 {
		return o.trace[:o.queued]
	}
	return o.trace
}

// simulate runs one seed for a number of steps, waits for quiescence and checks the books.
func simulate(c *cluster, seed uint64, steps int) outcome {
	return simulateWith(c, seed, steps, (*world).newProfile)
}

// simulateWith is simulate with another profile.
func simulateWith(c *cluster, seed uint64, steps int, of func(*world) profile) outcome {
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
	w.units, w.sites, w.press = newUnits(w), newSites(w), newPress(w)
	w.books = newBooks(w)
	func() {
		defer w.abandon()
		defer w.rescue()
		w.profile = of(w)
		w.begin()
		for act := range max(1, w.profile.acts) {
			if act > 0 { // People go on with what has come to rest.
				w.comeToRest()
				w.calm = false
			}
			for range steps * max(1, w.profile.length) {
				w.step()
			}
		}
		w.quiesce()
	}()
	return outcome{w.failure, w.trace, w.coverage, w.queued}
}

// rescue ends a failed simulation.
func (w *world) rescue() {
	if cause := recover(); cause != nil && cause != (died{}) {
		panic(cause)
	}
}

// abandon ends all remaining actors.
func (w *world) abandon() {
	w.over = true
	for _, a := range w.actors {
		a.dead = true
		if a.conn != nil && a.state != pausing {
			wireOf(a.conn).breakAfterAnswer()
		}
	}
	for _, a := range slices.Clone(w.actors) {
		switch a.state {
		case sending, answered:
			wireOf(a.conn).hangUp()
			a.cancel()
			a.resume <- unbroken
		case pausing:
			a.resume <- unbroken
		}
	}
	for deadline := time.After(timeout); len(w.actors) > 0; {
		select {
		case e := <-w.events:
			w.record(e)
		case <-deadline:
			return // The actors wait for a lock that is never released, because the simulation has failed.
		}
	}
}

// begin creates the servers and an organization with what the profile needs.
func (w *world) begin() {
	w.clock = pick(w, moments)
	for i, skew := range []time.Duration{0, time.Duration(w.chance.IntN(3001)-1500) * time.Millisecond} {
		w.servers = append(w.servers, &server{w: w, number: i, skew: skew})
		w.servers[i].restart()
	}
	who := caller.Caller{Actor: "founder", OrganizationID: w.organization, Role: caller.Admin}
	err := w.servers[0].engine.Admit(context.Background(), who)
	if err == nil {
		err = w.profile.begin(w, w.servers[0].engine, who)
	}
	if err != nil {
		w.failf("create the organization: %v", err)
		panic(died{})
	}
	w.books.check(ofAll)
}

// tick reads the clock. No two readings are equal.
func (w *world) tick() time.Time {
	w.clock = w.clock.Add(time.Microsecond)
	return w.clock
}

// step makes one decision: it adds an actor, moves the clock, or lets an actor send its next statement.
func (w *world) step() {
	w.sites.deliver(false)
	ready := w.ready()
	switch {
	case len(ready) == 0 && len(w.actors) > 0:
		w.failf("all actors wait for locks: %s", w.actorStates())
	case !slices.ContainsFunc(w.actors, func(a *actor) bool { return a.role == sweeper.name }):
		w.startActor(sweeper)
	case len(w.coming) > 0 && len(w.actors) < w.profile.crowd:
		w.startActor(w.coming[0])
		w.coming = w.coming[1:]
	case len(w.actors) == 0 || len(w.actors) < w.profile.crowd && w.oneIn(8):
		w.startActor(pick(w, w.profile.roles))
	case w.oneIn(w.profile.passesOneIn):
		w.pass()
	default:
		w.send(pick(w, ready))
	}
	w.stopIfFailed()
}

// startActor starts a new actor.
func (w *world) startActor(role role) {
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

// breaks decides whether a statement is broken: rarely if it only reads, sometimes if every call sends it, often if it
// is rare.
func (w *world) breaks(statement string) bool {
	often := 4
	switch statement {
	case "commit", "IdempotencyClaim", "CallHoldCreate", "CallSettlementCreate", "AccountBook",
		"CallListDue", "RunListExpired", "WorkflowWake":
		often = 20
	}
	if !mayWrite(statement) {
		often = 90
	}
	return w.chance.IntN(often*max(1, w.profile.patience)) < w.profile.fragility
}

// send resumes an actor, and may break its connection or its server.
func (w *world) send(a *actor) {
	statement, at, crash := a.statement, unbroken, false
	if a.state == sending && !w.calm && w.breaks(statement) {
		at, crash = pick(w, []breakage{beforeStatement, afterStatement}), w.oneIn(2)
		kind := map[breakage]string{beforeStatement: "before", afterStatement: "after"}[at]
		what := map[bool]string{false: "the connection breaks", true: "the server dies"}[crash]
		w.tracef("%s: %s; %s %s it", a.name, statement, what, kind)
		w.saw(what + " " + kind + " a statement")
		w.saw("broken " + kind + " " + statement)
	}
	sends := a.state == sending
	if crash {
		w.crash(a.server, a)
	}
	w.let(a, at)
	if sends && !w.calm {
		w.saw("sent " + statement)
	}
	committed := w.digest()
	if crash || at != unbroken {
		committed = ofAll
	}
	w.books.check(committed)
}

// pass moves the clock: mostly by a moment, or until a call is due, sometimes by hours, and sometimes to or over the
// end of a month.
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
