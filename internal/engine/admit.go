package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// organizations caches the ids of organizations that are in the database, so that not every request needs a query. It
// is emptied when it is full; a missing organization costs one statement.
type organizations struct {
	mu   sync.Mutex
	seen map[uuid.UUID]bool
}

// firstTimeZone is the zone of an organization that has named none.
const firstTimeZone = "UTC"

const organizationsRemembered = 100_000

func (o *organizations) has(id uuid.UUID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[id]
}

func (o *organizations) add(id uuid.UUID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil || len(o.seen) >= organizationsRemembered {
		o.seen = map[uuid.UUID]bool{}
	}
	o.seen[id] = true
}

// Admit writes the caller's organization down when it is seen for the first time, with the limits an organization
// begins with.
func (e *Engine) Admit(ctx context.Context, who caller.Caller) error {
	if e.known.has(who.OrganizationID) {
		return nil
	}
	err := e.store.CreateOrganization(ctx, who, postgres.Organization{
		ID:            who.OrganizationID,
		TimeZone:      firstTimeZone,
		WorkflowLimit: e.workflowLimit,
		MonthLimit:    e.monthLimit,
		CreatedAt:     e.now(),
	})
	if err != nil {
		return fmt.Errorf("admit organization %s: %w", who.OrganizationID, err)
	}
	e.known.add(who.OrganizationID)
	return nil
}
