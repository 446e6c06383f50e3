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

// articleDecisionRow is a decision as ArticleDecisionInsert reads it.
type articleDecisionRow struct {
	ArticleID uuid.UUID              `json:"article_id"`
	Revision  int                    `json:"revision"`
	Verdict   content.ArticleVerdict `json:"verdict"`
	Section   *int                   `json:"section"`
	Feedback  string                 `json:"feedback"`
}

// DecideArticles writes one decision about the last version of each of some articles. The transaction holds the
// workflow's row. It returns how many were written: a decision about an earlier version is not.
func (s *Store) DecideArticles(
	ctx context.Context, who caller.Caller, decisions []content.ArticleDecision, at time.Time,
) (int, error) {
	if len(decisions) == 0 {
		return 0, nil
	}
	rows := make([]articleDecisionRow, len(decisions))
	for i, d := range decisions {
		rows[i] = articleDecisionRow{
			ArticleID: d.ArticleID,
			Revision:  d.Revision,
			Verdict:   d.Verdict,
			Section:   d.Section,
			Feedback:  d.Feedback,
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return 0, fmt.Errorf("encode decisions: %w", err)
	}
	written, err := s.forTenant(who.OrganizationID).ArticleDecisionInsert(ctx, dbsqlc.ArticleDecisionInsertParams{
		OrganizationID: who.OrganizationID,
		Actor:          who.Actor,
		At:             at,
		Decisions:      encoded,
	})
	return int(written), translate(err)
}

// ArticleDecisions returns the last decision about each article and the last one about a section of it, in the order of
// their numbers.
func (s *Store) ArticleDecisions(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID][]content.ArticleDecision, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleDecisionListByArticles(ctx,
		dbsqlc.ArticleDecisionListByArticlesParams{OrganizationID: who.OrganizationID, ArticleIds: articles})
	if err != nil {
		return nil, translate(err)
	}
	decisions := map[uuid.UUID][]content.ArticleDecision{}
	for _, row := range rows {
		d := toArticleDecision(row)
		all := append(decisions[d.ArticleID], d)
		if n := len(all); n > 1 && all[n-2].Sequence > d.Sequence {
			all[n-2], all[n-1] = d, all[n-2]
		}
		decisions[d.ArticleID] = all
	}
	return decisions, nil
}

// Rejections counts how often each article was sent back with feedback in one visit.
func (s *Store) Rejections(
	ctx context.Context, who caller.Caller, visit int, articles []uuid.UUID,
) (map[uuid.UUID]int, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleDecisionRejections(ctx, dbsqlc.ArticleDecisionRejectionsParams{
		OrganizationID: who.OrganizationID,
		ArticleIds:     articles,
		Visit:          visit,
		Rejected:       content.ArticleRejected,
	})
	if err != nil {
		return nil, translate(err)
	}
	counts := map[uuid.UUID]int{}
	for _, row := range rows {
		counts[row.ArticleID] = int(row.Rejections)
	}
	return counts, nil
}

func toArticleDecision(r dbsqlc.ArticleDecisionListByArticlesRow) content.ArticleDecision {
	d := r.ArticleDecision
	return content.ArticleDecision{
		ArticleID: d.ArticleID,
		Sequence:  d.Sequence,
		Visit:     r.Visit,
		Revision:  d.Revision,
		Verdict:   d.Verdict,
		Section:   d.Section,
		Feedback:  d.Feedback,
		Actor:     d.Actor,
		DecidedAt: d.DecidedAt.UTC(),
	}
}
