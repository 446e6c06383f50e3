package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Clustered are the keywords that topic clustering worked with, as content.Expand returns them, and the evidence about
// them.
type Clustered struct {
	Keywords []content.TopicKeyword
	Signals  content.Signals
	// Snapshots are result pages that were paid for, to be stored for other steps and workflows.
	Snapshots []content.Snapshot
}

// SnapshotsInput names result pages as the store keeps them.
type SnapshotsInput = postgres.SnapshotsInput

// Snapshots returns the last result page of each keyword that has one since a day.
func (e *Engine) Snapshots(ctx context.Context, who caller.Caller, in SnapshotsInput) ([]content.Snapshot, error) {
	return e.store.Snapshots(ctx, who, in)
}

// Clusterings returns the current result of topic clustering of each workflow that has one.
func (e *Engine) Clusterings(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]content.Clustering, error) {
	visits, err := e.store.CurrentVisits(ctx, who, flows, workflow.StepClustering)
	if err != nil {
		return nil, fmt.Errorf("read the current visits: %w", err)
	}
	found, err := e.store.Clusterings(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the topics: %w", err)
	}
	return found, nil
}

// TopicKeyword returns one keyword of topic clustering, or NOT_FOUND.
func (e *Engine) TopicKeyword(ctx context.Context, who caller.Caller, id uuid.UUID) (content.TopicKeyword, error) {
	keyword, there, err := e.store.TopicKeyword(ctx, who, id)
	return found(keyword, there, err, "keyword")
}

// keepClustering writes the topics, pages and keywords of a finished run.
func (e *Engine) keepClustering(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in FinishInput, at time.Time,
) error {
	if in.arranged == nil {
		return nil
	}
	flow := in.Run.WorkflowID
	step, _ := workflow.StepOf(in.Run.Step)
	visit, there, err := tx.OpenVisit(ctx, who, flow, step)
	if visit, err = found(visit, there, err, "visit"); err != nil {
		return err
	}
	err = tx.AddClustering(ctx, who, postgres.NewClustering{
		WorkflowID:  flow,
		Visit:       visit,
		Clustering:  *in.arranged,
		IsSynthetic: isSynthetic(in.Result.Provider),
		At:          at,
	})
	if err != nil {
		return fmt.Errorf("write the topics of workflow %s: %w", flow, err)
	}
	if err := tx.AddSnapshots(ctx, who, in.Clustered.Snapshots, at); err != nil {
		return fmt.Errorf("store the result pages of workflow %s: %w", flow, err)
	}
	return nil
}

// Selected returns the selected keywords of the current review of a workflow.
func (e *Engine) Selected(ctx context.Context, who caller.Caller, flow uuid.UUID) ([]content.SeedKeyword, error) {
	keywords, err := e.Keywords(ctx, who, []uuid.UUID{flow})
	return slices.DeleteFunc(keywords[flow], func(k content.SeedKeyword) bool {
		return k.Choice != content.ChoiceSelected
	}), err
}
