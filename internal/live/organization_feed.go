package live

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

const (
	// feedEvents is how many events a subscriber may be behind before it gets a Resync.
	feedEvents = 1024
	// maxMoved limits the changed workflows that one poll reads per organization. At the limit, the feed restarts with a
	// Resync.
	maxMoved = 5000
	// feedJournals is how many journals one statement reads, and feedRows how many rows.
	feedJournals, feedRows = 200, 1000
)

// OrganizationEvent is a transition in an organization, or a Resync. A Resync means that events may be missing. The
// subscriber must reload its lists.
type OrganizationEvent struct {
	Resync bool
	TransitionEvent
}

// organizationFeed reads the transitions of one organization once for all its followers on this server. An organization
// has no sequence number. So the feed keeps the last delivered version of each recently changed workflow.
type organizationFeed struct {
	organization uuid.UUID
	store        *postgres.Store
	now          func() time.Time
	followers    int // guarded by the lock of feedRegistry
	stop         context.CancelFunc
	work         chan struct{}
	resyncs      *atomic.Int64 // of the hub

	mu sync.Mutex
	// ready says that delivered and floor are valid.
	ready bool
	// delivered holds, per workflow changed after floor, the last version published or covered by a Resync. A missing
	// workflow has no undelivered transition up to floor, unless it is pending.
	delivered map[uuid.UUID]postgres.WorkflowPosition
	// Polls search for changes after floor.
	floor time.Time
	// pending holds the journals to read next. Notifications and polls add to it.
	pending map[uuid.UUID]postgres.JournalRead
	events  []OrganizationEvent
	next    int64         // the number after the last of events
	changed chan struct{} // publish closes and replaces this channel
}

// run reads until the context ends.
func (f *organizationFeed) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !f.isReady() {
			f.begin(ctx)
		}
		if f.readPending(ctx) {
			continue
		}
		select {
		case <-f.work:
		case <-ctx.Done():
		}
	}
}

func (f *organizationFeed) isReady() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

// begin loads the versions of recently changed workflows and publishes a Resync. Their later versions are new.
func (f *organizationFeed) begin(ctx context.Context) {
	floor := f.now().Add(-slack)
	positions, err := retry(ctx, func(ctx context.Context) ([]postgres.WorkflowPosition, error) {
		return f.store.MovedSince(ctx, map[uuid.UUID]time.Time{f.organization: floor}, maxMoved)
	})
	if err != nil {
		return
	}
	if len(positions) == maxMoved {
		floor = positions[maxMoved-1].At
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.floor, f.ready, f.delivered = floor, true, map[uuid.UUID]postgres.WorkflowPosition{}
	for _, p := range positions {
		f.delivered[p.WorkflowID] = p
	}
	for id, read := range f.pending { // From notifications before floor was set.
		read.Since = floor
		f.pending[id] = read
	}
	if f.next > 0 { // The first Resync of the feed does not mean missing events.
		f.resyncs.Add(1)
	}
	f.publish(OrganizationEvent{Resync: true})
}

// publish adds events for all followers. The caller holds mu.
func (f *organizationFeed) publish(events ...OrganizationEvent) {
	f.events = append(f.events, events...)
	f.events = f.events[max(0, len(f.events)-feedEvents):]
	f.next += int64(len(events))
	close(f.changed)
	f.changed = make(chan struct{})
}

// notify handles a notification that versions first to last are committed. The caller holds mu.
func (f *organizationFeed) notify(workflowID uuid.UUID, first, last int) {
	if position, known := f.delivered[workflowID]; known && position.Version >= last {
		return
	}
	read, pending := f.pending[workflowID]
	if !pending {
		read = postgres.JournalRead{WorkflowID: workflowID, NotifiedVersion: first, Since: f.floor}
	}
	read.NotifiedVersion = min(read.NotifiedVersion, first)
	f.pending[workflowID] = read
	f.wake()
}

// wake makes run read.
func (f *organizationFeed) wake() {
	select {
	case f.work <- struct{}{}:
	default:
	}
}

// applyPoll handles the result of a poll: the positions of the workflows that have changed after since. No transition
// dated up to safe can become visible any more. So applyPoll removes the delivered entries up to safe.
func (f *organizationFeed) applyPoll(since time.Time, positions []postgres.WorkflowPosition, safe time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready || !f.floor.Equal(since) { // The feed has restarted during the poll.
		return
	}
	if len(positions) >= maxMoved {
		f.ready = false
		f.wake()
		return
	}
	for _, p := range positions {
		f.notify(p.WorkflowID, p.Version, p.Version)
	}
	if !safe.After(f.floor) {
		return
	}
	f.floor = safe
	for id, p := range f.delivered {
		if _, pending := f.pending[id]; !pending && !p.At.After(safe) {
			delete(f.delivered, id)
		}
	}
}

// readPending reads some of the pending journals and publishes their rows. It reports whether there were any.
func (f *organizationFeed) readPending(ctx context.Context) bool {
	reads := f.takePending()
	if len(reads) == 0 {
		return false
	}
	transitions, err := retry(ctx, func(ctx context.Context) ([]TransitionEvent, error) {
		return f.store.NewTransitions(ctx, reader(f.organization), reads, feedRows)
	})
	if err != nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready {
		return true
	}
	var events []OrganizationEvent
	for _, t := range transitions {
		id, version := t.Workflow.ID, t.Transition.Version
		if position, known := f.delivered[id]; known && position.Version >= version {
			continue
		}
		f.delivered[id] = postgres.WorkflowPosition{
			OrganizationID: f.organization,
			WorkflowID:     id,
			Version:        version,
			At:             t.Transition.At,
		}
		events = append(events, OrganizationEvent{TransitionEvent: t})
	}
	if len(transitions) == feedRows {
		// The limit may have cut rows. MaxInt32 forces each journal back into pending.
		for _, read := range reads {
			f.notify(read.WorkflowID, read.NotifiedVersion, math.MaxInt32)
		}
	}
	if len(events) > 0 {
		f.publish(events...)
	}
	return true
}

// takePending removes the journals of the next read from pending and returns them. A later notification adds a journal
// again.
func (f *organizationFeed) takePending() []postgres.JournalRead {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready {
		return nil
	}
	var reads []postgres.JournalRead
	for id, read := range f.pending {
		if len(reads) == feedJournals {
			break
		}
		// After a known version, all later rows are new. Otherwise Since or NotifiedVersion selects the rows.
		read.AfterVersion = -1
		if position, known := f.delivered[id]; known {
			read.AfterVersion, read.NotifiedVersion = position.Version, position.Version+1
		}
		reads = append(reads, read)
		delete(f.pending, id)
	}
	return reads
}

// Stream is one subscriber's position in the events of an organization.
type Stream struct {
	feed    *organizationFeed
	next    int64
	begun   bool
	release func()
	once    sync.Once
}

// Next returns the next events, at least one. The first is a Resync: a subscriber that reads its lists after it misses
// nothing. Each transition arrives once, in version order per workflow. A later Resync means missing events.
// Hub.Organization documents one exception. Next fails only when the context ends.
func (s *Stream) Next(ctx context.Context) ([]OrganizationEvent, error) {
	for {
		events, changed := s.take()
		if len(events) > 0 {
			return events, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns the next events. Without events, it returns a channel that the next publish closes.
func (s *Stream) take() ([]OrganizationEvent, <-chan struct{}) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if !s.begun && !f.ready {
		return nil, f.changed
	}
	first := f.next - int64(len(f.events))
	if !s.begun || s.next < first {
		if s.begun {
			f.resyncs.Add(1)
		}
		s.begun, s.next = true, f.next
		return []OrganizationEvent{{Resync: true}}, nil
	}
	events := f.events[s.next-first:]
	s.next = f.next
	return events, f.changed
}

// Close ends the subscription.
func (s *Stream) Close() { s.once.Do(s.release) }
