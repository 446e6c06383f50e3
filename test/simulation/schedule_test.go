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

// timeout is the longest time that the driver waits for an event. It decides nothing else.
const timeout = time.Minute

// actorState is the state of an actor for the driver.
type actorState int

const (
	running  actorState = iota // it computes, or a statement is in flight
	pausing                    // between two calls
	sending                    // a statement is about to be sent
	answered                   // a statement has ended and its answer is unread
	blocked                    // a statement waits for another actor's lock
	departed                   // its script has ended
)

// actor calls the engine like a client of the API, a worker, a sweeper or an administrator. It runs on its own
// goroutine, but only while the driver lets it. It parks before and after every statement, and at every pause of its
// script. So a seed determines the order of all statements of all actors on any machine.
type actor struct {
	w      *world
	role   string
	name   string
	number int
	server *server
	// mortal actors run in the server and end with it. Others lose only the answer and continue at another server.
	mortal bool
	asked  int // number of requests

	events chan<- event
	resume chan breakage

	// The driver owns the fields below while the actor is parked, and the actor owns them while it runs.
	state     actorState
	statement string
	result    string
	within    bool    // its transaction is open, so its changes are invisible
	holds     bool    // its transaction is open, so that others may wait for its locks
	written   changes // what its transaction has written so far
	conn      *pgx.Conn
	cancel    context.CancelFunc
	broken    bool // a connection has broken in this call: any error is allowed
	crashed   bool // its server has died during this call
	dead      bool // the call has seen the death of its server: none of its later statements reaches the database
}

// event is the message of an actor that has parked.
type event struct {
	actor     *actor
	state     actorState
	statement string
	result    string
	conn      *pgx.Conn
	within    bool
}

// died is the panic that ends the script of an actor whose server or simulation has ended.
type died struct{}

// park gives control to the driver. It returns when the driver resumes the actor.
func (a *actor) park(e event) breakage {
	e.actor = a
	a.events <- e
	return <-a.resume
}

// pause lets other actors and the clock proceed.
func (a *actor) pause() {
	a.park(event{state: pausing})
	if a.w.over || a.crashed && a.mortal {
		panic(died{})
	}
}

// live runs a script until it ends or its server dies.
func (a *actor) live(script func(*actor)) {
	defer func() {
		if cause := recover(); cause != nil && cause != (died{}) {
			a.w.failf("the script of %s: %v", a.name, cause)
		}
		a.events <- event{actor: a, state: departed}
	}()
	a.pause()
	script(a)
}

// as returns the caller of a new request. Its name is unique, so that each row of the books belongs to one request.
func (a *actor) as() caller.Caller {
	a.asked++
	return caller.Caller{
		Actor: fmt.Sprintf("%s/%d", a.name, a.asked), OrganizationID: a.w.organization, Role: caller.Admin,
	}
}

// key returns a unique idempotency key.
func (a *actor) key() string { return fmt.Sprintf("%s key %d", a.name, a.asked) }

// call calls the engine of the actor's server. It returns a refusal of the verb or the error of a broken connection.
// Any other error fails the simulation.
func (a *actor) call(verb string, do func(context.Context, *engine.Engine) error) error {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), actorKey{}, a))
	defer cancel()
	a.cancel, a.broken, a.crashed, a.dead = cancel, false, false, false
	err := do(ctx, a.server.engine)
	switch {
	case a.w.over || a.crashed && a.mortal:
		panic(died{})
	case a.crashed:
		// The actor got no answer, and uses another server next.
		a.server = a.w.servers[(a.server.number+1)%len(a.w.servers)]
		err = errCut
	case err != nil && !a.broken:
		a.w.checkAnswer(a, verb, err)
	}
	a.w.note(a, verb, err)
	return err
}

// persist repeats a call a few times while its result is unknown.
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

// ambiguous reports whether the result of a call is unknown after this error.
func ambiguous(err error) bool { return err != nil && !expected(err) }

type actorKey struct{}

// tracer parks actors before and after their statements. It ignores statements without an actor.
type tracer struct{}

func (tracer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return parkBefore(ctx, conn, nameOf(data.SQL))
}

func (tracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	parkAfter(ctx, conn, data.CommandTag.String(), data.Err)
}

// batch is a statement that is sent together with the statements before it. The wire sees one message.
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
		return // pgx reports a batch that could not be sent twice.
	}
	b.ended = true
	parkAfter(ctx, conn, b.result, data.Err)
}

// parkBefore parks an actor before a statement.
func parkBefore(ctx context.Context, conn *pgx.Conn, statement string) context.Context {
	a, _ := ctx.Value(actorKey{}).(*actor)
	switch {
	case a == nil:
		return ctx
	case a.dead: // The context of a booking outlives its call.
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return ended
	}
	if at := a.park(event{state: sending, statement: statement, conn: conn}); at != unbroken {
		a.broken = true
		wireOf(conn).breakAt(at)
	}
	return ctx
}

// parkAfter parks an actor after a statement.
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
		state:  answered,
		result: result,
		conn:   conn,
		within: status == 'T' || status == 'E',
	})
}

func wireOf(conn *pgx.Conn) *wire { return conn.PgConn().Conn().(*wire) }

// nameOf returns the name of a query, or the statement itself.
func nameOf(sql string) string {
	name, found := strings.CutPrefix(sql, "-- name: ")
	if !found {
		return sql
	}
	name, _, _ = strings.Cut(name, " ")
	return name
}

// settle waits until every actor is parked, blocked by a lock, or gone. Only the driver can change these states, so the
// length of the wait does not matter.
func (w *world) settle() {
	deadline, pause := time.After(timeout), 2*time.Millisecond
	for {
		if !slices.ContainsFunc(w.actors, func(a *actor) bool { return a.state == running }) && !w.unblocked() {
			return
		}
		select {
		case e := <-w.events:
			w.record(e)
		case <-time.After(pause):
			w.findBlocked()
			pause *= 2
		case <-deadline:
			w.failf("an actor is neither parked nor blocked: %s", w.actorStates())
			panic(died{})
		}
	}
}

// record records the event of an actor that has parked.
func (w *world) record(e event) {
	a := e.actor
	a.state = e.state
	switch e.state {
	case sending:
		a.statement, a.conn = e.statement, e.conn
	case answered:
		a.result, a.within, a.holds = e.result, e.within, e.within
	case departed:
		w.actors = slices.DeleteFunc(w.actors, func(other *actor) bool { return other == a })
	}
}

// findBlocked marks running actors whose statement waits for a lock.
func (w *world) findBlocked() {
	for _, a := range w.actors {
		if a.state == running && a.statement != "" && w.mayWait(a) && w.waits(a) {
			w.recordQueue()
			a.state = blocked
			w.saw("blocked")
		}
	}
}

// recordQueue records that a second actor begins to wait for a lock.
func (w *world) recordQueue() {
	if w.queued == 0 && slices.ContainsFunc(w.actors, func(a *actor) bool { return a.state == blocked }) {
		w.queued = len(w.trace)
	}
}

// unblocked marks blocked actors as running when they have their lock. It reports whether there was one.
func (w *world) unblocked() (any bool) {
	for _, a := range w.actors {
		if a.state == blocked && !w.waits(a) {
			a.state, any = running, true
		}
	}
	return any
}

// waits asks PostgreSQL whether an actor's statement waits for a lock.
func (w *world) waits(a *actor) (waits bool) {
	err := w.cluster.judge.QueryRow(context.Background(), `SELECT cardinality(pg_blocking_pids($1)) > 0`,
		int32(a.conn.PgConn().PID())).Scan(&waits)
	if err != nil {
		w.failf("read the blocked backends: %v", err)
	}
	return waits
}

// let resumes a parked actor and waits until all actors are parked, blocked or gone.
func (w *world) let(a *actor, at breakage) {
	a.within = false
	a.state = running
	a.resume <- at
	w.settle()
}

// ready returns the actors that can be resumed, in the order of their creation.
func (w *world) ready() []*actor {
	return slices.DeleteFunc(slices.Clone(w.actors), func(a *actor) bool {
		return a.state != sending && a.state != pausing
	})
}

// crash ends a server. Its calls have no further effect, except a statement that waits for a lock: PostgreSQL executes
// it later, without a reader of the answer. The caller still has to send or drop the victim's statement.
func (w *world) crash(s *server, victim *actor) {
	dying := slices.DeleteFunc(slices.Clone(w.actors), func(a *actor) bool {
		return a.server != s || a == victim || a.state == pausing && !a.mortal
	})
	for _, a := range dying {
		a.crashed, a.broken = true, true
		if a.state == blocked {
			wireOf(a.conn).breakAfterAnswer()
		}
	}
	for _, a := range dying {
		switch a.state {
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
	a.dead, a.statement, a.holds = true, "", false
	w.let(a, unbroken)
}

// actorStates describes all actors, for the report of a simulation that cannot continue.
func (w *world) actorStates() string {
	var all []string
	for _, a := range w.actors {
		all = append(all, fmt.Sprintf("%s %d %s", a.name, a.state, a.statement))
	}
	return strings.Join(all, "; ")
}

// newID returns an id that the seed determines.
func (w *world) newID() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(w.chance.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
