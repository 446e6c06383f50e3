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

// Verification makes two verifications: one that is over, with a finding, and one that a worker has.
func Verification(t testing.TB, db *DB, who caller.Caller) (over, open postgres.Verification) {
	t.Helper()
	ctx, store := context.Background(), db.Store()
	claim := func(at time.Time) postgres.Verification {
		t.Helper()
		id := uuid.Must(uuid.NewV7())
		if err := store.CreateVerification(ctx, who, id, at, at); err != nil {
			t.Fatalf("create a verification: %v", err)
		}
		v, claimed, err := store.ClaimVerification(ctx, who, id, at, at.Add(time.Hour))
		if err != nil || !claimed {
			t.Fatalf("claim a verification: %t, %v", claimed, err)
		}
		return v
	}
	over = claim(Now())
	over.State, over.RowsRead, over.Found = workflow.VerificationFindings, 7, 1
	over.Findings = []postgres.VerificationFinding{{
		Kind:     "JOURNAL",
		Table:    "workflow_transitions",
		Row:      "wf_1 version 2",
		Sentence: "its hash is not the hash of its content",
	}}
	over, mine, err := store.EndVerification(ctx, who, over, Now())
	if err != nil || !mine {
		t.Fatalf("end a verification: %t, %v", mine, err)
	}
	return over, claim(Now())
}
