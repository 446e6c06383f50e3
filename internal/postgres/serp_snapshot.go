package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// serpSnapshotRow is a result page as SerpSnapshotInsert reads it.
type serpSnapshotRow struct {
	LocationCode int                    `json:"location_code"`
	LanguageCode string                 `json:"language_code"`
	Normalised   string                 `json:"normalised"`
	Day          string                 `json:"day"`
	Results      []content.SearchResult `json:"results"`
	Provider     string                 `json:"provider"`
	IsSynthetic  bool                   `json:"is_synthetic"`
}

// AddSnapshots stores result pages. One that is stored already for its day stays as it is.
func (s *Store) AddSnapshots(
	ctx context.Context, who caller.Caller, snapshots []content.Snapshot, at time.Time,
) error {
	if len(snapshots) == 0 {
		return nil
	}
	rows := make([]serpSnapshotRow, len(snapshots))
	for i, snapshot := range snapshots {
		rows[i] = serpSnapshotRow{
			LocationCode: snapshot.LocationCode,
			LanguageCode: snapshot.LanguageCode,
			Normalised:   snapshot.Normalised,
			Day:          snapshot.Day.UTC().Format(time.DateOnly),
			Results:      append([]content.SearchResult{}, snapshot.Results...),
			Provider:     snapshot.Provider,
			IsSynthetic:  snapshot.IsSynthetic,
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode result pages: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).SerpSnapshotInsert(ctx, dbsqlc.SerpSnapshotInsertParams{
		OrganizationID: who.OrganizationID,
		At:             at,
		Snapshots:      encoded,
	}))
}

// SnapshotsInput names result pages.
type SnapshotsInput struct {
	LocationCode int
	LanguageCode string
	Texts        []string // normalised
	Since        time.Time
}

// Snapshots returns the last result page of each keyword that has one since a day.
func (s *Store) Snapshots(ctx context.Context, who caller.Caller, in SnapshotsInput) ([]content.Snapshot, error) {
	rows, err := s.forTenant(who.OrganizationID).SerpSnapshotList(ctx, dbsqlc.SerpSnapshotListParams{
		OrganizationID: who.OrganizationID,
		LocationCode:   in.LocationCode,
		LanguageCode:   in.LanguageCode,
		Texts:          in.Texts,
		Since:          in.Since,
	})
	if err != nil {
		return nil, translate(err)
	}
	snapshots := make([]content.Snapshot, len(rows))
	for i, row := range rows {
		snapshots[i] = content.Snapshot{
			LocationCode: row.LocationCode,
			LanguageCode: row.LanguageCode,
			Normalised:   row.Normalised,
			Day:          row.Day,
			Provider:     row.Provider,
			IsSynthetic:  row.IsSynthetic,
		}
		if err := json.Unmarshal(row.Results, &snapshots[i].Results); err != nil {
			return nil, fmt.Errorf("read a result page: %w", err)
		}
	}
	return snapshots, nil
}
