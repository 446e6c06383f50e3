package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// MarketSettings are an organization's market. Version is -1 for an organization that never set it.
type MarketSettings struct {
	content.Market
	Version       int
	Actor, Reason string
	At            time.Time
}

// MarketSettings returns the settings in force, or the defaults of an organization that never set them.
func (s *Store) MarketSettings(ctx context.Context, who caller.Caller) (MarketSettings, error) {
	row, err := s.forTenant(who.OrganizationID).MarketSettingGet(ctx, who.OrganizationID)
	settings, found, err := one(row, err, toMarketSettings)
	if err == nil && !found {
		return MarketSettings{Market: content.DefaultMarket(), Version: -1}, nil
	}
	return settings, err
}

// SetMarket writes the settings with their version. set is false when another request has set that version.
func (s *Store) SetMarket(ctx context.Context, who caller.Caller, m MarketSettings) (set bool, err error) {
	row, err := s.forTenant(who.OrganizationID).MarketSettingInsert(ctx, dbsqlc.MarketSettingInsertParams{
		OrganizationID: who.OrganizationID,
		Version:        m.Version,
		LocationCode:   m.LocationCode,
		LanguageCode:   m.LanguageCode,
		NegativeWords:  append([]string{}, m.Negatives...),
		Mode:           m.Mode,
		Actor:          who.Actor,
		Reason:         m.Reason,
		At:             m.At,
	})
	_, set, err = one(row, err, toMarketSettings)
	return set, err
}

func toMarketSettings(r dbsqlc.MarketSetting) MarketSettings {
	return MarketSettings{
		Market: content.Market{
			LocationCode: r.LocationCode,
			LanguageCode: r.LanguageCode,
			Negatives:    r.NegativeWords,
			Mode:         r.Mode,
		},
		Version: r.Version,
		Actor:   r.Actor,
		Reason:  r.Reason,
		At:      r.OccurredAt.UTC(),
	}
}
