package postgres_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// The role that books for several organizations sees the rows of those that the transaction names, and no others. It
// reads what a booking needs.
func TestTenantIsolation_BookerSeesTheNamedOrganizations(t *testing.T) {
	t.Parallel()
	n, ctx := newNeighbours(t), context.Background()
	theirs := n.bundle
	theirs.who = n.other
	theirs.reserve(t, testdb.Workflow(t, n.db, n.other, testdb.WorkflowOpts{}), theirs.month(t), cost.Dollar/100)
	count := func(table, named string) (own, theirs int) {
		t.Helper()
		err := pgx.BeginFunc(ctx, n.db.Pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT set_config('role', $1, true), set_config('infin8.organizations', $2, true)`,
				postgres.BookerRole, named)
			if err != nil {
				return err
			}
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
