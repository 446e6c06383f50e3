// Package report computes figures from the ledger and the journal: usage, cost, forecast and funnel. It writes nothing.
package report

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// Reporter reads a store on behalf of a caller and sees the caller's organization only.
type Reporter struct {
	store *postgres.Store
	clock func() time.Time
}

// New returns a reporter; now is its clock.
func New(store *postgres.Store, now func() time.Time) *Reporter {
	return &Reporter{store: store, clock: now}
}

// now is the time as the database keeps it, in whole microseconds.
func (r *Reporter) now() time.Time { return r.clock().UTC().Truncate(time.Microsecond) }

var errNoOrganization = fault.New(fault.NotFound, "There is no such organization.")

// organization returns the caller's organization, or NOT_FOUND.
func (r *Reporter) organization(ctx context.Context, who caller.Caller) (postgres.Organization, error) {
	o, found, err := r.store.Organization(ctx, who)
	if err != nil {
		return o, fmt.Errorf("read organization %s: %w", who.OrganizationID, err)
	}
	if !found {
		return o, errNoOrganization
	}
	return o, nil
}
