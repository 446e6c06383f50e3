// Package live delivers journal rows to subscribers within milliseconds of their commit, each row once and in order.
// A workflow has three journals, and a batch has one; the number of a row is the cursor. Feeds of an organization may
// have gaps, and say so. A notification says that there are rows to read. It comes from this server after its own
// commit, from another server by NOTIFY, or from a poll every few seconds. It may be lost, late or repeated. The
// package writes no rows and authorizes nothing: its caller checks that a subscriber may read the workflow.
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

// TransitionEvent is a transition with the workflow as the transition left it.
type TransitionEvent = postgres.TransitionEvent

// ErrFull is the error of a subscription beyond Options.MaxSubscriptions.
var ErrFull = errors.New("this server has as many subscriptions as it takes")

// Options are the dependencies and limits of a hub. Store and Connection are required.
type Options struct {
	Store *postgres.Store
	// Connection configures the hub's own two connections, one for LISTEN and one for NOTIFY. It must lead to the
	// database server itself: a pooler that lends connections by transaction loses notifications.
	Connection *pgx.ConnConfig
	Logger     *slog.Logger // slog.Default when nil
	// NotifyDelay is how long changes are collected before one NOTIFY sends them to other servers. 15 ms when zero.
	NotifyDelay time.Duration
	// PollInterval is the time between two polls for rows whose notification was lost. 5 s when zero.
	PollInterval time.Duration
	// MaxSubscriptions is how many subscriptions there may be at once. 20 000 when zero.
	MaxSubscriptions int
	// Now is the clock that dates transitions; time.Now when nil.
	Now func() time.Time
}

// Hub connects subscribers with changes. Its source is a store that calls Announce after each commit.
type Hub struct {
	store        *postgres.Store
	logger       *slog.Logger
	pollInterval time.Duration
	now          func() time.Time
	name         string // of this server, in notifications
	connect      *pgx.ConnConfig

	transitions registry[TransitionEvent]
	entries     registry[cost.Entry]
	units       registry[workflow.UnitEvent]
	batches     registry[postgres.BatchItem]
	feeds       feedRegistry
	notifier    *notifier
	horizon     horizon // the time before which no transition can still appear, for the polls of feeds

	maxSubscriptions int64
	subscriptions    atomic.Int64
	// resyncs counts the restarts of feeds and the subscribers that fell behind.
	resyncs atomic.Int64

	pollRequest chan struct{}
	stopped     chan struct{} // closed when Run has ended
	ctx         context.Context
	cancel      context.CancelFunc
	goroutines  sync.WaitGroup
}

// New returns a hub. It starts no goroutine.
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
		store:            o.Store,
		logger:           o.Logger,
		pollInterval:     cmp.Or(o.PollInterval, 5*time.Second),
		now:              o.Now,
		name:             uuid.NewString(),
		connect:          o.Connection.Copy(),
		maxSubscriptions: int64(cmp.Or(o.MaxSubscriptions, 20_000)),
		pollRequest:      make(chan struct{}, 1),
		stopped:          make(chan struct{}),
		ctx:              ctx,
		cancel:           cancel,
	}
	h.connect.RuntimeParams["application_name"] = "infin8 live"
	h.notifier = newNotifier(h.name, cmp.Or(o.NotifyDelay, 15*time.Millisecond), h.dial, h.logger)
	return h, nil
}

// Run receives notifications of other servers and polls, until the context ends. The owner of a subscription should
// end it when Stopped is closed, since no change wakes it afterwards.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopped)
	var both sync.WaitGroup
	both.Go(func() { h.listen(ctx) })
	both.Go(func() { h.poll(ctx) })
	both.Wait()
	return nil
}

// Stopped is closed when Run has ended.
func (h *Hub) Stopped() <-chan struct{} { return h.stopped }

// Close sends the last notifications to other servers and closes the hub's connections. Run must have ended.
func (h *Hub) Close() {
	h.cancel()
	h.goroutines.Wait()
}

// Announce wakes the subscribers of this server at once, and those of other servers shortly after NotifyDelay. It does
// not block.
func (h *Hub) Announce(changes []postgres.Change) {
	notifications := make([]notification, 0, len(changes))
	for _, c := range changes {
		if c.CallUnknown {
			continue // An unknown outcome is a row in no journal.
		}
		n := notification{
			organization: c.OrganizationID,
			workflow:     c.WorkflowID,
			journal:      journalOf(c),
			first:        c.Number,
			last:         c.Number,
		}
		h.notify(n)
		notifications = append(notifications, n)
	}
	if len(notifications) == 0 {
		return
	}
	h.notifier.start.Do(func() { h.goroutines.Go(func() { h.notifier.run(h.ctx) }) })
	h.notifier.add(notifications)
}

// notify wakes the subscribers of the journal that a notification names.
func (h *Hub) notify(n notification) {
	switch n.journal {
	case ledgerEntries:
		h.entries.notify(n.workflow, n.last)
	case unitEvents:
		h.units.notify(n.workflow, n.last)
	case batchResults:
		h.batches.notify(n.workflow, n.last)
	default:
		h.transitions.notify(n.workflow, n.last)
		h.feeds.notify(n)
	}
}

// Transitions follows the journal of a workflow from the version after the given one; −1 starts at the first. Each
// transition comes with the workflow as it left it. The caller must call Close.
func (h *Hub) Transitions(flow workflow.Workflow, after int) (*Journal[TransitionEvent], error) {
	who := reader(flow.OrganizationID)
	read := func(ctx context.Context, after int64, first int32) ([]TransitionEvent, error) {
		found, err := h.store.Transitions(ctx, who, []uuid.UUID{flow.ID}, int(after), first)
		events := make([]TransitionEvent, len(found[flow.ID]))
		for i, made := range found[flow.ID] {
			events[i] = TransitionEvent{Workflow: flow.LeftBy(made), Transition: made}
		}
		return events, err
	}
	return follow(h, &h.transitions, owner{flow.OrganizationID, flow.ID}, int64(after), read)
}

// Entries follows the ledger of a workflow's account from the entry after the given sequence number; −1 starts at the
// first. The caller must call Close.
func (h *Hub) Entries(flow workflow.Workflow, after int64) (*Journal[cost.Entry], error) {
	who := reader(flow.OrganizationID)
	read := func(ctx context.Context, after int64, first int32) ([]cost.Entry, error) {
		found, err := h.store.Entries(ctx, who, []uuid.UUID{flow.ID}, after, first)
		return found[flow.ID], err
	}
	return follow(h, &h.entries, owner{flow.OrganizationID, flow.ID}, after, read)
}

// Units follows the events of a workflow's units from the one after the given sequence number; −1 starts at the first.
// The caller must call Close.
func (h *Hub) Units(flow workflow.Workflow, after int) (*Journal[workflow.UnitEvent], error) {
	who := reader(flow.OrganizationID)
	read := func(ctx context.Context, after int64, first int32) ([]workflow.UnitEvent, error) {
		return h.store.UnitEvents(ctx, who, flow.ID, int(after), first)
	}
	return follow(h, &h.units, owner{flow.OrganizationID, flow.ID}, int64(after), read)
}

// Batch follows the results of a batch from the one after the given position; −1 starts at the first. The caller must
// call Close.
func (h *Hub) Batch(b postgres.Batch, after int) (*Journal[postgres.BatchItem], error) {
	who := reader(b.OrganizationID)
	read := func(ctx context.Context, after int64, first int32) ([]postgres.BatchItem, error) {
		return h.store.BatchItems(ctx, who, postgres.BatchItemPage{
			BatchID:   b.ID,
			Outcomes:  []workflow.BatchOutcome{workflow.BatchDone, workflow.BatchRefused},
			Ascending: true,
			Position:  int(after),
			First:     first,
		})
	}
	return follow(h, &h.batches, owner{b.OrganizationID, b.ID}, int64(after), read)
}

func follow[T any](h *Hub, r *registry[T], of owner, after int64, read readFunc[T]) (*Journal[T], error) {
	if err := h.subscribe(); err != nil {
		return nil, err
	}
	t := r.acquire(of, read)
	release := func() {
		r.release(of.id, t)
		h.unsubscribe()
	}
	return &Journal[T]{tail: t, after: after, release: release}, nil
}

// subscribe counts a subscription, or returns ErrFull.
func (h *Hub) subscribe() error {
	if h.subscriptions.Add(1) > h.maxSubscriptions {
		h.unsubscribe()
		return ErrFull
	}
	return nil
}

func (h *Hub) unsubscribe() { h.subscriptions.Add(-1) }

// Subscriptions returns the number of open subscriptions.
func (h *Hub) Subscriptions() int64 { return h.subscriptions.Load() }

// Resyncs returns the number of Resyncs that meant missing events, since the start. The restart of a feed counts once
// for all its subscribers. A subscriber that falls behind counts once each time.
func (h *Hub) Resyncs() int64 { return h.resyncs.Load() }

// reader is the caller that reads once for all subscribers of an organization. The rights of each subscriber were
// checked before.
func reader(organization uuid.UUID) caller.Caller {
	return caller.Caller{Actor: "live", OrganizationID: organization, Role: caller.Viewer}
}
