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

// evidenceRow is a quote as ArticleEvidenceInsert reads it.
type evidenceRow struct {
	Number    int       `json:"number"`
	URL       string    `json:"url"`
	FetchedAt time.Time `json:"fetched_at"`
	Quote     string    `json:"quote"`
}

// AddEvidence writes the evidence of an article. A number that is there already stays as it is, and evidence without a
// stored page is left out.
func (s *Store) AddEvidence(
	ctx context.Context, who caller.Caller, a content.Article, evidence []content.Quote, at time.Time,
) error {
	if len(evidence) == 0 {
		return nil
	}
	rows := make([]evidenceRow, len(evidence))
	for i, e := range evidence {
		rows[i] = evidenceRow{
			Number:    e.Number,
			URL:       e.URL,
			FetchedAt: e.FetchedAt,
			Quote:     e.Text,
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode evidence: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).ArticleEvidenceInsert(ctx, dbsqlc.ArticleEvidenceInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     a.WorkflowID,
		Visit:          a.Visit,
		ArticleID:      a.ID,
		At:             at,
		Evidence:       encoded,
	}))
}

// Evidence returns the evidence of each article in one visit, in the order of the numbers.
func (s *Store) Evidence(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]content.Quote, error) {
	in := dbsqlc.ArticleEvidenceListByArticlesParams{
		OrganizationID: who.OrganizationID, PageSize: int32(len(visits) * content.MaxEvidence),
	}
	in.ArticleIds, in.Visits = visited(visits)
	rows, err := s.forTenant(who.OrganizationID).ArticleEvidenceListByArticles(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	evidence := map[uuid.UUID][]content.Quote{}
	for _, r := range rows {
		evidence[r.ArticleID] = append(evidence[r.ArticleID], content.Quote{
			ArticleID: r.ArticleID,
			Visit:     r.Visit,
			Number:    r.Number,
			URL:       r.Url,
			Title:     r.Title,
			Text:      r.Quote,
			FetchedAt: r.FetchedAt.UTC(),
		})
	}
	return evidence, nil
}

// EachQuote calls visit for every quote of all organizations, with the text of its page.
func (s *Store) EachQuote(ctx context.Context, visit func(quote content.Quote, page string) error) error {
	in := dbsqlc.ArticleEvidenceListAllParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.ArticleEvidenceListAllRow, error) {
		return s.forAudit().ArticleEvidenceListAll(ctx, in)
	},
		func(r dbsqlc.ArticleEvidenceListAllRow) error {
			in.AfterOrganizationID, in.AfterWorkflowID, in.AfterVisit = r.OrganizationID, r.WorkflowID, r.Visit
			in.AfterArticleID, in.AfterNumber = r.ArticleID, r.Number
			return visit(content.Quote{
				ArticleID: r.ArticleID,
				Visit:     r.Visit,
				Number:    r.Number,
				Text:      r.Quote,
			}, r.Text)
		})
}
