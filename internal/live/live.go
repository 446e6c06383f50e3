// Package live tells subscribers what has happened, as soon as it has and exactly once: it reads the journals and hands
// out their rows in order. The journal is the event log and its number the cursor; a wake-up, be it from this server
// after its own commit, from another one over NOTIFY, or from the look that is taken every few seconds, is only a hint
// to read on, so it may be lost, come late or come twice. It writes nothing, and refuses to decide who may follow what:
// whoever asks has been shown the workflow before.
package live

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Arrival is a transition with the workflow as the transition left it.
type Arrival = postgres.Arrival

// ErrFull says that this server has as many subscriptions as it takes.
var ErrFull = errors.New("this server has as many subscriptions as it takes")

// Options are the hub's neighbours and numbers. Store and Connection are required.
type Options struct {
	Store *postgres.Store
	// Connection is how the two connections of the hub's own are made, one to listen and one to notify. It must lead to
	// the server itself: a pooler that lends connections by transaction loses notifications.
	Connection *pgx.ConnConfig
	Logger     *slog.Logger // slog.Default when nil
	// Pause is how long changes are collected before other servers are told of them together. 15 ms when zero.
	Pause time.Duration
	// CatchUp is how often the hub looks for what no hint has told it. 5 s when zero.
	CatchUp time.Duration
	// Most is how many subscriptions there may be at once. 20 000 when zero.
	Most int
	// Now is the clock that transitions are dated with; time.Now when nil.
	Now func() time.Time
}

// Hub is where subscribers and changes meet. A store that tells its Announce, see postgres.Store.Telling, is the
// source.
type Hub struct {
	store   *postgres.Store
	logger  *slog.Logger
	catchUp time.Duration
	now     func() time.Time
	name    string // of this server, among those that notify each other
	connect *pgx.ConnConfig

	transitions shelf[Arrival]
	entries     shelf[cost.Entry]
	feeds       feeds
	notifier    *notifier
	horizon     horizon // of the look that is taken every few seconds

	most  int64
	count atomic.Int64
	// resyncs counts the holes that subscribers were told of.
	resyncs atomic.Int64

	again   chan struct{} // asks for a look at once
	stopped chan struct{} // closed when Run has ended
	ctx     context.Context
	cancel  context.CancelFunc
	all     sync.WaitGroup
}

// New returns a hub that runs nothing yet.
func New(o Options) (*Hub, error) {
	if o.Store == nil || o.Connection == nil {
		return nil, errors.New("a hub needs a store and a connection")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &Hub{
		store: o.Store, logger: o.Logger, catchUp: cmp.Or(o.CatchUp, 5*time.Second), now: o.Now,
		name: uuid.NewString(), connect: o.Connection.Copy(), most: int64(cmp.Or(o.Most, 20_000)),
		again: make(chan struct{}, 1), stopped: make(chan struct{}), ctx: ctx, cancel: cancel,
	}
	h.connect.RuntimeParams["application_name"] = "infin8 live"
	h.notifier = newNotifier(h.name, cmp.Or(o.Pause, 15*time.Millisecond), h.dial, h.logger)
	return h, nil
}

// Run listens to other servers and looks for what hints have missed, until the context ends. Whoever serves
// subscriptions should end them when Stopped says so: nothing wakes them any more.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopped)
	var both sync.WaitGroup
	both.Go(func() { h.listen(ctx) })
	both.Go(func() { h.look(ctx) })
	both.Wait()
	return nil
}

// Stopped is closed when Run has ended.
func (h *Hub) Stopped() <-chan struct{} { return h.stopped }

// Close tells other servers of the last changes and gives back what the hub has opened. Run must have ended.
func (h *Hub) Close() {
	h.cancel()
	h.all.Wait()
}

// Announce wakes the subscribers of this server at once, and those of others within Pause and a bit. It does not block.
func (h *Hub) Announce(changes []postgres.Change) {
	hints := make([]hint, 0, len(changes))
	for _, c := range changes {
		if c.Suspected {
			continue // It is in no journal.
		}
		said := hint{
			organization: c.OrganizationID, workflow: c.WorkflowID, ledger: c.Ledger, first: c.Number, last: c.Number,
		}
		h.hear(said)
		hints = append(hints, said)
	}
	if len(hints) == 0 {
		return
	}
	h.notifier.start.Do(func() { h.all.Go(func() { h.notifier.run(h.ctx) }) })
	h.notifier.add(hints)
}

// hear wakes whoever follows what a hint speaks of.
func (h *Hub) hear(said hint) {
	if said.ledger {
		h.entries.hear(said.workflow, said.last)
		return
	}
	h.transitions.hear(said.workflow, said.last)
	h.feeds.hear(said)
}

// Transitions follows the journal of a workflow from the version after a given one on: −1 begins at the beginning. Each
// transition comes with the workflow as it left it. Close must be called.
func (h *Hub) Transitions(flow workflow.Workflow, after int) (*Journal[Arrival], error) {
	who := reader(flow.OrganizationID)
	read := func(ctx context.Context, after int64, first int32) ([]Arrival, error) {
		found, err := h.store.Transitions(ctx, who, []uuid.UUID{flow.ID}, int(after), first)
		arrivals := make([]Arrival, len(found[flow.ID]))
		for i, made := range found[flow.ID] {
			arrivals[i] = Arrival{Workflow: flow.LeftBy(made), Transition: made}
		}
		return arrivals, err
	}
	return follow(h, &h.transitions, flow, int64(after), read)
}

// Entries follows the ledger of a workflow's account from the entry after a sequence number on: −1 begins at the
// beginning. Close must be called.
func (h *Hub) Entries(flow workflow.Workflow, after int64) (*Journal[cost.Entry], error) {
	who := reader(flow.OrganizationID)
	read := func(ctx context.Context, after int64, first int32) ([]cost.Entry, error) {
		found, err := h.store.Entries(ctx, who, []uuid.UUID{flow.ID}, after, first)
		return found[flow.ID], err
	}
	return follow(h, &h.entries, flow, after, read)
}

func follow[T any](
	h *Hub, s *shelf[T], flow workflow.Workflow, after int64, read readFunc[T],
) (*Journal[T], error) {
	if err := h.enter(); err != nil {
		return nil, err
	}
	t := s.take(flow, read)
	return &Journal[T]{tail: t, after: after, release: func() { s.give(flow.ID, t); h.leave() }}, nil
}

// enter counts a subscription.
func (h *Hub) enter() error {
	if h.count.Add(1) > h.most {
		h.leave()
		return ErrFull
	}
	return nil
}

func (h *Hub) leave() { h.count.Add(-1) }

// Subscriptions is how many there are now.
func (h *Hub) Subscriptions() int64 { return h.count.Load() }

// Resyncs is how often subscribers were told so far that there is a hole and that they must read their lists again.
func (h *Hub) Resyncs() int64 { return h.resyncs.Load() }

// reader is who reads for all subscribers of an organization together. Each of them was asked for its rights before.
func reader(organization uuid.UUID) caller.Caller {
	return caller.Caller{Actor: "live", OrganizationID: organization, Role: caller.Viewer}
}
