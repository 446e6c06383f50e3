package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Organization is the tenant.
type Organization struct {
	ID                        uuid.UUID
	Version                   int
	TimeZone                  string
	WorkflowLimit, MonthLimit cost.Limit
	CreatedAt                 time.Time
	// WebhookURL is the address for alerts, "" for none. WebhookVersion is the change that has set it.
	WebhookURL     string
	WebhookVersion int
}

// CreateOrganization writes the caller's organization if it is new.
func (s *Store) CreateOrganization(ctx context.Context, who caller.Caller, o Organization) error {
	return translate(s.forTenant(who.OrganizationID).OrganizationCreate(ctx, dbsqlc.OrganizationCreateParams{
		OrganizationID:    o.ID,
		TimeZone:          o.TimeZone,
		Actor:             who.Actor,
		WorkflowLimitPico: o.WorkflowLimit,
		MonthLimitPico:    o.MonthLimit,
		At:                o.CreatedAt,
	}))
}

// Organization returns the caller's organization.
func (s *Store) Organization(ctx context.Context, who caller.Caller) (o Organization, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).OrganizationGet(ctx, who.OrganizationID)
	return one(row, err, toOrganization)
}

// OrganizationInMonth is an organization with the account of the month that a time falls in. While that month is not
// opened, the account has the nil UUID and a balance of zero under the organization's limit.
type OrganizationInMonth struct {
	Organization
	Month cost.Account
}

// OrganizationInMonth returns the caller's organization with the month that a time falls in. One statement.
func (s *Store) OrganizationInMonth(
	ctx context.Context, who caller.Caller, at time.Time,
) (o OrganizationInMonth, found bool, err error) {
	rows, err := s.forTenant(who.OrganizationID).OrganizationGetWithMonths(ctx, dbsqlc.OrganizationGetWithMonthsParams{
		OrganizationID: who.OrganizationID, At: at,
	})
	if err != nil || len(rows) == 0 {
		return o, false, translate(err)
	}
	o.Organization = toOrganization(rows[0].Organization)
	var before, after cost.Period
	for _, row := range rows {
		if row.MonthID == nil || row.PeriodStart == nil || row.PeriodEnd == nil {
			continue
		}
		period := cost.Period{Start: row.PeriodStart.UTC(), End: row.PeriodEnd.UTC()}
		switch {
		case period.Contains(at):
			o.Month = toMonthAccount(row, period)
			return o, true, nil
		case period.Start.After(at):
			after = period
		default:
			before = period
		}
	}
	period, err := periodBetween(before, after, at, o.TimeZone)
	o.Month = cost.Account{
		OrganizationID: o.ID,
		Kind:           cost.AccountMonth,
		Period:         &period,
		Balance:        cost.Balance{Limit: o.MonthLimit},
	}
	return o, true, err
}

// periodBetween returns the month of a time. It begins after the last month that was opened, which may have another
// zone. It ends before the next one, which a server with a fast clock may have opened.
func periodBetween(before, after cost.Period, at time.Time, timeZone string) (cost.Period, error) {
	period, err := cost.MonthAfter(at, timeZone, before)
	if err == nil && after != (cost.Period{}) && after.Start.Before(period.End) {
		period.End = after.Start
	}
	return period, err
}

func toMonthAccount(r dbsqlc.OrganizationGetWithMonthsRow, period cost.Period) cost.Account {
	return cost.Account{
		OrganizationID: r.Organization.ID,
		ID:             *r.MonthID,
		Kind:           cost.AccountMonth,
		Period:         &period,
		Balance: cost.Balance{
			Settled: cost.Pico(r.SettledPico),
			Held:    cost.Pico(r.HeldPico),
			Limit:   cost.Limit(r.LimitPico),
			Stopped: r.Stopped,
		},
	}
}

// OrganizationSummary is an organization in the operator's list.
type OrganizationSummary struct {
	ID             uuid.UUID
	Name, TimeZone string
	CreatedAt      time.Time
	Workflows      int64
}

// Organizations returns the newest organizations. It fails for a role from which row-level security hides rows.
func (s *Store) Organizations(ctx context.Context, first int32) ([]OrganizationSummary, error) {
	rows, err := s.forAudit().OrganizationListAll(ctx, first)
	return many(rows, err, func(r dbsqlc.OrganizationListAllRow) OrganizationSummary {
		return OrganizationSummary{
			ID:        r.ID,
			Name:      r.Name,
			TimeZone:  r.TimeZone,
			CreatedAt: r.CreatedAt.UTC(),
			Workflows: r.Workflows,
		}
	})
}

// APIKeyEvent is an event of an API key in the organization's journal.
type APIKeyEvent struct {
	ID     uuid.UUID
	Event  string
	Reason string
	At     time.Time
}

// The events of a key.
const (
	APIKeyCreated = "CREATED"
	APIKeyRevoked = "REVOKED"
)

// JournalAPIKey writes a row of the journal of an organization, which must be locked, and returns its version.
func (s *Store) JournalAPIKey(ctx context.Context, who caller.Caller, o Organization, e APIKeyEvent) (int, error) {
	row, err := s.forTenant(who.OrganizationID).OrganizationChange(ctx, dbsqlc.OrganizationChangeParams{
		OrganizationID:    o.ID,
		Version:           o.Version,
		TimeZone:          o.TimeZone,
		WorkflowLimitPico: o.WorkflowLimit,
		MonthLimitPico:    o.MonthLimit,
		Actor:             who.Actor,
		Reason:            e.Reason,
		At:                e.At,
		ApiKeyID:          &e.ID,
		ApiKeyEvent:       &e.Event,
	})
	return row.Version, translate(err)
}

// LockOrganization returns the caller's organization and keeps others from changing it until the transaction ends.
func (s *Store) LockOrganization(ctx context.Context, who caller.Caller) (o Organization, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).OrganizationLock(ctx, who.OrganizationID)
	return one(row, err, toOrganization)
}

// ChangeOrganization writes the settings of an organization with their actor. It changes the webhook when
// WebhookVersion is the new version. won is false when another caller has changed them since Version; nothing is
// written then.
func (s *Store) ChangeOrganization(
	ctx context.Context, who caller.Caller, to Organization, reason string, at time.Time,
) (changed Organization, won bool, err error) {
	row, err := s.forTenant(who.OrganizationID).OrganizationChange(ctx, dbsqlc.OrganizationChangeParams{
		OrganizationID:    to.ID,
		Version:           to.Version,
		TimeZone:          to.TimeZone,
		WorkflowLimitPico: to.WorkflowLimit,
		MonthLimitPico:    to.MonthLimit,
		Actor:             who.Actor,
		Reason:            reason,
		At:                at,
		SetsWebhook:       to.WebhookVersion > to.Version,
		WebhookUrl:        to.WebhookURL,
	})
	return one(dbsqlc.Organization(row), err, toOrganization)
}

func toOrganization(r dbsqlc.Organization) Organization {
	return Organization{
		ID:             r.ID,
		Version:        r.Version,
		TimeZone:       r.TimeZone,
		WorkflowLimit:  r.WorkflowLimitPico,
		MonthLimit:     r.MonthLimitPico,
		CreatedAt:      r.CreatedAt.UTC(),
		WebhookURL:     value(r.WebhookUrl),
		WebhookVersion: value(r.WebhookVersion),
	}
}
