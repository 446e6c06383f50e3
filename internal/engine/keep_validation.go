package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Validation is the result of cluster validation: the verdicts, and a brief for each page that is not INVALID.
type Validation struct {
	Verdicts []content.Validated
	Briefs   map[uuid.UUID]content.Brief // by page
}

// ValidationInput is what cluster validation works from, beside StepInput.
type ValidationInput struct {
	Clustering content.Clustering
	// Elsewhere are the approved articles of the organization's other workflows.
	Elsewhere []content.Existing
	// Posts are the addresses of the workflow's own posts, as after a RESET.
	Posts []string
}

// ValidationInput returns what a run of cluster validation works from.
func (e *Engine) ValidationInput(ctx context.Context, who caller.Caller, run workflow.Run) (ValidationInput, error) {
	found, err := e.Clusterings(ctx, who, []uuid.UUID{run.WorkflowID})
	if err != nil {
		return ValidationInput{}, err
	}
	in := ValidationInput{Clustering: found[run.WorkflowID]}
	planned, err := e.store.PlannedElsewhere(ctx, who, run.WorkflowID, content.MostExisting/2)
	if err != nil {
		return in, fmt.Errorf("read the articles of other workflows: %w", err)
	}
	for _, plan := range planned {
		reference := string(publicid.New(publicid.Article, plan.ArticleID))
		in.Elsewhere = append(in.Elsewhere, content.Existing{
			Reference: reference, Title: plan.Brief.Title, Keyword: plan.Brief.PrimaryKeyword,
		})
	}
	posted, err := e.store.Publications(ctx, who, postgres.PublicationPage{
		Workflows: []uuid.UUID{run.WorkflowID}, First: content.MostExisting,
	})
	if err != nil {
		return in, fmt.Errorf("read the posts of workflow %s: %w", run.WorkflowID, err)
	}
	for _, p := range posted[run.WorkflowID] {
		if p.Remote.URL != "" {
			in.Posts = append(in.Posts, p.Remote.URL)
		}
	}
	return in, nil
}

// keepValidation writes the verdicts and the briefs of a finished run. A RESET loses no decision: an article of the
// same page, or with the same primary keyword, keeps its choice. The carried decision names the person who made it.
func (e *Engine) keepValidation(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in FinishInput, at time.Time,
) error {
	if in.Validation == nil {
		return nil
	}
	flow := in.Run.WorkflowID
	step, _ := workflow.StepOf(in.Run.Step)
	visit, there, err := tx.OpenVisit(ctx, who, flow, step)
	if visit, err = found(visit, there, err, "visit"); err != nil {
		return err
	}
	err = tx.AddVerdicts(ctx, who, postgres.NewVerdicts{
		WorkflowID: flow,
		Visit:      visit,
		Verdicts:   in.Validation.Verdicts,
		At:         at,
	})
	if err != nil {
		return fmt.Errorf("write the verdicts of workflow %s: %w", flow, err)
	}
	var plans []content.ArticlePlan
	for _, page := range slices.SortedFunc(maps.Keys(in.Validation.Briefs), compareIDs) {
		plans = append(plans, content.ArticlePlan{
			ArticleID:   page,
			Revision:    1,
			Brief:       in.Validation.Briefs[page],
			IsSynthetic: isSynthetic(in.Result.Provider),
		})
	}
	err = tx.AddArticlePlans(ctx, who, postgres.NewArticlePlans{
		WorkflowID: flow,
		Visit:      visit,
		Plans:      plans,
		Author:     content.AuthorEngine,
		At:         at,
	})
	if err != nil {
		return fmt.Errorf("write the briefs of workflow %s: %w", flow, err)
	}
	return carryPlanDecisions(ctx, tx, who, carriedPlans{flow, visit, plans, at})
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

// carriedPlans are the new briefs of a visit.
type carriedPlans struct {
	flow  uuid.UUID
	visit int
	plans []content.ArticlePlan
	at    time.Time
}

func carryPlanDecisions(ctx context.Context, tx *postgres.Store, who caller.Caller, in carriedPlans) error {
	before, err := tx.DecidedBefore(ctx, who, in.flow, in.visit)
	if err != nil {
		return fmt.Errorf("read the earlier decisions about workflow %s: %w", in.flow, err)
	}
	slices.SortFunc(before, func(a, b postgres.DecidedBrief) int { return a.Sequence - b.Sequence })
	byArticle, byKeyword := map[uuid.UUID]postgres.DecidedBrief{}, map[string]postgres.DecidedBrief{}
	for _, decided := range before { // The last one counts.
		byArticle[decided.ArticleID] = decided
		byKeyword[content.Normalise(decided.Brief.PrimaryKeyword)] = decided
	}
	carried := map[string][]postgres.PlanDecision{}
	for _, plan := range in.plans {
		decided, there := byArticle[plan.ArticleID]
		if !there {
			decided, there = byKeyword[content.Normalise(plan.Brief.PrimaryKeyword)]
		}
		if there && decided.Choice != content.PlanCleared {
			carried[decided.Actor] = append(carried[decided.Actor], postgres.PlanDecision{
				ArticleID: plan.ArticleID, Revision: plan.Revision, Choice: decided.Choice,
			})
		}
	}
	for _, actor := range slices.Sorted(maps.Keys(carried)) {
		decider := who
		decider.Actor = actor
		err := tx.DecidePlans(ctx, decider, postgres.PlanDecisions{
			WorkflowID: in.flow,
			Visit:      in.visit,
			Decisions:  carried[actor],
			Origin:     content.OriginCarried,
			At:         in.at,
		})
		if err != nil {
			return fmt.Errorf("carry the decisions about workflow %s over: %w", in.flow, err)
		}
	}
	return nil
}
