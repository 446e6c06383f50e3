package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// The sources of changes of settings: their tables.
const (
	SettingsSource = "SETTINGS" // time zone, limit of workflows, limit of months, webhook
	GatesSource    = "GATES"    // seeds, plan, publish, four-eyes
	MarketSource   = "MARKET"   // location, language, negative words, mode
	OutsideSource  = "OUTSIDE_STEPS"
	NameSource     = "NAME"
)

// SettingChange is a row of a journal of settings, with the values of its source before and after. A value is "" where
// there is none.
type SettingChange struct {
	SettingPosition
	Actor, Reason string
	Before, After []string
}

// SettingPosition is the place of a change among those of all sources.
type SettingPosition struct {
	At      time.Time
	Source  string
	Version int
}

// SettingPage selects changes before a place, the newest first, or after it, the oldest first.
type SettingPage struct {
	Ascending bool
	SettingPosition
	First int32
}

// SettingChanges returns at most First changes of the settings of the caller's organization.
func (s *Store) SettingChanges(ctx context.Context, who caller.Caller, p SettingPage) ([]SettingChange, error) {
	rows, err := s.forTenant(who.OrganizationID).SettingChangeList(ctx, dbsqlc.SettingChangeListParams{
		OrganizationID: who.OrganizationID,
		Ascending:      p.Ascending,
		CursorAt:       p.At,
		CursorSource:   p.Source,
		CursorVersion:  p.Version,
		PageSize:       p.First,
	})
	return many(rows, err, func(r dbsqlc.SettingChangeListRow) SettingChange {
		return SettingChange{
			SettingPosition: SettingPosition{At: r.OccurredAt.UTC(), Source: r.Source, Version: r.Version},
			Actor:           r.Actor,
			Reason:          r.Reason,
			Before:          r.Before,
			After:           r.After,
		}
	})
}

// CountSettingChanges counts the changes of the settings of the caller's organization.
func (s *Store) CountSettingChanges(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).SettingChangeCount(ctx, who.OrganizationID)
	return int(n), translate(err)
}
