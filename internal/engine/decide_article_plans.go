package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// articlesAtOnce is how many articles one request names.
const articlesAtOnce = 100

// PlanItemInput decides about one article, edits its brief, or both.
type PlanItemInput struct {
	ArticleID uuid.UUID
	Choice    content.PlanChoice // "" leaves the decision as it is
	// ExpectedRevision is the revision of the brief that the caller has read; nil for any.
	ExpectedRevision *int `json:",omitempty"`
	Brief            *content.BriefEdit
	Reason           string
}

// DecideArticlePlansInput names articles one by one, or chooses them by a filter for one choice.
type DecideArticlePlansInput struct {
	WorkflowID     uuid.UUID
	Items          []PlanItemInput
	Where          *content.PlanFilter
	Choice         content.PlanChoice // with Where
	Reason         string             // with Where
	IdempotencyKey string
}

// DecideArticlePlans approves, rejects and edits articles of the plan. An edit of an approved article moves its
// approval to the new revision, in the name of the editor. An INVALID article is approved with a reason only. A filter
// chooses among the articles that have a brief. *StaleStateError when the plan is not open, *RevisionConflictError when
// a brief has another revision than the expected one.
func (e *Engine) DecideArticlePlans(
	ctx context.Context, who caller.Caller, in DecideArticlePlansInput,
) (_ Planned, err error) {
	ctx, end := e.begin(ctx, "DecideArticlePlans")
	defer end(&err)
	if err := in.check(); err != nil {
		return Planned{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changePlan(ctx, who, planRequest{
		operation: "decideArticlePlans",
		key:       key,
		content:   in,
		flow:      in.WorkflowID,
		states:    []workflow.State{workflow.ValidationCompleted},
	}, func(tx *postgres.Store, p planning) (int, error) {
		items, fields := in.choose(p.plan)
		changes := planChanges{planning: p}
		for i, item := range items {
			if err := changes.add(item, fields[i]); err != nil {
				return 0, err
			}
		}
		return changes.affected, changes.write(ctx, tx, who)
	})
}

func (in DecideArticlePlansInput) check() error {
	switch {
	case (len(in.Items) == 0) == (in.Where == nil), in.Items != nil && in.Where != nil:
		return fault.Invalid([]string{"items"}, "Name either articles or a filter.")
	case len(in.Items) > articlesAtOnce:
		return fault.Invalid([]string{"items"}, "A request names at most %d articles.", articlesAtOnce)
	case in.Where != nil && !in.Choice.Valid():
		return fault.Invalid([]string{"choice"}, "A filter needs a choice: APPROVED, REJECTED or CLEARED.")
	case in.Where == nil && in.Choice != "":
		return fault.Invalid([]string{"choice"}, "Give each item a choice of its own.")
	case in.Where == nil && in.Reason != "":
		return fault.Invalid([]string{"reason"}, "Give each item a reason of its own.")
	}
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	named := map[uuid.UUID]bool{}
	for i, item := range in.Items {
		field := []string{"items", fmt.Sprint(i)}
		switch {
		case item.Choice == "" && item.Brief == nil:
			return fault.Invalid(field, "An item has a choice, a brief or both.")
		case item.Choice != "" && !item.Choice.Valid():
			return fault.Invalid(append(field, "choice"), "A choice is APPROVED, REJECTED or CLEARED.")
		case named[item.ArticleID]:
			return fault.Invalid(append(field, "articleId"), "The request names this article twice.")
		}
		if err := checkReason(item.Reason); err != nil {
			return fault.Invalid(append(field, "reason"), "%s", err.Error())
		}
		named[item.ArticleID] = true
	}
	return nil
}

// choose returns the items of a request, each with its field.
func (in DecideArticlePlansInput) choose(plan content.Plan) (items []PlanItemInput, fields [][]string) {
	for i, item := range in.Items {
		items, fields = append(items, item), append(fields, []string{"items", fmt.Sprint(i)})
	}
	if in.Where == nil {
		return items, fields
	}
	for _, item := range plan.Items {
		if item.Plan.Revision > 0 && in.Where.Matches(item) {
			items = append(items, PlanItemInput{ArticleID: item.Page.ID, Choice: in.Choice, Reason: in.Reason})
			fields = append(fields, nil)
		}
	}
	return items, fields
}

// planChanges are the rows that a request writes.
type planChanges struct {
	planning
	plans     []content.ArticlePlan
	decisions []postgres.PlanDecision
	affected  int
}

func (c *planChanges) add(in PlanItemInput, field []string) error {
	item, there := c.plan.Item(in.ArticleID)
	if !there {
		return fault.Missing(append(slices.Clone(field), "articleId"), "article")
	}
	if err := checkBriefRevision(item.Plan, in.ExpectedRevision, field); err != nil {
		return err
	}
	before := item.Plan
	plan := before
	if in.Brief != nil {
		if before.Revision == 0 {
			before.Brief = item.Page.Outline()
		}
		plan.Brief = in.Brief.Apply(before.Brief)
		if err := plan.Brief.Check(0); err != nil {
			return fault.Invalid(slices.Concat(field, []string{"brief"}, fault.FieldOf(err)), "%s", err.Error())
		}
		if before.Revision == 0 || !plan.Brief.Equal(before.Brief) {
			plan.Revision++
			plan.IsSynthetic = false
			c.plans = append(c.plans, plan)
		}
	}
	choice := in.Choice
	if choice == "" && before.Choice == content.PlanApproved {
		choice = content.PlanApproved
	}
	edited := plan.Revision > item.Plan.Revision
	decided := choice != "" && (edited && choice == content.PlanApproved || choice != before.Choice) &&
		(before.Choice != "" || choice != content.PlanCleared)
	switch {
	case choice != "" && plan.Revision == 0:
		return fault.Invalid(append(slices.Clone(field), "brief", "title"),
			"This article has no brief. Give it one with a title.")
	case decided && choice == content.PlanApproved && item.Verdict.Verdict == content.VerdictInvalid &&
		saysNothing(in.Reason) && before.Choice != content.PlanApproved:
		return fault.Invalid(append(slices.Clone(field), "reason"),
			"Validation says INVALID. Approve this article with a reason.")
	}
	if decided {
		c.decisions = append(c.decisions, postgres.PlanDecision{
			ArticleID: in.ArticleID,
			Revision:  plan.Revision,
			Choice:    choice,
			Reason:    in.Reason,
		})
	}
	if edited || decided {
		c.affected++
	}
	return nil
}

// checkBriefRevision returns an error unless the brief has the expected revision. A nil one expects nothing.
func checkBriefRevision(p content.ArticlePlan, expected *int, field []string) error {
	switch {
	case expected == nil || *expected == p.Revision:
		return nil
	case p.Revision == 0:
		return fault.New(fault.Conflict, "The article has no brief now. Read the plan again, then decide.").
			At(append(slices.Clone(field), "expectedRevision")...)
	}
	return &RevisionConflictError{
		Current: content.ArticleVersion{
			Revision:  p.Revision,
			Author:    p.Author,
			Actor:     p.Actor,
			CreatedAt: p.CreatedAt,
		},
		subject: "brief",
		field:   append(slices.Clone(field), "expectedRevision"),
	}
}

func (c *planChanges) write(ctx context.Context, tx *postgres.Store, who caller.Caller) error {
	err := tx.AddArticlePlans(ctx, who, postgres.NewArticlePlans{
		WorkflowID: c.flow.ID,
		Visit:      c.plan.Visit,
		Plans:      c.plans,
		Author:     content.AuthorPerson,
		At:         c.at,
	})
	if err != nil {
		return fmt.Errorf("write briefs of workflow %s: %w", c.flow.ID, err)
	}
	err = tx.DecidePlans(ctx, who, postgres.PlanDecisions{
		WorkflowID: c.flow.ID,
		Visit:      c.plan.Visit,
		Decisions:  c.decisions,
		Origin:     content.OriginPerson,
		At:         c.at,
	})
	if err != nil {
		return fmt.Errorf("write decisions about workflow %s: %w", c.flow.ID, err)
	}
	return nil
}
