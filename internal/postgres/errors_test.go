package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

func TestErrors_UnreachableDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	// ask asks for a workflow that is not there.
	ask := func(s *postgres.Store) fault.Kind {
		_, _, err := s.Workflow(ctx, b.who, uuid.New())
		return fault.KindOf(err)
	}

	t.Run("NobodyListens", func(t *testing.T) {
		t.Parallel()
		pool, err := postgres.Connect(ctx, "postgres:///postgres?host="+t.TempDir(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if got := ask(postgres.New(pool)); got != fault.Unavailable {
			t.Errorf("got %q, want %q", got, fault.Unavailable)
		}
	})
	t.Run("TheConnectionIsEnded", func(t *testing.T) {
		t.Parallel()
		pool, err := postgres.Connect(ctx, b.db.URL, postgres.AppRole, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		store := postgres.New(pool)
		err = store.InTx(ctx, func(tx *postgres.Store) error {
			var pid int
			if err := tx.Tx().QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
				return err
			}
			if _, err := b.db.Super.Exec(ctx, `SELECT pg_terminate_backend($1, 5000)`, pid); err != nil {
				return err
			}
			if got := ask(tx); got != fault.Unavailable {
				t.Errorf("at first: got %q, want %q", got, fault.Unavailable)
			}
			_, _, err := tx.Workflow(ctx, b.who, uuid.New()) // It is known to be closed now.
			return err
		})
		if got := fault.KindOf(err); got != fault.Unavailable {
			t.Errorf("got %q of %v, want %q", got, err, fault.Unavailable)
		}
		if got := ask(store); got != "" { // A new connection.
			t.Errorf("afterwards: got %q", got)
		}
	})
}
