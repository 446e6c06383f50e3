package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Keywords returns the current keywords of each workflow, the highest score first. A workflow that is being analysed
// anew has none.
func (e *Engine) Keywords(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]content.SeedKeyword, error) {
	visits, err := e.store.CurrentVisits(ctx, who, flows, workflow.StepCompetitor)
	if err != nil {
		return nil, fmt.Errorf("read the current visits: %w", err)
	}
	keywords, err := e.store.Keywords(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the keywords: %w", err)
	}
	return keywords, nil
}

// Keyword returns one keyword with its decision, or NOT_FOUND.
func (e *Engine) Keyword(ctx context.Context, who caller.Caller, id uuid.UUID) (content.SeedKeyword, error) {
	keyword, there, err := e.store.Keyword(ctx, who, id)
	if err == nil && there {
		there, err = e.reaches(ctx, who, keyword.WorkflowID)
	}
	return found(keyword, there, err, "keyword")
}

// Analyses returns the result of the current competitor analysis of each workflow; before it, the competitors that a
// person named.
func (e *Engine) Analyses(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]content.Analysis, error) {
	kept, err := e.store.CurrentResults(ctx, who, flows, workflow.StepCompetitor)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	named, err := e.store.CompetitorsOf(ctx, who, flows)
	if err != nil {
		return nil, fmt.Errorf("read the named competitors: %w", err)
	}
	analyses := make(map[uuid.UUID]content.Analysis, len(flows))
	for _, flow := range flows {
		var analysis content.Analysis
		if result, there := kept[flow]; there {
			if err := json.Unmarshal(result.Content, &analysis); err != nil {
				return nil, fmt.Errorf("read the analysis of workflow %s: %w", flow, err)
			}
		} else {
			for _, domain := range named[flow] {
				analysis.Competitors = append(analysis.Competitors, content.Competitor{Domain: domain})
			}
		}
		analyses[flow] = analysis
	}
	return analyses, nil
}

// Reviewed is a review after a change: how many keywords it was about, and the selection now.
type Reviewed struct {
	Workflow  workflow.Workflow
	Affected  int
	Selection content.Selection
	Replayed  bool
}

// profile returns the vocabulary of the workflow's current ideal customer profile.
func (e *Engine) profile(ctx context.Context, who caller.Caller, flow uuid.UUID) (content.Profile, error) {
	results, err := e.ICPs(ctx, who, []uuid.UUID{flow})
	if err != nil {
		return content.Profile{}, err
	}
	var icp workflow.ICP
	if kept, there := results[flow]; there {
		if err := json.Unmarshal(kept.Content, &icp); err != nil {
			return content.Profile{}, fmt.Errorf("read the profile of workflow %s: %w", flow, err)
		}
	}
	return content.NewProfile(slices.Concat(
		icp.Industries, icp.BuyerRoles, icp.PainPoints, []string{icp.ValueProposition},
	)...), nil
}

// review is a workflow in review, locked until the transaction ends.
type review struct {
	flow     workflow.Workflow
	visit    int
	keywords []content.SeedKeyword
	at       time.Time
}

func (r review) decisions(ids []uuid.UUID, choice content.Choice, reason string) postgres.KeywordDecisions {
	return postgres.KeywordDecisions{
		WorkflowID: r.flow.ID,
		Visit:      r.visit,
		KeywordIDs: ids,
		Choices:    slices.Repeat([]content.Choice{choice}, len(ids)),
		Origin:     content.OriginPerson,
		Reason:     reason,
		At:         r.at,
	}
}

// reviewRequest is a mutation of a review as idempotency sees it.
type reviewRequest struct {
	operation, key string
	content        any
	flow           uuid.UUID
}

// review changes a review under an idempotency key and the workflow's lock.
func (e *Engine) review(
	ctx context.Context, who caller.Caller, r reviewRequest, change func(*postgres.Store, review) (int, error),
) (Reviewed, error) {
	at := e.now()
	var changed Reviewed
	replay, err := e.once(ctx, who, request{
		key:       r.key,
		operation: r.operation,
		content:   r.content,
		flow:      r.flow,
		at:        at,
	}, func(tx *postgres.Store) error {
		locked, err := e.lockReview(ctx, tx, who, r.flow, at)
		if err != nil {
			return err
		}
		changed.Workflow = locked.flow
		if changed.Affected, err = change(tx, locked); err != nil {
			return err
		}
		// Read before the commit: the selection must not contain the next change of a colleague.
		keywords, err := tx.Keywords(ctx, who, map[uuid.UUID]int{r.flow: locked.visit})
		changed.Selection = content.SelectionOf(keywords[r.flow])
		return err
	})
	var stale *StaleStateError
	switch {
	case errors.As(err, &stale) && stale.Current.IsTerminal():
		return Reviewed{}, &TerminalError{Current: stale.Current}
	case err != nil:
		return Reviewed{}, err
	case replay != nil:
		return e.replayReviewed(ctx, who, r.flow)
	}
	return changed, nil
}

// lockReview locks a workflow that is in review and reads its keywords.
func (e *Engine) lockReview(
	ctx context.Context, tx *postgres.Store, who caller.Caller, id uuid.UUID, at time.Time,
) (review, error) {
	flow, there, err := tx.LockWorkflow(ctx, who, id)
	if flow, err = found(flow, there, err, "workflow"); err != nil {
		return review{}, err
	}
	if flow.State != workflow.SeedReviewPending {
		return review{}, &StaleStateError{Current: flow}
	}
	visits, err := tx.CurrentVisits(ctx, who, []uuid.UUID{id}, workflow.StepCompetitor)
	if err != nil {
		return review{}, fmt.Errorf("read the visit of workflow %s: %w", id, err)
	}
	visit, there := visits[id]
	if !there {
		return review{}, errNoVisit()
	}
	keywords, err := tx.Keywords(ctx, who, visits)
	if err != nil {
		return review{}, fmt.Errorf("read the keywords of workflow %s: %w", id, err)
	}
	return review{
		flow:     flow,
		visit:    visit,
		keywords: keywords[id],
		at:       at,
	}, nil
}

// replayReviewed returns a review as it is now.
func (e *Engine) replayReviewed(ctx context.Context, who caller.Caller, id uuid.UUID) (Reviewed, error) {
	flow, err := e.Workflow(ctx, who, id)
	if err != nil {
		return Reviewed{}, err
	}
	keywords, err := e.Keywords(ctx, who, []uuid.UUID{id})
	return Reviewed{Workflow: flow, Selection: content.SelectionOf(keywords[id]), Replayed: true}, err
}
