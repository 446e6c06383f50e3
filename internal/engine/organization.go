package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// settingsChange is a change of an organization's settings.
type settingsChange struct {
	reason string
	at     time.Time
	apply  func(*postgres.Organization)
}

// Organization is the tenant with its running month.
type Organization struct {
	ID                        uuid.UUID
	TimeZone                  string
	WorkflowLimit, MonthLimit cost.Limit
	CreatedAt                 time.Time
	WebhookURL                string // "" when it has none
	// Month is the account of the running month. Before the first call of a month nothing is written for it: then its
	// ID is the nil UUID and its balance is zero with the organization's limit.
	Month cost.Account
}

// changeIn changes an organization's settings within a transaction, which keeps them until it ends. Settings that are
// as they shall be get no row in the journal.
func (e *Engine) changeIn(ctx context.Context, tx *postgres.Store, who caller.Caller, c settingsChange) error {
	is, there, err := tx.LockOrganization(ctx, who)
	if is, err = found(is, there, err, "organization"); err != nil {
		return err
	}
	shall := is
	if c.apply(&shall); shall == is {
		return nil
	}
	_, won, err := tx.ChangeOrganization(ctx, who, shall, c.reason, c.at)
	if err == nil && !won {
		err = errors.New("the settings have changed although they were locked")
	}
	return err
}

// Organization returns the caller's organization with its running month. One statement.
func (e *Engine) Organization(ctx context.Context, who caller.Caller) (Organization, error) {
	o, err := e.organizationInMonth(ctx, who, e.now())
	if err != nil {
		return Organization{}, err
	}
	return Organization{
		ID:            o.ID,
		TimeZone:      o.TimeZone,
		WorkflowLimit: o.WorkflowLimit,
		MonthLimit:    o.MonthLimit,
		CreatedAt:     o.CreatedAt,
		Month:         o.Month,
		WebhookURL:    o.WebhookURL,
	}, nil
}

func (e *Engine) organizationInMonth(
	ctx context.Context, who caller.Caller, at time.Time,
) (postgres.OrganizationInMonth, error) {
	o, found, err := e.store.OrganizationInMonth(ctx, who, at)
	if err != nil {
		return o, fmt.Errorf("read organization %s: %w", who.OrganizationID, err)
	}
	if !found {
		return o, notFound("organization")
	}
	return o, nil
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
		o, err := e.organizationInMonth(ctx, who, at)
		if err != nil {
			return month, err
		}
		if o.Month.ID != uuid.Nil { // Another caller has opened it since.
			continue
		}
		err = e.store.OpenMonth(ctx, who, postgres.NewMonth{
			ID:       e.newID(),
			Period:   *o.Month.Period,
			TimeZone: o.TimeZone,
			At:       at,
		})
		if err != nil {
			return month, fmt.Errorf("open the month from %s: %w", o.Month.Period.Start, err)
		}
	}
	month, found, err := e.store.Month(ctx, who, at)
	if err == nil && !found {
		err = fmt.Errorf("the month of %s cannot be opened", at)
	}
	return month, err
}
