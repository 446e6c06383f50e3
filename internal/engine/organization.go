package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// organizations remembers which organizations are written down, so that not every request asks. It forgets everything
// when it is full; a forgotten organization costs one statement.
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
		ID: who.OrganizationID, TimeZone: firstTimeZone, WorkflowLimit: e.workflowLimit, MonthLimit: e.monthLimit,
		CreatedAt: e.now(),
	})
	if err != nil {
		return fmt.Errorf("admit organization %s: %w", who.OrganizationID, err)
	}
	e.known.add(who.OrganizationID)
	return nil
}

// Organization returns the caller's organization with its running month.
func (e *Engine) Organization(ctx context.Context, who caller.Caller) (Organization, error) {
	o, err := e.organization(ctx, who)
	if err != nil {
		return Organization{}, err
	}
	month, err := e.store.RunningMonth(ctx, who, o, e.now())
	if err != nil {
		return Organization{}, fmt.Errorf("read the month of organization %s: %w", o.ID, err)
	}
	return Organization{
		ID: o.ID, TimeZone: o.TimeZone, WorkflowLimit: o.WorkflowLimit, MonthLimit: o.MonthLimit,
		CreatedAt: o.CreatedAt, Month: month, WebhookURL: o.WebhookURL,
	}, nil
}

func (e *Engine) organization(ctx context.Context, who caller.Caller) (postgres.Organization, error) {
	o, found, err := e.store.Organization(ctx, who)
	if err != nil {
		return o, fmt.Errorf("read organization %s: %w", who.OrganizationID, err)
	}
	if !found {
		return o, notFound("organization")
	}
	return o, nil
}

// monthTries is how often a month is computed anew because the time zone was just changed.
const monthTries = 5

// month returns the account of the month that a time falls in. It opens the month when this is its first call.
func (e *Engine) month(ctx context.Context, who caller.Caller, at time.Time) (cost.Account, error) {
	for range monthTries {
		month, found, err := e.store.Month(ctx, who, at)
		if err != nil || found {
			return month, err
		}
		o, err := e.organization(ctx, who)
		if err != nil {
			return month, err
		}
		period, err := e.store.MonthPeriod(ctx, who, at, o.TimeZone)
		if err != nil {
			return month, err
		}
		err = e.store.OpenMonth(ctx, who, postgres.NewMonth{ID: e.newID(), Period: period, TimeZone: o.TimeZone, At: at})
		if err != nil {
			return month, fmt.Errorf("open the month from %s: %w", period.Start, err)
		}
	}
	month, found, err := e.store.Month(ctx, who, at)
	if err == nil && !found {
		err = fmt.Errorf("the month of %s cannot be opened", at)
	}
	return month, err
}
