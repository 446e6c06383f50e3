// Package audit reads the journals for others to check: it verifies them, exports them, and compares the ledger with a
// provider's figures. It writes nothing.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// Auditor reads a store. To see all organizations the store's connections belong to the owner of the tables.
type Auditor struct {
	store *postgres.Store
	now   func() time.Time
}

// New returns an auditor; now is its clock.
func New(store *postgres.Store, now func() time.Time) *Auditor {
	return &Auditor{store: store, now: now}
}

// organization returns an organization, or NOT_FOUND.
func (a *Auditor) organization(ctx context.Context, id uuid.UUID) (postgres.Organization, error) {
	o, found, err := a.store.Organization(ctx, caller.Caller{OrganizationID: id})
	if err != nil {
		return o, fmt.Errorf("read organization %s: %w", id, err)
	}
	if !found {
		return o, fault.New(fault.NotFound, "There is no such organization.")
	}
	return o, nil
}
