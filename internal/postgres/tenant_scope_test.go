package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// The driver sends nothing when the context has already ended. The transaction survives.
func TestInTx_AStatementThatIsNotSentSetsNoScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	other := testdb.Caller(t, b.db)
	flow, theirs := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{}), testdb.Workflow(t, b.db, other,
		testdb.WorkflowOpts{})
	get := func(ctx context.Context, tx *postgres.Store, who caller.Caller, id uuid.UUID) error {
		_, found, err := tx.Workflow(ctx, who, id)
		if err != nil {
			return err
		}
		return missing(found)
	}
	for name, act := range map[string]func(*postgres.Store) error{
		"the same organization": func(tx *postgres.Store) error {
			first := get(cancelled, tx, b.who, flow.ID)
			if !errors.Is(first, context.Canceled) {
				return fmt.Errorf("the cancelled statement: got %v", first)
			}
			return get(ctx, tx, b.who, flow.ID)
		},
		"another organization": func(tx *postgres.Store) error {
			_ = get(cancelled, tx, b.who, flow.ID)
			return get(ctx, tx, other, theirs.ID)
		},
		"all organizations": func(tx *postgres.Store) error {
			_, _ = tx.ExpiredRuns(cancelled, testdb.Now(), 1)
			if err := get(ctx, tx, b.who, flow.ID); err != nil {
				return err
			}
			if get(ctx, tx, other, theirs.ID) == nil {
				return errors.New("the transaction switched to another organization")
			}
			return nil
		},
	} {
		if err := b.store.InTx(ctx, act); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
