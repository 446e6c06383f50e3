package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// mostPublications is more than a workflow has: 500 for each approval that keeps none of the earlier ones.
const mostPublications = 5000

// publishingPlan is what an approval asks for.
type publishingPlan struct {
	flow     uuid.UUID
	approval int
	at       time.Time
	items    []publishItem
}

// planPublications writes a publication for each item. One that the article has on the target is asked for again. So is
// that of an earlier article with the same primary keyword, whose post then gets the new text at its address. Every
// other publication of the workflow becomes an orphan.
func (e *Engine) planPublications(
	ctx context.Context, tx *postgres.Store, who caller.Caller, plan publishingPlan,
) error {
	all, err := tx.Publications(ctx, who, postgres.PublicationPage{
		Workflows: []uuid.UUID{plan.flow}, First: mostPublications,
	})
	if err != nil {
		return fmt.Errorf("read the publications of workflow %s: %w", plan.flow, err)
	}
	matches, rest := plan.match(all[plan.flow])
	var fresh []workflow.Publication
	for i, item := range plan.items {
		if matches[i] == nil {
			fresh = append(fresh, plan.first(e.newID(), item))
			continue
		}
		if err := plan.again(ctx, tx, who, *matches[i], item); err != nil {
			return err
		}
	}
	planned, err := tx.PlanPublications(ctx, who, fresh)
	if err != nil {
		return fmt.Errorf("plan the publications of workflow %s: %w", plan.flow, err)
	}
	if planned != len(fresh) {
		return errLost
	}
	for _, p := range rest {
		orphan, err := p.To(workflow.PublicationOrphaned, workflow.PublicationOrphan, plan.at)
		if err != nil {
			continue // It has no post that readers see, or is on its way out.
		}
		err = movePublication(ctx, tx, who, postgres.PublicationMove{
			Before: p, After: orphan, Kind: workflow.PublicationOrphan,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// match returns the earlier publication of each item, nil without one, and the earlier ones that no item has.
func (plan publishingPlan) match(
	earlier []workflow.Publication,
) (matches []*workflow.Publication, rest []workflow.Publication) {
	matches = make([]*workflow.Publication, len(plan.items))
	used := map[uuid.UUID]bool{}
	find := func(is func(workflow.Publication, publishItem) bool) {
		for i, item := range plan.items {
			for j := range earlier {
				if p := &earlier[j]; matches[i] == nil && !used[p.ID] && p.TargetID == item.target.ID && is(*p, item) {
					matches[i], used[p.ID] = p, true
				}
			}
		}
	}
	find(func(p workflow.Publication, item publishItem) bool { return p.ArticleID == item.article.ID })
	find(func(p workflow.Publication, item publishItem) bool {
		return p.Keyword != "" && p.Keyword == item.keyword()
	})
	for _, p := range earlier {
		if !used[p.ID] {
			rest = append(rest, p)
		}
	}
	return matches, rest
}

// keyword is the normalised primary keyword, at most 200 characters.
func (i publishItem) keyword() string {
	text := []rune(content.Normalise(i.article.Brief.PrimaryKeyword))
	return string(text[:min(len(text), 200)])
}

// set makes a publication the one that an item asks for.
func (plan publishingPlan) set(p *workflow.Publication, item publishItem) {
	p.ArticleID, p.Keyword = item.article.ID, item.keyword()
	p.Revision, p.Approval = item.article.Last.Revision, plan.approval
	p.Policy, p.PublishAt = item.policy, item.at
}

// first returns the publication of an item that has none yet.
func (plan publishingPlan) first(id uuid.UUID, item publishItem) workflow.Publication {
	p := workflow.Publication{
		ID:         id,
		WorkflowID: plan.flow,
		TargetID:   item.target.ID,
		State:      workflow.PublicationPlanned,
		ChangedAt:  plan.at,
	}
	plan.set(&p, item)
	return p
}

// again asks for an earlier publication for an item.
func (plan publishingPlan) again(
	ctx context.Context, tx *postgres.Store, who caller.Caller, p workflow.Publication, item publishItem,
) error {
	next, err := p.Replan(func(p *workflow.Publication) { plan.set(p, item) }, plan.at)
	if err != nil {
		return err
	}
	return movePublication(ctx, tx, who, postgres.PublicationMove{
		Before: p, After: next, Kind: workflow.PublicationReplan,
	})
}

// movePublication writes a move of a publication by a person.
func movePublication(ctx context.Context, tx *postgres.Store, who caller.Caller, m postgres.PublicationMove) error {
	won, err := tx.MovePublication(ctx, who, m)
	if err != nil {
		return fmt.Errorf("move publication %s by %s: %w", m.After.ID, m.Kind, err)
	}
	if !won {
		return fault.New(fault.Conflict, "The publication has just moved. Read it again.")
	}
	return nil
}
