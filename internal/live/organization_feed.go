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
	// keptEvents is how far a subscriber of an organization may fall behind before it is told to read its lists again.
	keptEvents = 1024
	// mostMoved is how many workflows of an organization one look takes in. When more have moved, it cannot say which
	// of them were missed.
	mostMoved = 5000
	// askedAtOnce is how many journals of an organization are read on by one statement, and rowsAtOnce how many rows.
	askedAtOnce, rowsAtOnce = 200, 1000
)

// Event is a transition in an organization, or the word that there may have been others: then whoever keeps a picture
// of the organization reads it again.
type Event struct {
	Resync bool
	Arrival
}

// feed is what happens in one organization, read once for all who follow it on this server. There is no number that
// counts an organization's transitions, so it remembers of each workflow that has moved lately which version was told.
type feed struct {
	organization uuid.UUID
	store        *postgres.Store
	now          func() time.Time
	followers    int // under the lock of feeds
	stop         context.CancelFunc
	work         chan struct{}
	resyncs      *atomic.Int64 // of the hub

	mu sync.Mutex
	// ready says that seen and floor hold.
	ready bool
	// seen has what was told of the workflows that have moved after floor; of all others everything was.
	seen  map[uuid.UUID]postgres.Place
	floor time.Time
	// waiting has what hints have spoken of and was not read yet.
	waiting map[uuid.UUID]postgres.News
	events  []Event
	next    int64         // the number after the last of events
	changed chan struct{} // closed when ready or next changes
}

// run reads on until the context ends.
func (f *feed) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !f.isReady() {
			f.begin(ctx)
		}
		if f.readOn(ctx) {
			continue
		}
		select {
		case <-f.work:
		case <-ctx.Done():
		}
	}
}

func (f *feed) isReady() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

// begin notes where the workflows stand that have moved lately. Of those that move later, all that is younger than
// floor is news.
func (f *feed) begin(ctx context.Context) {
	floor := f.now().Add(-slack)
	places, err := patiently(ctx, func(ctx context.Context) ([]postgres.Place, error) {
		return f.store.MovedSince(ctx, map[uuid.UUID]time.Time{f.organization: floor}, mostMoved)
	})
	if err != nil {
		return
	}
	if len(places) == mostMoved {
		floor = places[mostMoved-1].At
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.floor, f.ready, f.seen = floor, true, map[uuid.UUID]postgres.Place{}
	for _, p := range places {
		f.seen[p.WorkflowID] = p
	}
	for id, news := range f.waiting { // Heard before floor was known.
		news.Since = floor
		f.waiting[id] = news
	}
	if f.next > 0 { // Not the first time, which every subscriber begins with.
		f.resyncs.Add(1)
	}
	f.tell(Event{Resync: true})
}

// tell adds events for all who follow. The lock is held.
func (f *feed) tell(events ...Event) {
	f.events = append(f.events, events...)
	f.events = f.events[max(0, len(f.events)-keptEvents):]
	f.next += int64(len(events))
	close(f.changed)
	f.changed = make(chan struct{})
}

// hear takes a hint that versions from first to last are there. The lock is held.
func (f *feed) hear(flow uuid.UUID, first, last int) {
	if place, moved := f.seen[flow]; moved && place.Version >= last {
		return
	}
	news, waits := f.waiting[flow]
	if !waits {
		news = postgres.News{WorkflowID: flow, Told: first, Since: f.floor}
	}
	news.Told = min(news.Told, first)
	f.waiting[flow] = news
	f.wake()
}

// wake lets the reader go on.
func (f *feed) wake() {
	select {
	case f.work <- struct{}{}:
	default:
	}
}

// scan takes what a look has found: where all workflows stand that have moved since floor. Only what is younger than
// safe can still come to light, so what is older is forgotten.
func (f *feed) scan(since time.Time, places []postgres.Place, safe time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready || !f.floor.Equal(since) { // It has begun again during the look.
		return
	}
	if len(places) >= mostMoved {
		f.ready = false
		f.wake()
		return
	}
	for _, p := range places {
		f.hear(p.WorkflowID, p.Version, p.Version)
	}
	if !safe.After(f.floor) {
		return
	}
	f.floor = safe
	for id, p := range f.seen {
		if _, waits := f.waiting[id]; !waits && !p.At.After(safe) {
			delete(f.seen, id)
		}
	}
}

// readOn reads some of what waits and tells it, and reports whether there was anything.
func (f *feed) readOn(ctx context.Context) bool {
	asked := f.asked()
	if len(asked) == 0 {
		return false
	}
	arrivals, err := patiently(ctx, func(ctx context.Context) ([]Arrival, error) {
		return f.store.NewTransitions(ctx, reader(f.organization), asked, rowsAtOnce)
	})
	if err != nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready {
		return true
	}
	var events []Event
	for _, a := range arrivals {
		id, version := a.Workflow.ID, a.Transition.Version
		if place, moved := f.seen[id]; moved && place.Version >= version {
			continue
		}
		f.seen[id] = postgres.Place{
			OrganizationID: f.organization, WorkflowID: id, Version: version, At: a.Transition.At,
		}
		events = append(events, Event{Arrival: a})
	}
	if len(arrivals) == rowsAtOnce { // There may be more.
		for _, news := range asked {
			f.hear(news.WorkflowID, news.Told, math.MaxInt32)
		}
	}
	if len(events) > 0 {
		f.tell(events...)
	}
	return true
}

// asked is what is read next. What is heard of it from now on is for the statement after.
func (f *feed) asked() []postgres.News {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready {
		return nil
	}
	var asked []postgres.News
	for id, news := range f.waiting {
		if len(asked) == askedAtOnce {
			break
		}
		news.After = -1
		if place, moved := f.seen[id]; moved {
			news.After, news.Told = place.Version, place.Version
		}
		asked = append(asked, news)
		delete(f.waiting, id)
	}
	return asked
}

// Stream is one subscriber's place in what happens in an organization.
type Stream struct {
	feed    *feed
	next    int64
	begun   bool
	release func()
	once    sync.Once
}

// Next returns the next events, at least one. The first says Resync: what happens from then on is told, so whoever
// reads its lists after it misses nothing. Then each transition is told once, in the order of its workflow. Resync
// again says that there is a hole: the subscriber was too slow, or too much has happened while this server was deaf. It
// fails only when the context ends.
func (s *Stream) Next(ctx context.Context) ([]Event, error) {
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

// take returns what there is for the subscriber, or when to ask again.
func (s *Stream) take() ([]Event, <-chan struct{}) {
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
		return []Event{{Resync: true}}, nil
	}
	events := f.events[s.next-first:]
	s.next = f.next
	return events, f.changed
}

// Close ends the subscription.
func (s *Stream) Close() { s.once.Do(s.release) }

// feeds has the feeds that are followed, by organization.
type feeds struct {
	mu   sync.Mutex
	feed map[uuid.UUID]*feed
}

// Organization follows all transitions in an organization. A transition is told within a few milliseconds after its
// commit; when its hint was lost, within the time between two looks. None is missed however late its transaction
// commits, as long as it was dated no more than 30 s before its first write; one that was being made when the first
// subscriber of this server came, for longer than that, is told by its hint alone. Close must be called.
func (h *Hub) Organization(id uuid.UUID) (*Stream, error) {
	if err := h.enter(); err != nil {
		return nil, err
	}
	h.feeds.mu.Lock()
	defer h.feeds.mu.Unlock()
	f, followed := h.feeds.feed[id]
	if !followed {
		if h.feeds.feed == nil {
			h.feeds.feed = map[uuid.UUID]*feed{}
		}
		ctx, stop := context.WithCancel(h.ctx)
		f = &feed{
			organization: id, store: h.store, now: h.now, stop: stop, work: make(chan struct{}, 1),
			waiting: map[uuid.UUID]postgres.News{}, changed: make(chan struct{}), resyncs: &h.resyncs,
		}
		h.feeds.feed[id] = f
		h.all.Go(func() { f.run(ctx) })
	}
	f.followers++
	return &Stream{feed: f, release: func() { h.feeds.give(f); h.leave() }}, nil
}

// give takes a follower off, and ends the feed after the last one.
func (s *feeds) give(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.followers--; f.followers == 0 {
		f.stop()
		delete(s.feed, f.organization)
	}
}

// of returns the feed of an organization, or nil when nobody follows it.
func (s *feeds) of(organization uuid.UUID) *feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.feed[organization]
}

// hear takes a hint.
func (s *feeds) hear(said hint) {
	if f := s.of(said.organization); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.hear(said.workflow, int(said.first), int(said.last))
	}
}

// floors says from when on the organizations that are followed must be looked at.
func (s *feeds) floors() map[uuid.UUID]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := map[uuid.UUID]time.Time{}
	for id, f := range s.feed {
		f.mu.Lock()
		if f.ready {
			since[id] = f.floor
		}
		f.mu.Unlock()
	}
	return since
}
