package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Plans returns the current article plan of each workflow. A workflow that is not validated has an empty one.
func (e *Engine) Plans(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]content.Plan, error) {
	clusterings, err := e.Clusterings(ctx, who, flows)
	if err != nil {
		return nil, err
	}
	visits, err := e.store.CurrentVisits(ctx, who, flows, workflow.StepValidation)
	if err != nil {
		return nil, fmt.Errorf("read the current visits: %w", err)
	}
	return plansOf(ctx, e.store, who, visits, clusterings)
}

// plansOf reads verdicts and briefs and puts them beside the pages.
func plansOf(
	ctx context.Context, store *postgres.Store, who caller.Caller, visits map[uuid.UUID]int,
	clusterings map[uuid.UUID]content.Clustering,
) (map[uuid.UUID]content.Plan, error) {
	plans := map[uuid.UUID]content.Plan{}
	if len(visits) == 0 {
		return plans, nil
	}
	verdicts, err := store.Verdicts(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the verdicts: %w", err)
	}
	briefs, err := store.ArticlePlans(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the briefs: %w", err)
	}
	for flow, visit := range visits {
		if len(verdicts[flow]) > 0 { // Otherwise the visit has not ended yet.
			plans[flow] = content.NewPlan(visit, clusterings[flow], verdicts[flow], briefs[flow])
		}
	}
	return plans, nil
}

// Planned is a plan after a change: how many articles it was about, and the approved ones now.
type Planned struct {
	Workflow  workflow.Workflow
	Affected  int
	Selection content.Selection
	Replayed  bool
}

// planning is a workflow whose topics and plan people work on, locked until the transaction ends.
type planning struct {
	flow workflow.Workflow
	// clusteringVisit and plan.Visit are the current visits of steps 4 and 5; plan.Visit is 0 before step 5.
	clusteringVisit int
	clustering      content.Clustering
	plan            content.Plan
	at              time.Time
}

// lockPlanning locks a workflow in one of the states and reads its topics and its plan.
func (e *Engine) lockPlanning(
	ctx context.Context, tx *postgres.Store, who caller.Caller, id uuid.UUID, states ...workflow.State,
) (planning, error) {
	flow, there, err := tx.LockWorkflow(ctx, who, id)
	if flow, err = found(flow, there, err, "workflow"); err != nil {
		return planning{}, err
	}
	if !slices.Contains(states, flow.State) {
		return planning{}, &StaleStateError{Current: flow}
	}
	p, flows := planning{flow: flow}, []uuid.UUID{id}
	visits, err := tx.CurrentVisits(ctx, who, flows, workflow.StepClustering)
	if err != nil {
		return planning{}, fmt.Errorf("read the visit of workflow %s: %w", id, err)
	}
	if p.clusteringVisit, there = visits[id]; !there {
		return planning{}, fault.New(fault.Conflict, "The workflow has no current topics: topic clustering must run first.")
	}
	clusterings, err := tx.Clusterings(ctx, who, visits)
	if err != nil {
		return planning{}, fmt.Errorf("read the topics of workflow %s: %w", id, err)
	}
	p.clustering = clusterings[id]
	if visits, err = tx.CurrentVisits(ctx, who, flows, workflow.StepValidation); err != nil {
		return planning{}, fmt.Errorf("read the visit of workflow %s: %w", id, err)
	}
	plans, err := plansOf(ctx, tx, who, visits, clusterings)
	p.plan = plans[id]
	return p, err
}

// planRequest is a mutation of a plan as idempotency sees it, with the states that it is allowed in.
type planRequest struct {
	operation, key string
	content        any
	flow           uuid.UUID
	states         []workflow.State
}

// changePlan changes topics or a plan under an idempotency key and the workflow's lock.
func (e *Engine) changePlan(
	ctx context.Context, who caller.Caller, r planRequest, change func(*postgres.Store, planning) (int, error),
) (Planned, error) {
	at := e.now()
	var changed Planned
	replay, err := e.once(ctx, who, request{
		key:       r.key,
		operation: r.operation,
		content:   r.content,
		flow:      r.flow,
		at:        at,
	}, func(tx *postgres.Store) error {
		locked, err := e.lockPlanning(ctx, tx, who, r.flow, r.states...)
		if err != nil {
			return err
		}
		locked.at = at
		changed.Workflow = locked.flow
		if changed.Affected, err = change(tx, locked); err != nil || locked.plan.Visit == 0 {
			return err
		}
		// Read before the commit: the selection must not contain the next change of a colleague.
		visits := map[uuid.UUID]int{r.flow: locked.plan.Visit}
		plans, err := plansOf(ctx, tx, who, visits, map[uuid.UUID]content.Clustering{r.flow: locked.clustering})
		changed.Selection = plans[r.flow].Selection()
		return err
	})
	var stale *StaleStateError
	switch {
	case errors.As(err, &stale) && stale.Current.IsTerminal():
		return Planned{}, &TerminalError{Current: stale.Current}
	case err != nil:
		return Planned{}, err
	case replay != nil:
		return e.replayPlanned(ctx, who, r.flow)
	}
	return changed, nil
}

// replayPlanned returns a plan as it is now.
func (e *Engine) replayPlanned(ctx context.Context, who caller.Caller, id uuid.UUID) (Planned, error) {
	flow, err := e.Workflow(ctx, who, id)
	if err != nil {
		return Planned{}, err
	}
	plans, err := e.Plans(ctx, who, []uuid.UUID{id})
	return Planned{Workflow: flow, Selection: plans[id].Selection(), Replayed: true}, err
}
