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

// NewArticle is an article to be written: its id is that of its plan.
type NewArticle struct {
	ID, UnitID   uuid.UUID
	PlanRevision int
}

// NewArticles are the articles of a visit, in their order.
type NewArticles struct {
	WorkflowID       uuid.UUID
	Visit, PlanVisit int
	Articles         []NewArticle
	At               time.Time
}

// AddArticles writes the articles of a visit. Their units, briefs and budgets are there.
func (s *Store) AddArticles(ctx context.Context, who caller.Caller, n NewArticles) error {
	in := dbsqlc.ArticleInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     n.WorkflowID,
		Visit:          n.Visit,
		PlanVisit:      n.PlanVisit,
		At:             n.At,
	}
	for i, a := range n.Articles {
		in.ArticleIds, in.UnitIds = append(in.ArticleIds, a.ID), append(in.UnitIds, a.UnitID)
		in.Positions, in.PlanRevisions = append(in.Positions, i+1), append(in.PlanRevisions, a.PlanRevision)
	}
	return translate(s.forTenant(who.OrganizationID).ArticleInsert(ctx, in))
}

// WrittenArticle is an article with its unit.
type WrittenArticle struct {
	content.Article
	Unit workflow.Unit
}

// Articles returns the articles of one visit of each workflow in their order. They have no version yet: LastVersions
// returns those.
func (s *Store) Articles(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]WrittenArticle, error) {
	in := dbsqlc.ArticleListByVisitsParams{
		OrganizationID: who.OrganizationID, PageSize: int32(len(visits) * unitPage),
	}
	in.WorkflowIds, in.Visits = visited(visits)
	rows, err := s.forTenant(who.OrganizationID).ArticleListByVisits(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	articles := map[uuid.UUID][]WrittenArticle{}
	for _, row := range rows {
		article := WrittenArticle{Article: toArticle(row.Article), Unit: toUnit(row.StepUnit)}
		article.Budget = toArticleBudget(row.ArticleBudget)
		if err := json.Unmarshal(row.Brief, &article.Brief); err != nil {
			return nil, fmt.Errorf("read the brief of article %s: %w", article.ID, err)
		}
		articles[article.WorkflowID] = append(articles[article.WorkflowID], article)
	}
	return articles, nil
}

// ArticleOfWorkflow is an article with its workflow.
type ArticleOfWorkflow struct {
	WrittenArticle
	Workflow workflow.Workflow
	// TextAt is the time of the text that waits for a person; only ArticlesToReview has it. Last may be a newer text.
	TextAt time.Time
}

// UnitStates selects the units of one step in one state whose workflow is in one of some states.
type UnitStates struct {
	Step  workflow.StepKey
	State workflow.UnitState
	Flows []workflow.State
}

// UnitStatePage is one page of what units in a state work on, by a time and an id, after a cursor.
type UnitStatePage struct {
	UnitStates
	Descending bool
	At         time.Time
	ID         uuid.UUID
	First      int32
}

// ArticlesByUnitState returns one page of the organization's articles of current visits, by the last event of their
// unit and the unit's id. They have no version yet: LastVersionsOfArticles returns those.
func (s *Store) ArticlesByUnitState(
	ctx context.Context, who caller.Caller, p UnitStatePage,
) ([]ArticleOfWorkflow, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleListByUnitState(ctx, dbsqlc.ArticleListByUnitStateParams{
		OrganizationID: who.OrganizationID,
		Step:           p.Step,
		State:          p.State,
		WorkflowStates: texts(p.Flows),
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(p.Step)),
		Descending:     p.Descending,
		CursorAt:       p.At,
		CursorID:       p.ID,
		PageSize:       p.First,
	})
	if err != nil {
		return nil, translate(err)
	}
	articles := make([]ArticleOfWorkflow, len(rows))
	for i, row := range rows {
		if articles[i], err = toArticleOfWorkflow(row); err != nil {
			return nil, err
		}
	}
	return articles, nil
}

// CountArticlesByUnitState counts the articles that ArticlesByUnitState pages through.
func (s *Store) CountArticlesByUnitState(ctx context.Context, who caller.Caller, of UnitStates) (int, error) {
	n, err := s.forTenant(who.OrganizationID).ArticleCountByUnitState(ctx, dbsqlc.ArticleCountByUnitStateParams{
		OrganizationID: who.OrganizationID,
		Step:           of.Step,
		State:          of.State,
		WorkflowStates: texts(of.Flows),
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(of.Step)),
	})
	return int(n), translate(err)
}

// ArticlesToReview returns one page of the organization's articles of current visits whose last text has findings that
// no person has judged, by the time of the text and the article's id. They have no version yet:
// LastVersionsOfArticles returns those.
func (s *Store) ArticlesToReview(ctx context.Context, who caller.Caller, p UnitStatePage) ([]ArticleOfWorkflow, error) {
	rows, err := s.forTenantCustomPlan(who.OrganizationID).ArticleListToReview(ctx, dbsqlc.ArticleListToReviewParams{
		OrganizationID: who.OrganizationID,
		Step:           p.Step,
		State:          p.State,
		WorkflowStates: texts(p.Flows),
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(p.Step)),
		Descending:     p.Descending,
		CursorAt:       p.At,
		CursorID:       p.ID,
		PageSize:       p.First,
	})
	if err != nil {
		return nil, translate(err)
	}
	articles := make([]ArticleOfWorkflow, len(rows))
	for i, row := range rows {
		if articles[i], err = toArticleOfWorkflow(dbsqlc.ArticleListByUnitStateRow{
			Article:        row.Article,
			StepUnit:       row.StepUnit,
			ArticleBudget:  row.ArticleBudget,
			IntentWorkflow: row.IntentWorkflow,
			Brief:          row.Brief,
		}); err != nil {
			return nil, err
		}
		articles[i].TextAt = row.TextAt
	}
	return articles, nil
}

// CountArticlesToReview counts the articles that ArticlesToReview pages through.
func (s *Store) CountArticlesToReview(ctx context.Context, who caller.Caller, of UnitStates) (int, error) {
	n, err := s.forTenantCustomPlan(who.OrganizationID).ArticleCountToReview(ctx, dbsqlc.ArticleCountToReviewParams{
		OrganizationID: who.OrganizationID,
		Step:           of.Step,
		State:          of.State,
		WorkflowStates: texts(of.Flows),
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(of.Step)),
	})
	return int(n), translate(err)
}

// toArticleOfWorkflow returns an article with its workflow, without a version.
func toArticleOfWorkflow(row dbsqlc.ArticleListByUnitStateRow) (ArticleOfWorkflow, error) {
	article := WrittenArticle{Article: toArticle(row.Article), Unit: toUnit(row.StepUnit)}
	article.Budget = toArticleBudget(row.ArticleBudget)
	if err := json.Unmarshal(row.Brief, &article.Brief); err != nil {
		return ArticleOfWorkflow{}, fmt.Errorf("read the brief of article %s: %w", article.ID, err)
	}
	return ArticleOfWorkflow{WrittenArticle: article, Workflow: toWorkflow(row.IntentWorkflow)}, nil
}

// ArticleTitles returns the title of each article in its visit.
func (s *Store) ArticleTitles(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID]string, error) {
	in := dbsqlc.ArticleListTitlesParams{OrganizationID: who.OrganizationID, PageSize: int32(len(visits))}
	in.ArticleIds, in.Visits = visited(visits)
	rows, err := s.forTenant(who.OrganizationID).ArticleListTitles(ctx, in)
	titles := map[uuid.UUID]string{}
	for _, row := range rows {
		titles[row.ArticleID] = row.Title
	}
	return titles, translate(err)
}

// ArticlesOfUnits returns the articles that some units work on, by unit, without brief and budget.
func (s *Store) ArticlesOfUnits(
	ctx context.Context, who caller.Caller, units []uuid.UUID,
) (map[uuid.UUID]content.Article, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleListByUnits(ctx, dbsqlc.ArticleListByUnitsParams{
		OrganizationID: who.OrganizationID,
		UnitIds:        units,
		PageSize:       int32(len(units)),
	})
	if err != nil {
		return nil, translate(err)
	}
	articles := map[uuid.UUID]content.Article{}
	for _, row := range rows {
		articles[row.UnitID] = toArticle(row)
	}
	return articles, nil
}

// WorkflowsOfArticles returns the workflow of each article. An article that is not being written is not in the map.
func (s *Store) WorkflowsOfArticles(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID]uuid.UUID, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleWorkflows(ctx, dbsqlc.ArticleWorkflowsParams{
		OrganizationID: who.OrganizationID, ArticleIds: articles,
	})
	if err != nil {
		return nil, translate(err)
	}
	flows := map[uuid.UUID]uuid.UUID{}
	for _, row := range rows {
		flows[row.ArticleID] = row.WorkflowID
	}
	return flows, nil
}

// visited returns workflows or articles and their visits as parameters of one length.
func visited(visits map[uuid.UUID]int) (ids []uuid.UUID, numbers []int) {
	for id, visit := range visits {
		ids, numbers = append(ids, id), append(numbers, visit)
	}
	return ids, numbers
}

func toArticle(r dbsqlc.Article) content.Article {
	return content.Article{
		WorkflowID:   r.WorkflowID,
		ID:           r.ArticleID,
		Visit:        r.Visit,
		Position:     r.Position,
		UnitID:       r.UnitID,
		PlanVisit:    r.PlanVisit,
		PlanRevision: r.PlanRevision,
	}
}
