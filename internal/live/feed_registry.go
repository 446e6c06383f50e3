package live

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

// feedRegistry has the feeds with at least one follower, by organization.
type feedRegistry struct {
	mu    sync.Mutex
	feeds map[uuid.UUID]*organizationFeed
}

// Organization follows all transitions in an organization. A transition arrives within a few milliseconds after its
// commit, or by the next poll when its notification was lost. A transaction that commits late is not missed if its
// transition was dated at most 30 s before its first write. One exception: a transition that was already being made,
// for longer than that, when the first subscriber of this server came, arrives only by its notification. The caller
// must call Close.
func (h *Hub) Organization(id uuid.UUID) (*Stream, error) {
	if err := h.subscribe(); err != nil {
		return nil, err
	}
	f := h.acquireFeed(id)
	release := func() {
		h.feeds.release(f)
		h.unsubscribe()
	}
	return &Stream{feed: f, release: release}, nil
}

// acquireFeed returns the feed of an organization and counts a follower. The first follower starts it.
func (h *Hub) acquireFeed(organization uuid.UUID) *organizationFeed {
	r := &h.feeds
	r.mu.Lock()
	defer r.mu.Unlock()
	f, found := r.feeds[organization]
	if !found {
		if r.feeds == nil {
			r.feeds = map[uuid.UUID]*organizationFeed{}
		}
		ctx, stop := context.WithCancel(h.ctx)
		f = &organizationFeed{
			organization: organization,
			store:        h.store,
			now:          h.now,
			stop:         stop,
			work:         make(chan struct{}, 1),
			resyncs:      &h.resyncs,
			pending:      map[uuid.UUID]postgres.JournalRead{},
			changed:      make(chan struct{}),
		}
		r.feeds[organization] = f
		h.goroutines.Go(func() { f.run(ctx) })
	}
	f.followers++
	return f
}

// release removes a follower, and stops the feed after its last one.
func (r *feedRegistry) release(f *organizationFeed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.followers--; f.followers == 0 {
		f.stop()
		delete(r.feeds, f.organization)
	}
}

// get returns the feed of an organization, or nil when it has no follower.
func (r *feedRegistry) get(organization uuid.UUID) *organizationFeed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.feeds[organization]
}

// notify passes a notification on to the organization's feed, if there is one.
func (r *feedRegistry) notify(n notification) {
	if f := r.get(n.organization); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.notify(n.workflow, int(n.first), int(n.last))
	}
}

// floors returns, for each followed organization, the time after which a poll searches for changes.
func (r *feedRegistry) floors() map[uuid.UUID]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := map[uuid.UUID]time.Time{}
	for id, f := range r.feeds {
		f.mu.Lock()
		if f.ready {
			since[id] = f.floor
		}
		f.mu.Unlock()
	}
	return since
}
