package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// planVerdictRow is a verdict as PlanVerdictInsert reads it.
type planVerdictRow struct {
	PageID   *uuid.UUID      `json:"page_id"`
	TopicID  *uuid.UUID      `json:"topic_id"`
	Verdict  content.Verdict `json:"verdict"`
	Reasons  []string        `json:"reasons"`
	Purity   float64         `json:"purity"`
	Size     int             `json:"size"`
	Language *string         `json:"language"`
}

// NewVerdicts are the verdicts of one visit.
type NewVerdicts struct {
	WorkflowID uuid.UUID
	Visit      int
	Verdicts   []content.Validated
	At         time.Time
}

// AddVerdicts writes verdicts.
func (s *Store) AddVerdicts(ctx context.Context, who caller.Caller, in NewVerdicts) error {
	rows := make([]planVerdictRow, len(in.Verdicts))
	for i, v := range in.Verdicts {
		rows[i] = planVerdictRow{
			PageID:   v.PageID,
			TopicID:  v.TopicID,
			Verdict:  v.Verdict,
			Reasons:  append([]string{}, v.Reasons...),
			Purity:   v.Purity,
			Size:     v.Size,
			Language: pointer(v.Language),
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode verdicts: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).PlanVerdictInsert(ctx, dbsqlc.PlanVerdictInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		At:             in.At,
		Verdicts:       encoded,
	}))
}

// Verdicts returns the verdicts of one visit of each workflow.
func (s *Store) Verdicts(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]content.Validated, error) {
	in := dbsqlc.PlanVerdictListByVisitsParams{
		OrganizationID: who.OrganizationID, PageSize: int32(len(visits) * topicsOfVisit * 2),
	}
	for flow, visit := range visits {
		in.WorkflowIds, in.Visits = append(in.WorkflowIds, flow), append(in.Visits, visit)
	}
	rows, err := s.forTenant(who.OrganizationID).PlanVerdictListByVisits(ctx, in)
	verdicts, err := many(rows, err, func(r dbsqlc.PlanVerdict) content.Validated {
		return content.Validated{
			WorkflowID: r.WorkflowID,
			PageID:     r.PageID,
			TopicID:    r.TopicID,
			Verdict:    r.Verdict,
			Reasons:    r.Reasons,
			Purity:     r.Purity,
			Size:       r.Size,
			Language:   value(r.Language),
		}
	})
	return group(verdicts, err, func(v content.Validated) uuid.UUID { return v.WorkflowID })
}
