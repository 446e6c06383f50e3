package testdb

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Batch orders a batch that cancels three new workflows. The first is cancelled, the second was refused, and the third
// has no result. A worker has the batch.
func Batch(t testing.TB, db *DB, who caller.Caller) postgres.Batch {
	t.Helper()
	ctx, store, at := context.Background(), db.Store(), Now()
	flows := make([]workflow.Workflow, 3)
	made := postgres.NewBatch{
		Batch: postgres.Batch{
			ID:        uuid.Must(uuid.NewV7()),
			Kind:      workflow.BatchCancel,
			Reason:    "Burned down.",
			Digest:    make([]byte, 32),
			CreatedAt: at,
		},
		WakeAt: at,
	}
	for i := range flows {
		flows[i] = Workflow(t, db, who, WorkflowOpts{})
		made.Workflows, made.Steps = append(made.Workflows, flows[i].ID), append(made.Steps, "")
	}
	if err := store.CreateBatch(ctx, who, made); err != nil {
		t.Fatalf("create a batch: %v", err)
	}
	b, claimed, err := store.ClaimBatch(ctx, who, made.ID, at, at.Add(time.Hour))
	if err != nil || !claimed {
		t.Fatalf("claim a batch: %t, %v", claimed, err)
	}
	over := Move(t, store, who, flows[0], workflow.Cancelled)
	b, mine, err := store.AdvanceBatch(ctx, who, b, []postgres.BatchResult{
		{WorkflowID: over.ID, Outcome: workflow.BatchDone, Version: &over.Version},
		{WorkflowID: flows[1].ID, Outcome: workflow.BatchRefused, Code: "STALE_STATE", Message: "It has moved on."},
	}, at, at.Add(time.Hour))
	if err != nil || !mine {
		t.Fatalf("advance a batch: %t, %v", mine, err)
	}
	return b
}
