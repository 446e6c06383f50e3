package live

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

const (
	// pollBatch is how many workflows one statement of a poll reads.
	pollBatch = 1000
	// minPollPause is the shortest time between two polls.
	minPollPause = 250 * time.Millisecond
)

// requestPoll makes the next poll start at once.
func (h *Hub) requestPoll() {
	select {
	case h.pollRequest <- struct{}{}:
	default:
	}
}

// poll finds journal rows whose notification was lost, every few seconds. It runs no statement while there is no
// subscription.
func (h *Hub) poll(ctx context.Context) {
	ticker := time.NewTicker(h.pollInterval)
	defer ticker.Stop()
	for pause(ctx, min(minPollPause, h.pollInterval)) {
		select {
		case <-ticker.C:
		case <-h.pollRequest:
		case <-ctx.Done():
			return
		}
		attempt, cancel := context.WithTimeout(ctx, readTimeout)
		err := h.pollOnce(attempt)
		cancel()
		if err != nil && ctx.Err() == nil {
			h.logger.Warn("poll for missed changes failed; it is repeated", "error", err.Error())
		}
	}
}

func (h *Hub) pollOnce(ctx context.Context) error {
	flows := map[uuid.UUID]uuid.UUID{}
	h.transitions.addFollowed(flows)
	h.entries.addFollowed(flows)
	h.units.addFollowed(flows)
	for len(flows) > 0 {
		batch := make(map[uuid.UUID]uuid.UUID, min(pollBatch, len(flows)))
		for flow, organization := range flows {
			if len(batch) == pollBatch {
				break
			}
			batch[flow] = organization
			delete(flows, flow)
		}
		numbers, err := h.store.Numbers(ctx, batch)
		if err != nil {
			return err
		}
		for _, last := range numbers {
			switch journalOf(last) {
			case ledgerEntries:
				h.entries.notify(last.WorkflowID, last.Number)
			case unitEvents:
				h.units.notify(last.WorkflowID, last.Number)
			default:
				h.transitions.notify(last.WorkflowID, last.Number)
			}
		}
	}
	if err := h.pollBatches(ctx); err != nil {
		return err
	}
	return h.pollFeeds(ctx)
}

// pollBatches finds results of followed batches whose notification was lost.
func (h *Hub) pollBatches(ctx context.Context) error {
	batches := map[uuid.UUID]uuid.UUID{}
	h.batches.addFollowed(batches)
	if len(batches) == 0 {
		return nil
	}
	numbers, err := h.store.BatchNumbers(ctx, batches)
	for _, last := range numbers {
		h.batches.notify(last.WorkflowID, last.Number)
	}
	return err
}

// pollFeeds finds the workflows of followed organizations that have moved since the horizon.
func (h *Hub) pollFeeds(ctx context.Context) error {
	since := h.feeds.floors()
	if len(since) == 0 {
		h.horizon = horizon{}
		return nil
	}
	at := h.now()
	seen, err := h.store.Horizon(ctx)
	if err != nil {
		return err
	}
	positions, err := h.store.MovedSince(ctx, since, maxMoved)
	if err != nil {
		return err
	}
	h.horizon.advance(at, seen)
	byOrganization := map[uuid.UUID][]postgres.WorkflowPosition{}
	for _, p := range positions {
		byOrganization[p.OrganizationID] = append(byOrganization[p.OrganizationID], p)
	}
	for organization, floor := range since {
		if f := h.feeds.get(organization); f != nil {
			f.applyPoll(floor, byOrganization[organization], h.horizon.safe.Add(-slack))
		}
	}
	return nil
}

// slack is how much earlier than its first write a transaction may be dated: the difference of two servers' clocks and
// the longest wait for a connection.
const slack = 30 * time.Second

// horizon finds the time before which no transition can become visible any more. A transition is dated before it is
// committed, and its transaction may stay open for long, so a poll for dates after the last poll would miss it.
// PostgreSQL reports which transactions have ended. A marked time becomes safe when all transactions that had begun to
// write by then have ended.
type horizon struct {
	safe time.Time
	mark struct {
		at   time.Time
		next int64
	}
}

// advance takes the state of the database's transactions at a time. The poll for transitions follows it.
func (h *horizon) advance(at time.Time, seen postgres.Horizon) {
	switch {
	case h.mark.at.IsZero() || seen.Next < h.mark.next: // The first poll, or another database.
	case seen.Oldest >= h.mark.next:
		h.safe = h.mark.at
	default:
		return
	}
	h.mark.at, h.mark.next = at, seen.Next
}
