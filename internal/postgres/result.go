package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// StepResult is the result of a run.
type StepResult struct {
	WorkflowID      uuid.UUID
	Token           int
	Step            workflow.StepKey
	Content         []byte
	Provider, Model string
	Source          workflow.ResultSource // the engine's when empty
	At              time.Time
}

// KeepResult writes the result of a run.
func (s *Store) KeepResult(ctx context.Context, who caller.Caller, r StepResult) error {
	return translate(s.forTenant(who.OrganizationID).ResultInsert(ctx, dbsqlc.ResultInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     r.WorkflowID,
		Token:          r.Token,
		Step:           r.Step,
		Content:        r.Content,
		Provider:       r.Provider,
		Model:          r.Model,
		At:             r.At,
		Source:         string(cmp.Or(r.Source, workflow.ResultOfEngine)),
	}))
}

// ResultOf returns the result of a run.
func (s *Store) ResultOf(
	ctx context.Context, who caller.Caller, flow uuid.UUID, token int,
) (result StepResult, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).ResultGet(ctx, dbsqlc.ResultGetParams{
		OrganizationID: who.OrganizationID, WorkflowID: flow, Token: token,
	})
	return one(row, err, toStepResult)
}

func toStepResult(r dbsqlc.StepResult) StepResult {
	return StepResult{
		WorkflowID: r.WorkflowID,
		Token:      r.Token,
		Step:       r.Step,
		Content:    r.Content,
		Provider:   r.Provider,
		Model:      r.Model,
		Source:     workflow.ResultSource(r.Source),
		At:         r.CreatedAt.UTC(),
	}
}

// CurrentResults returns the current result of a step for each workflow that has one.
func (s *Store) CurrentResults(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, step workflow.StepKey,
) (map[uuid.UUID]StepResult, error) {
	rows, err := s.forTenant(who.OrganizationID).ResultListCurrent(ctx, dbsqlc.ResultListCurrentParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		Step:           step,
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(step)),
	})
	if err != nil {
		return nil, translate(err)
	}
	results := make(map[uuid.UUID]StepResult, len(rows))
	for _, r := range rows {
		results[r.WorkflowID] = toStepResult(r)
	}
	return results, nil
}

// SupersededResult is a result that a RESET has superseded.
type SupersededResult struct {
	StepResult
	// Visit is the version of the transition that began the visit.
	Visit int
	Reset workflow.Transition
}

// supersededOfFlow limits the superseded results that are read, on average over the workflows.
const supersededOfFlow = 20

// SupersededResults returns for each workflow the results of a step that a RESET has superseded, the newest first.
func (s *Store) SupersededResults(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, step workflow.Step,
) (map[uuid.UUID][]SupersededResult, error) {
	rows, err := s.forTenant(who.OrganizationID).ResultListSuperseded(ctx, dbsqlc.ResultListSupersededParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		Step:           step.Key,
		Pending:        step.Pending,
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(step.Key)),
		PageSize:       int32(len(flows) * supersededOfFlow),
	})
	results, err := many(rows, err, func(r dbsqlc.ResultListSupersededRow) SupersededResult {
		return SupersededResult{
			StepResult: toStepResult(r.StepResult), Visit: r.Visit, Reset: toTransition(r.WorkflowTransition),
		}
	})
	return group(results, err, func(r SupersededResult) uuid.UUID { return r.WorkflowID })
}
