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
	"github.com/infin8content/engine/internal/workflow"
)

// plansOfVisit is more than a visit can have: a page each.
const plansOfVisit = 1000

// NewArticlePlans are revisions of briefs of one visit, all of one author.
type NewArticlePlans struct {
	WorkflowID uuid.UUID
	Visit      int
	Plans      []content.ArticlePlan
	Author     content.AuthorKind
	At         time.Time
}

// articlePlanRow is a revision as ArticlePlanInsert reads it.
type articlePlanRow struct {
	ArticleID   uuid.UUID     `json:"article_id"`
	Revision    int           `json:"revision"`
	Brief       content.Brief `json:"brief"`
	IsSynthetic bool          `json:"is_synthetic"`
}

// AddArticlePlans writes revisions of briefs.
func (s *Store) AddArticlePlans(ctx context.Context, who caller.Caller, in NewArticlePlans) error {
	if len(in.Plans) == 0 {
		return nil
	}
	rows := make([]articlePlanRow, len(in.Plans))
	for i, p := range in.Plans {
		rows[i] = articlePlanRow{
			ArticleID:   p.ArticleID,
			Revision:    p.Revision,
			Brief:       p.Brief.Clean(),
			IsSynthetic: p.IsSynthetic,
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode briefs: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).ArticlePlanInsert(ctx, dbsqlc.ArticlePlanInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		AuthorKind:     in.Author,
		Actor:          who.Actor,
		At:             in.At,
		Plans:          encoded,
	}))
}

// ArticlePlans returns the last revision of each brief of one visit of each workflow, with the decision about it.
func (s *Store) ArticlePlans(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]content.ArticlePlan, error) {
	plans, err := s.ArticlePlansOfVisits(ctx, who, keysOf(visits))
	return group(plans, err, func(p content.ArticlePlan) uuid.UUID { return p.WorkflowID })
}

// ArticlePlansOfVisits returns the last revision of each brief of some visits, with the last decision about it.
func (s *Store) ArticlePlansOfVisits(
	ctx context.Context, who caller.Caller, visits []VisitKey,
) ([]content.ArticlePlan, error) {
	in := dbsqlc.ArticlePlanListByVisitsParams{
		OrganizationID: who.OrganizationID, PageSize: int32(len(visits) * plansOfVisit),
	}
	in.WorkflowIds, in.Visits = visitColumns(visits)
	rows, err := s.forTenant(who.OrganizationID).ArticlePlanListByVisits(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	plans := make([]content.ArticlePlan, len(rows))
	for i, row := range rows {
		if plans[i], err = toArticlePlan(row); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

// DecidedBrief is the last decision about an article of an earlier visit, with the brief that it was about.
type DecidedBrief struct {
	ArticleID uuid.UUID
	Brief     content.Brief
	Choice    content.PlanChoice
	Actor     string
	Sequence  int
}

// DecidedBefore returns the last decision about each article of the visits before one.
func (s *Store) DecidedBefore(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) ([]DecidedBrief, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticlePlanListDecidedBefore(ctx,
		dbsqlc.ArticlePlanListDecidedBeforeParams{
			OrganizationID: who.OrganizationID, WorkflowID: flow, Visit: visit,
		})
	if err != nil {
		return nil, translate(err)
	}
	decided := make([]DecidedBrief, len(rows))
	for i, row := range rows {
		decided[i] = DecidedBrief{
			ArticleID: row.ArticleID,
			Choice:    row.Choice,
			Actor:     row.Actor,
			Sequence:  row.Sequence,
		}
		if err := json.Unmarshal(row.Brief, &decided[i].Brief); err != nil {
			return nil, fmt.Errorf("read the brief of article %s: %w", row.ArticleID, err)
		}
	}
	return decided, nil
}

// PlannedElsewhere returns the briefs that are approved in the organization's other workflows, the last ones. One of a
// cancelled workflow, or of a plan that a RESET replaced, counts only while its article has a post.
func (s *Store) PlannedElsewhere(
	ctx context.Context, who caller.Caller, flow uuid.UUID, most int,
) ([]content.ArticlePlan, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticlePlanListElsewhere(ctx, dbsqlc.ArticlePlanListElsewhereParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Approved:       content.PlanApproved,
		Cancelled:      workflow.Cancelled,
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(workflow.StepValidation)),
		Unpublished:    workflow.PublicationUnpublished,
		PageSize:       int32(most),
	})
	if err != nil {
		return nil, translate(err)
	}
	plans := make([]content.ArticlePlan, len(rows))
	for i, row := range rows {
		plans[i].ArticleID = row.ArticleID
		if err := json.Unmarshal(row.Brief, &plans[i].Brief); err != nil {
			return nil, fmt.Errorf("read the brief of article %s: %w", row.ArticleID, err)
		}
	}
	return plans, nil
}

func toArticlePlan(r dbsqlc.ArticlePlanListByVisitsRow) (content.ArticlePlan, error) {
	p := r.ArticlePlan
	plan := content.ArticlePlan{
		WorkflowID:  p.WorkflowID,
		ArticleID:   p.ArticleID,
		Visit:       p.Visit,
		Revision:    p.Revision,
		Author:      p.AuthorKind,
		Actor:       p.Actor,
		IsSynthetic: p.IsSynthetic,
		CreatedAt:   p.CreatedAt.UTC(),
		Choice:      content.PlanChoice(r.Choice),
		Origin:      content.Origin(r.Origin),
		DecidedBy:   r.DecidedBy,
		Reason:      r.Reason,
	}
	if err := json.Unmarshal(p.Brief, &plan.Brief); err != nil {
		return plan, fmt.Errorf("read the brief of article %s: %w", p.ArticleID, err)
	}
	return plan, nil
}
