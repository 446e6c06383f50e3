package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// BrandSettings are an organization's brand voice. Version is -1 for an organization that never set one.
type BrandSettings struct {
	content.Brand
	Version       int
	Actor, Reason string
	At            time.Time
}

// BrandSettings returns the brand voice in force, or an empty one.
func (s *Store) BrandSettings(ctx context.Context, who caller.Caller) (BrandSettings, error) {
	row, err := s.forTenant(who.OrganizationID).BrandSettingGet(ctx, who.OrganizationID)
	settings, found, err := one(row, err, toBrandSettings)
	if err == nil && !found {
		return BrandSettings{Version: -1}, nil
	}
	return settings, err
}

// SetBrand writes the brand voice with its version. set is false when another request has set that version.
func (s *Store) SetBrand(ctx context.Context, who caller.Caller, b BrandSettings) (set bool, err error) {
	row, err := s.forTenant(who.OrganizationID).BrandSettingInsert(ctx, dbsqlc.BrandSettingInsertParams{
		OrganizationID: who.OrganizationID,
		Version:        b.Version,
		Tone:           b.Tone,
		Audience:       b.Audience,
		Dos:            append([]string{}, b.Do...),
		Donts:          append([]string{}, b.Dont...),
		BannedWords:    append([]string{}, b.Banned...),
		Examples:       b.Examples,
		Actor:          who.Actor,
		Reason:         b.Reason,
		At:             b.At,
	})
	_, set, err = one(row, err, toBrandSettings)
	return set, err
}

func toBrandSettings(r dbsqlc.BrandSetting) BrandSettings {
	return BrandSettings{
		Brand: content.Brand{
			Tone:     r.Tone,
			Audience: r.Audience,
			Do:       r.Dos,
			Dont:     r.Donts,
			Banned:   r.BannedWords,
			Examples: r.Examples,
		},
		Version: r.Version,
		Actor:   r.Actor,
		Reason:  r.Reason,
		At:      r.OccurredAt.UTC(),
	}
}
