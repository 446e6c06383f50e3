package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testdb/attack"
	"github.com/infin8content/engine/internal/workflow"
)

// The role that books for several organizations sees the rows of those that the transaction names, and no others. It
// reads what a booking needs.
func TestTenantIsolation_BookerSeesTheNamedOrganizations(t *testing.T) {
	t.Parallel()
	n, ctx := newNeighbours(t), context.Background()
	theirs := n.bundle
	theirs.who = n.other
	theirs.reserve(t, testdb.Workflow(t, n.db, n.other, testdb.WorkflowOpts{}), theirs.month(t), cost.Dollar/100)
	asBooker := func(named string, do func(pgx.Tx) error) error {
		return pgx.BeginFunc(ctx, n.db.Pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, postgres.EnterBooker, named, ""); err != nil {
				return err
			}
			return do(tx)
		})
	}
	count := func(table, named string) (own, theirs int) {
		t.Helper()
		err := asBooker(named, func(tx pgx.Tx) error {
			column := "organization_id"
			if table == "organizations" {
				column = "id"
			}
			return tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE `+column+` = $1), count(*) FILTER (WHERE `+column+` <> $1)
				FROM `+table, n.who.OrganizationID).Scan(&own, &theirs)
		})
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		return own, theirs
	}
	one, two := n.who.OrganizationID.String(), n.who.OrganizationID.String()+","+n.other.OrganizationID.String()
	for _, table := range []string{"organizations", "intent_workflows", "usage_accounts", "ai_calls", "ai_usage_ledger"} {
		if own, theirs := count(table, ""); own+theirs > 0 {
			t.Errorf("%s: got %d rows without a name, want none", table, own+theirs)
		}
		if own, theirs := count(table, one); own == 0 || theirs > 0 {
			t.Errorf("%s: got %d of its own rows and %d others, want its own alone", table, own, theirs)
		}
		if own, theirs := count(table, two); own == 0 || theirs == 0 {
			t.Errorf("%s: got %d and %d rows of two named organizations, want both", table, own, theirs)
		}
	}
	err := asBooker(one, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE usage_accounts SET held_pico = held_pico WHERE organization_id = $1`,
			n.other.OrganizationID)
		if err != nil || tag.RowsAffected() > 0 {
			t.Errorf("got %d accounts of an organization that is not named changed, %v, want none", tag.RowsAffected(), err)
		}
		_, err = tx.Exec(ctx, `INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, actor,
			created_at) VALUES ($1, 'k', sha256(''), gen_random_uuid(), 'a', now())`, n.other.OrganizationID)
		return err
	})
	if got := refusal(err); got != attack.NoRight {
		t.Errorf("a row of an organization that is not named: got %q, want it refused by row-level security", got)
	}
	rows, _ := n.db.Super.Query(ctx, `SELECT DISTINCT c.relname::text FROM pg_class AS c
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
			AND has_column_privilege($1, c.oid, a.attnum, 'SELECT') ORDER BY 1`, postgres.BookerRole)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	want := []string{
		"ai_calls", "ai_usage_ledger", "article_budgets", "idempotency_keys", "intent_workflows", "organizations",
		"step_units", "usage_accounts", "usage_days",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("it reads: got %q, %v, want %q", got, err, want)
	}
}

// A booking within a transaction would leave that in the role of the booking.
func TestReserveCalls_IsATransactionOfItsOwn(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	err := b.store.InTx(ctx, func(tx *postgres.Store) error {
		_, err := tx.ReserveCalls(ctx, []postgres.NewCall{{OrganizationID: b.who.OrganizationID}}, 0)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "a booking is a transaction of its own") {
		t.Errorf("got %v, want it refused", err)
	}
}

// A booking waits for a lock as long as it may, and changes nothing then. Without a limit it waits until it has it.
func TestReserveCalls_WaitsForALockAsLongAsItMay(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.month(t)
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
	reserve := func(wait time.Duration) ([]postgres.Reserved, error) {
		at := testdb.Now()
		return b.store.ReserveCalls(ctx, []postgres.NewCall{{
			OrganizationID: b.who.OrganizationID, ID: uuid.New(), WorkflowID: flow.ID, Step: workflow.StepICP,
			Hold: cost.Dollar / 100, At: at, CheckAt: at.Add(time.Hour), Actor: "a",
		}}, wait)
	}
	done := make(chan error, 1)
	err := b.store.InTx(ctx, func(tx *postgres.Store) error {
		if _, _, err := tx.LockAccount(ctx, b.who, flow.ID); err != nil {
			return err
		}
		if _, err := reserve(10 * time.Millisecond); !errors.Is(err, postgres.ErrLocked) {
			t.Errorf("with a limit: got %v, want ErrLocked", err)
		}
		go func() {
			made, err := reserve(0)
			if err == nil && !made[0].Held {
				err = errors.New("not held")
			}
			done <- err
		}()
		testdb.AwaitBlocked(t, b.db, 1)
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Error(err)
	}
	if got := count(t, b, `SELECT count(*) FROM ai_calls WHERE workflow_id = $1`, flow.ID); got != 1 {
		t.Errorf("got %d calls, want the one that waited", got)
	}
}
