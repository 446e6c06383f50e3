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

// topicPageRow is a page as TopicPageInsert reads it.
type topicPageRow struct {
	ID       uuid.UUID        `json:"id"`
	TopicID  *uuid.UUID       `json:"topic_id"`
	Position int              `json:"position"`
	Least    float64          `json:"least"`
	Mean     float64          `json:"mean"`
	Methods  []content.Method `json:"methods"`
}

// AddTopicPages writes the pages of a clustering.
func (s *Store) AddTopicPages(ctx context.Context, who caller.Caller, in NewClustering) error {
	rows := []topicPageRow{}
	for _, page := range in.Clustering.Pages() {
		rows = append(rows, topicPageRow{
			ID:       page.ID,
			TopicID:  page.TopicID,
			Position: page.Position,
			Least:    page.Similarity.Least,
			Mean:     page.Similarity.Mean,
			Methods:  append([]content.Method{}, page.Similarity.Methods...),
		})
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode pages: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).TopicPageInsert(ctx, dbsqlc.TopicPageInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		CreatedBy:      who.Actor,
		At:             in.At,
		Pages:          encoded,
	}))
}

func (s *Store) topicPages(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, visits []int,
) ([]content.TopicPage, error) {
	rows, err := s.forTenant(who.OrganizationID).TopicPageListByVisits(ctx, dbsqlc.TopicPageListByVisitsParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		Visits:         visits,
		PageSize:       int32(len(flows) * topicKeywordsOfVisit),
	})
	return many(rows, err, func(r dbsqlc.TopicPage) content.TopicPage {
		return content.TopicPage{
			OrganizationID: r.OrganizationID,
			ID:             r.ID,
			WorkflowID:     r.WorkflowID,
			Visit:          r.Visit,
			TopicID:        r.TopicID,
			Position:       r.Position,
			Similarity:     similarity(r.Least, r.Mean, r.Methods),
			CreatedBy:      r.CreatedBy,
			CreatedAt:      r.CreatedAt.UTC(),
		}
	})
}
