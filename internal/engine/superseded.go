package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// SupersededMost is how many superseded visits of a step are returned, the newest ones.
const SupersededMost = 5

// VisitKey is one visit of a workflow.
type VisitKey = postgres.VisitKey

// SupersededVisit is a visit of a step whose result a RESET has superseded.
type SupersededVisit struct {
	VisitKey
	Result Result
	// Reset is the RESET that superseded it.
	Reset workflow.Transition
}

// Superseded returns the superseded visits of an automatic step of each workflow, the newest first. A visit without a
// result is not one of them.
func (e *Engine) Superseded(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, key workflow.StepKey,
) (map[uuid.UUID][]SupersededVisit, error) {
	step, known := workflow.StepOf(key)
	if !known {
		return nil, nil
	}
	kept, err := e.store.SupersededResults(ctx, who, flows, step)
	if err != nil {
		return nil, fmt.Errorf("read superseded results: %w", err)
	}
	visits := map[uuid.UUID][]SupersededVisit{}
	for flow, results := range kept {
		for _, r := range results[:min(len(results), SupersededMost)] {
			visits[flow] = append(visits[flow], SupersededVisit{
				VisitKey: VisitKey{WorkflowID: flow, Visit: r.Visit}, Result: toResult(r.StepResult), Reset: r.Reset,
			})
		}
	}
	return visits, nil
}

// KeywordsOfVisits returns the keywords of visits with their last choices.
func (e *Engine) KeywordsOfVisits(
	ctx context.Context, who caller.Caller, visits []VisitKey,
) (map[VisitKey][]content.SeedKeyword, error) {
	keywords, err := e.store.KeywordsOfVisits(ctx, who, visits)
	found := map[VisitKey][]content.SeedKeyword{}
	for _, k := range keywords {
		key := VisitKey{WorkflowID: k.WorkflowID, Visit: k.Visit}
		found[key] = append(found[key], k)
	}
	return found, err
}

// ClusteringsOfVisits returns the topics of visits.
func (e *Engine) ClusteringsOfVisits(
	ctx context.Context, who caller.Caller, visits []VisitKey,
) (map[VisitKey]content.Clustering, error) {
	return e.store.ClusteringsOfVisits(ctx, who, visits)
}

// BriefsOfVisits returns the last revision of each brief of visits, with the last decision about it.
func (e *Engine) BriefsOfVisits(
	ctx context.Context, who caller.Caller, visits []VisitKey,
) (map[VisitKey][]content.ArticlePlan, error) {
	plans, err := e.store.ArticlePlansOfVisits(ctx, who, visits)
	found := map[VisitKey][]content.ArticlePlan{}
	for _, p := range plans {
		key := VisitKey{WorkflowID: p.WorkflowID, Visit: p.Visit}
		found[key] = append(found[key], p)
	}
	return found, err
}

// TopicVerdicts returns the current verdicts about topics, by the id of the topic.
func (e *Engine) TopicVerdicts(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]content.Validated, error) {
	visits, err := e.store.CurrentVisits(ctx, who, flows, workflow.StepValidation)
	if err != nil {
		return nil, fmt.Errorf("read the current visits: %w", err)
	}
	verdicts, err := e.store.Verdicts(ctx, who, visits)
	found := map[uuid.UUID]content.Validated{}
	for _, all := range verdicts {
		for _, verdict := range all {
			if verdict.TopicID != nil {
				found[*verdict.TopicID] = verdict
			}
		}
	}
	return found, err
}
