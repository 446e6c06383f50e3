package live

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

const (
	// atOnce is how many workflows one statement looks at.
	atOnce = 1000
	// restless is the shortest time between two looks.
	restless = 250 * time.Millisecond
)

// lookAgain asks for a look at once.
func (h *Hub) lookAgain() {
	select {
	case h.again <- struct{}{}:
	default:
	}
}

// look is the net below all hints: every few seconds it finds what none of them has told. It asks nothing when nobody
// follows anything.
func (h *Hub) look(ctx context.Context) {
	ticker := time.NewTicker(h.catchUp)
	defer ticker.Stop()
	for pause(ctx, min(restless, h.catchUp)) {
		select {
		case <-ticker.C:
		case <-h.again:
		case <-ctx.Done():
			return
		}
		attempt, cancel := context.WithTimeout(ctx, readTime)
		err := h.lookOnce(attempt)
		cancel()
		if err != nil && ctx.Err() == nil {
			h.logger.Warn("the look for missed changes failed and will be repeated", "error", err.Error())
		}
	}
}

func (h *Hub) lookOnce(ctx context.Context) error {
	flows := map[uuid.UUID]uuid.UUID{}
	h.transitions.followed(flows)
	h.entries.followed(flows)
	for len(flows) > 0 {
		some := make(map[uuid.UUID]uuid.UUID, min(atOnce, len(flows)))
		for flow, organization := range flows {
			if len(some) == atOnce {
				break
			}
			some[flow] = organization
			delete(flows, flow)
		}
		numbers, err := h.store.Numbers(ctx, some)
		if err != nil {
			return err
		}
		for _, last := range numbers {
			if last.Ledger {
				h.entries.hear(last.WorkflowID, last.Number)
			} else {
				h.transitions.hear(last.WorkflowID, last.Number)
			}
		}
	}
	return h.lookAtFeeds(ctx)
}

// lookAtFeeds finds the workflows of followed organizations that have moved since the horizon.
func (h *Hub) lookAtFeeds(ctx context.Context) error {
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
	places, err := h.store.MovedSince(ctx, since, mostMoved)
	if err != nil {
		return err
	}
	h.horizon.pass(at, seen)
	byOrganization := map[uuid.UUID][]postgres.Place{}
	for _, p := range places {
		byOrganization[p.OrganizationID] = append(byOrganization[p.OrganizationID], p)
	}
	for organization, floor := range since {
		if f := h.feeds.of(organization); f != nil {
			f.scan(floor, byOrganization[organization], h.horizon.safe.Add(-slack))
		}
	}
	return nil
}

// slack is how much earlier than its first write a transaction may be dated: the difference of two servers' clocks and
// the longest wait for a connection.
const slack = 30 * time.Second

// horizon finds the time before which nothing can be committed any more. Transitions are dated before they are
// committed, and a transaction may stay open for long: whoever looks for the dates after the last look misses it. But
// PostgreSQL says which transactions have ended, and so each time that was marked becomes safe when all of the
// transactions have that had begun to write by then.
type horizon struct {
	safe time.Time
	mark struct {
		at   time.Time
		next int64
	}
}

// pass takes what the database knew at a time, before the look that followed.
func (h *horizon) pass(at time.Time, seen postgres.Horizon) {
	switch {
	case h.mark.at.IsZero() || seen.Next < h.mark.next: // The first look, or at another database.
	case seen.Oldest >= h.mark.next:
		h.safe = h.mark.at
	default:
		return
	}
	h.mark.at, h.mark.next = at, seen.Next
}
