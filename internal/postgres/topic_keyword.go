package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// topicKeywordRow is a keyword as TopicKeywordInsert reads it.
type topicKeywordRow struct {
	ID             uuid.UUID           `json:"id"`
	Position       int                 `json:"position"`
	SeedID         *uuid.UUID          `json:"seed_id"`
	Text           string              `json:"text"`
	Normalised     string              `json:"normalised"`
	Volume         *int                `json:"volume"`
	Difficulty     *int                `json:"difficulty"`
	Intent         *content.Intent     `json:"intent"`
	Language       *string             `json:"language"`
	Source         content.Source      `json:"source"`
	Score          float64             `json:"score"`
	Dropped        *content.DropReason `json:"dropped"`
	PageID         *uuid.UUID          `json:"page_id"`
	NearestTopicID *uuid.UUID          `json:"nearest_topic_id"`
	Similarity     float64             `json:"similarity"`
}

func (s *Store) addTopicKeywords(ctx context.Context, who caller.Caller, in NewClustering) error {
	rows := make([]topicKeywordRow, len(in.Clustering.Keywords))
	for i, k := range in.Clustering.Keywords {
		rows[i] = topicKeywordRow{
			ID:             k.ID,
			Position:       i + 1,
			SeedID:         k.SeedID,
			Text:           k.Text,
			Normalised:     k.Normalised,
			Volume:         k.Volume,
			Difficulty:     k.Difficulty,
			Intent:         pointer(k.Intent),
			Language:       pointer(k.Language),
			Source:         k.Source,
			Score:          k.Score,
			Dropped:        pointer(k.Dropped),
			PageID:         k.PageID,
			NearestTopicID: k.NearestTopicID,
			Similarity:     k.Similarity,
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode keywords: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).TopicKeywordInsert(ctx, dbsqlc.TopicKeywordInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		IsSynthetic:    in.IsSynthetic,
		At:             in.At,
		Keywords:       encoded,
	}))
}

// TopicKeyword returns one keyword of topic clustering.
func (s *Store) TopicKeyword(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (keyword content.TopicKeyword, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).TopicKeywordGet(ctx, dbsqlc.TopicKeywordGetParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
	})
	return one(dbsqlc.TopicKeywordListByVisitsRow(row), err, toTopicKeyword)
}

func (s *Store) topicKeywords(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, visits []int,
) ([]content.TopicKeyword, error) {
	rows, err := s.forTenant(who.OrganizationID).TopicKeywordListByVisits(ctx, dbsqlc.TopicKeywordListByVisitsParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		Visits:         visits,
		PageSize:       int32(len(flows) * topicKeywordsOfVisit),
	})
	return many(rows, err, toTopicKeyword)
}

func toTopicKeyword(r dbsqlc.TopicKeywordListByVisitsRow) content.TopicKeyword {
	k := r.TopicKeyword
	keyword := content.TopicKeyword{
		OrganizationID: k.OrganizationID,
		ID:             k.ID,
		WorkflowID:     k.WorkflowID,
		Visit:          k.Visit,
		SeedID:         k.SeedID,
		Text:           k.Text,
		Normalised:     k.Normalised,
		Volume:         k.Volume,
		Difficulty:     k.Difficulty,
		Intent:         value(k.Intent),
		Language:       value(k.Language),
		Source:         k.Source,
		Score:          k.Score,
		Dropped:        value(k.Dropped),
		PageID:         k.PageID,
		NearestTopicID: k.NearestTopicID,
		Similarity:     k.Similarity,
		IsSynthetic:    k.IsSynthetic,
		CreatedAt:      k.CreatedAt.UTC(),
		AttachedBy:     r.AttachedBy,
	}
	if r.AttachedTo != nil {
		keyword.PageID = r.AttachedTo
	}
	return keyword
}
