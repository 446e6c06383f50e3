package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
)

// patience is how long the driver waits for a fact before it gives up. Nothing is decided by it.
const patience = 20 * time.Second

// standing is where an actor is, as the driver sees it.
type standing int

const (
	running  standing = iota // it computes, or a statement of its is under way
	pausing                  // between two of its calls
	sending                  // a statement is about to be sent
	answered                 // a statement has ended, and its answer was not looked at yet
	blocked                  // a statement waits for a lock of another actor
	departed                 // its script is over
)

// actor is somebody who calls the engine: a client of the API, a worker, a sweeper, an administrator. It runs on a
// goroutine of its own, but only ever when the driver lets it: it parks before and after every statement and wherever
// its script pauses. So one seed is one order of all statements of all actors, whatever the machine does.
type actor struct {
	w      *world
	role   string
	name   string
	number int
	server *server
	// mortal: it lives in the server and ends with it. The others lose only the answer and go on elsewhere.
	mortal bool
	asked  int // requests so far

	events chan<- event
	resume chan breakage

	// What follows is the driver's while the actor is parked, and the actor's while it runs.
	standing  standing
	statement string
	result    string
	within    bool // its transaction goes on: nobody sees yet what the statement has done
	conn      *pgx.Conn
	cancel    context.CancelFunc
	broken    bool // something was broken in this call: any error is to be expected
	crashed   bool // its server has died in this call
	dead      bool // and the call has heard of it: nothing that it still tries reaches the database
}

// event is an actor's word that it has parked.
type event struct {
	actor     *actor
	standing  standing
	statement string
	result    string
	conn      *pgx.Conn
	within    bool
}

// died unwinds the script of an actor whose server has died, or whose world has ended.
type died struct{}

// park hands control to the driver and returns when it comes back.
func (a *actor) park(e event) breakage {
	e.actor = a
	a.events <- e
	return <-a.resume
}

// pause lets others go first, and time pass.
func (a *actor) pause() {
	a.park(event{standing: pausing})
	if a.w.over || a.crashed && a.mortal {
		panic(died{})
	}
}

// live runs a script until it is over or its server dies.
func (a *actor) live(script func(*actor)) {
	defer func() {
		if cause := recover(); cause != nil && cause != (died{}) {
			a.w.failf("the script of %s: %v", a.name, cause)
		}
		a.events <- event{actor: a, standing: departed}
	}()
	a.pause()
	script(a)
}

// as returns the caller of a new request. Its name is in the books, so that each row there leads to one request.
func (a *actor) as() caller.Caller {
	a.asked++
	return caller.Caller{
		Actor: fmt.Sprintf("%s/%d", a.name, a.asked), OrganizationID: a.w.organization, Role: caller.Admin,
	}
}

// key returns an idempotency key that nobody else uses.
func (a *actor) key() string { return fmt.Sprintf("%s key %d", a.name, a.asked) }

// call calls the engine of the actor's server. An error that comes back is one that the verb may answer with, or that
// of a broken connection; any other ends the simulation.
func (a *actor) call(verb string, do func(context.Context, *engine.Engine) error) error {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), actorKey{}, a))
	defer cancel()
	a.cancel, a.broken, a.crashed, a.dead = cancel, false, false, false
	err := do(ctx, a.server.engine)
	switch {
	case a.w.over || a.crashed && a.mortal:
		panic(died{})
	case a.crashed:
		// It was told nothing, whatever has happened, and asks another server next.
		a.server = a.w.servers[(a.server.number+1)%len(a.w.servers)]
		err = errCut
	case err != nil && !a.broken:
		a.w.judge(a, verb, err)
	}
	a.w.note(a, verb, err)
	return err
}

// persist repeats a call as long as nobody knows whether it was carried out, a few times.
func (a *actor) persist(verb string, do func(context.Context, *engine.Engine) error) error {
	var err error
	for range 6 {
		if err = a.call(verb, do); !ambiguous(err) {
			break
		}
		a.w.saw("repeated " + verb)
		a.pause()
	}
	return err
}

// ambiguous reports an error after which nobody knows whether the call was carried out.
func ambiguous(err error) bool { return err != nil && !expected(err) }

type actorKey struct{}

// tracer parks actors before and after their statements. What carries no actor is not the simulation's business.
type tracer struct{}

func (tracer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return parkBefore(ctx, conn, nameOf(data.SQL))
}

func (tracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	parkAfter(ctx, conn, data.CommandTag.String(), data.Err)
}

// batch is a statement that is sent together with what is said before it: to the wire the two are one.
type batch struct {
	result string
	ended  bool
}

type batchKey struct{}

func (tracer) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	statement := ""
	for _, q := range data.Batch.QueuedQueries {
		if name := nameOf(q.SQL); name != q.SQL {
			statement = name
		}
	}
	return parkBefore(context.WithValue(ctx, batchKey{}, &batch{}), conn, statement)
}

func (tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if b := ctx.Value(batchKey{}).(*batch); nameOf(data.SQL) != data.SQL {
		b.result = data.CommandTag.String()
	}
}

func (tracer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	b := ctx.Value(batchKey{}).(*batch)
	if b.ended {
		return // The driver says it twice of a batch that could not be sent.
	}
	b.ended = true
	parkAfter(ctx, conn, b.result, data.Err)
}

// parkBefore parks an actor before its statement.
func parkBefore(ctx context.Context, conn *pgx.Conn, statement string) context.Context {
	a, _ := ctx.Value(actorKey{}).(*actor)
	if a == nil || a.dead {
		return ctx
	}
	if at := a.park(event{standing: sending, statement: statement, conn: conn}); at != unbroken {
		a.broken = true
		wireOf(conn).breakAt(at)
	}
	return ctx
}

// parkAfter parks an actor after its statement.
func parkAfter(ctx context.Context, conn *pgx.Conn, result string, err error) {
	a, _ := ctx.Value(actorKey{}).(*actor)
	if a == nil || a.dead {
		return
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		result = "failed"
	}
	status := conn.PgConn().TxStatus()
	a.park(event{
		standing: answered,
		result:   result,
		conn:     conn,
		within:   status == 'T' || status == 'E',
	})
}

func wireOf(conn *pgx.Conn) *wire { return conn.PgConn().Conn().(*wire) }

// nameOf returns the name of a query of ours, or the statement itself.
func nameOf(sql string) string {
	name, found := strings.CutPrefix(sql, "-- name: ")
	if !found {
		return sql
	}
	name, _, _ = strings.Cut(name, " ")
	return name
}

// settle waits until every actor is parked, blocked by another one's lock, or gone. Each of these is a fact that only
// the driver can change, so that it does not matter how long the wait takes.
func (w *world) settle() {
	deadline, pause := time.After(patience), 2*time.Millisecond
	for {
		if !slices.ContainsFunc(w.actors, func(a *actor) bool { return a.standing == running }) && !w.unblocked() {
			return
		}
		select {
		case e := <-w.events:
			w.heard(e)
		case <-time.After(pause):
			w.findBlocked()
			pause *= 2
		case <-deadline:
			w.failf("an actor neither answers nor waits for another one: %s", w.standings())
			panic(died{})
		}
	}
}

// heard notes what an actor said when it parked.
func (w *world) heard(e event) {
	a := e.actor
	a.standing = e.standing
	switch e.standing {
	case sending:
		a.statement, a.conn = e.statement, e.conn
	case answered:
		a.result, a.within = e.result, e.within
	case departed:
		w.actors = slices.DeleteFunc(w.actors, func(other *actor) bool { return other == a })
	}
}

// findBlocked marks the running actors whose statement waits for a lock.
func (w *world) findBlocked() {
	for _, a := range w.actors {
		if a.standing == running && a.statement != "" && w.waits(a) {
			w.queues()
			a.standing = blocked
			w.saw("blocked")
		}
	}
}

// queues notes that another actor waits already when one begins to.
func (w *world) queues() {
	if w.queued == 0 && slices.ContainsFunc(w.actors, func(a *actor) bool { return a.standing == blocked }) {
		w.queued = len(w.trace)
	}
}

// unblocked marks the blocked actors whose lock has come free as running, and reports whether there was one.
func (w *world) unblocked() (any bool) {
	for _, a := range w.actors {
		if a.standing == blocked && !w.waits(a) {
			a.standing, any = running, true
		}
	}
	return any
}

// waits asks the server whether an actor's statement waits for somebody's lock.
func (w *world) waits(a *actor) (waits bool) {
	err := w.cluster.db.Super.QueryRow(context.Background(), `SELECT cardinality(pg_blocking_pids($1)) > 0`,
		int32(a.conn.PgConn().PID())).Scan(&waits)
	if err != nil {
		w.failf("ask who is blocked: %v", err)
	}
	return waits
}

// let resumes a parked actor and waits until all is still again.
func (w *world) let(a *actor, at breakage) {
	a.within = false
	a.standing = running
	a.resume <- at
	w.settle()
}

// digest lets each actor that was answered go on to its next statement, one after the other. It reports whether one of
// the answers may have changed the books.
func (w *world) digest() (changed bool) {
	for {
		i := slices.IndexFunc(w.actors, func(a *actor) bool { return a.standing == answered })
		if i < 0 {
			return changed
		}
		a := w.actors[i]
		changed = changed || mayWrite(a.statement) && !a.within
		w.tracef("  %s: %s → %s", a.name, a.statement, a.result)
		if a.crashed {
			w.kill(a)
			continue
		}
		a.statement = ""
		w.let(a, unbroken)
	}
}

// ready returns the actors that can be let go on, in the order in which they came.
func (w *world) ready() []*actor {
	return slices.DeleteFunc(slices.Clone(w.actors), func(a *actor) bool {
		return a.standing != sending && a.standing != pausing
	})
}

// crash ends a server: whatever it was doing has no further effect, but for a statement that waits for a lock, which
// PostgreSQL carries out when its turn comes, although nobody waits for the answer. victim's statement has still to be
// sent or swallowed, as it was chosen.
func (w *world) crash(s *server, victim *actor) {
	dying := slices.DeleteFunc(slices.Clone(w.actors), func(a *actor) bool {
		return a.server != s || a == victim || a.standing == pausing && !a.mortal
	})
	for _, a := range dying {
		a.crashed, a.broken = true, true
		if a.standing == blocked {
			wireOf(a.conn).breakAfterAnswer()
		}
	}
	for _, a := range dying {
		switch a.standing {
		case sending:
			w.kill(a)
		case pausing:
			w.let(a, unbroken)
		}
	}
	victim.crashed, victim.broken = true, true
	s.restart()
}

// kill ends the call of an actor that is parked at a statement.
func (w *world) kill(a *actor) {
	wireOf(a.conn).hangUp()
	a.cancel()
	a.dead, a.statement = true, ""
	w.let(a, unbroken)
}

// standings says where everybody is, for the report of a simulation that is stuck.
func (w *world) standings() string {
	var all []string
	for _, a := range w.actors {
		all = append(all, fmt.Sprintf("%s %d %s", a.name, a.standing, a.statement))
	}
	return strings.Join(all, "; ")
}

// newID returns identifiers that follow from the seed.
func (w *world) newID() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(w.chance.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
