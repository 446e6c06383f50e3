package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// AppRole is the role that the server works as.
const AppRole = "infin8_app"

// SweeperRole is the role that it enters for one statement at a time that is about all organizations.
const SweeperRole = "infin8_sweeper"

// BookerRole is the role that it enters for a statement that books for several organizations.
const BookerRole = "infin8_booker"

// findExcess lists what the current role may do and must not. Like the migrations it asks the catalog, not our tables.
// A NULL says: all tables, or any column of tables that do not only grow.
const findExcess = `
SELECT 'is a superuser' WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT 'bypasses row security' WHERE (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT format('may %s %s', lower(p.privilege), c.relname)
FROM pg_class AS c
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS p (privilege)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND CASE p.privilege
        WHEN 'INSERT' THEN coalesce(c.relname = ANY(@given), true) AND c.relname <> ALL(@inserts)
            AND has_any_column_privilege(c.oid, 'INSERT')
        WHEN 'UPDATE' THEN has_table_privilege(c.oid, 'UPDATE')
            OR c.relname = ANY(@grown) AND has_any_column_privilege(c.oid, 'UPDATE')
        ELSE has_table_privilege(c.oid, p.privilege) END
UNION ALL
SELECT format('may update %s of %s', a.attname, c.relname)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND c.relname || '.' || a.attname <> ALL(@updates) AND has_column_privilege(c.oid, a.attnum, 'UPDATE')
UNION ALL
SELECT format('owns %s', c.relname) FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT format('sees the rows of all organizations in %s', c.relname) FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
    AND (c.relname = 'organizations' OR EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
    ))
UNION ALL
SELECT format('has the rights of %s without entering it', r.rolname) FROM pg_roles AS r
WHERE r.rolname IN (@app, @sweeper, @booker) AND r.rolname <> current_user AND pg_has_role(r.oid, 'USAGE')
UNION ALL
SELECT 'may create objects in the schema public' WHERE has_schema_privilege('public', 'CREATE')
UNION ALL
SELECT format('may create schemas (REVOKE CREATE ON DATABASE %1$I FROM PUBLIC, %2$I)', current_database(), current_user)
WHERE has_database_privilege(current_database(), 'CREATE')
UNION ALL
SELECT format('may create temporary objects (REVOKE TEMPORARY ON DATABASE %1$I FROM PUBLIC, %2$I)', current_database(),
    current_user)
WHERE has_database_privilege(current_database(), 'TEMPORARY')
ORDER BY 1`

// CheckRole returns an error that lists everything the connections of the pool may do and a server must not: the
// journals' rows are beyond its reach, what migrations give it as facts (the edges of the graph) is only to be read,
// row security keeps it from the operator's prices and from organizations that it has not named, and the schema is not
// its own. In the roles of the sweepers and of bookings, which it must be able to enter, it may do much less.
func CheckRole(ctx context.Context, pool *pgxpool.Pool) error {
	given := []string{"legal_transitions", "workflow_graphs", "schema_migrations"}
	grown := append([]string{
		"workflow_transitions", "ai_usage_ledger", "step_results", "organization_changes", "alerts",
	}, given...)
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		return checkExcess(ctx, tx, AppRole, pgx.NamedArgs{
			"given": given, "inserts": []string{}, "grown": grown, "updates": nil,
		})
	})
	for role, limits := range map[string]pgx.NamedArgs{
		SweeperRole: {
			"inserts": []string{},
			"updates": []string{
				"intent_workflows.wake_at", "ai_calls.check_at", "ai_calls.checks", "alert_deliveries.wake_at",
				"batches.wake_at", "verifications.wake_at",
			},
		},
		BookerRole: {
			"inserts": []string{"ai_calls", "ai_usage_ledger", "usage_days", "idempotency_keys"},
			"updates": []string{
				"intent_workflows.wake_at", "step_units.wake_at", "article_budgets.held_pico", "article_budgets.settled_pico",
				"article_budgets.overage", "usage_accounts.sequence", "usage_accounts.held_pico",
				"usage_accounts.settled_pico", "usage_accounts.previous_stopped", "usage_accounts.previous_hash",
				"usage_accounts.hash", "ai_calls.state", "ai_calls.cost_pico", "ai_calls.list_cost_pico",
				"ai_calls.answered_model", "ai_calls.provider", "ai_calls.generation_id", "ai_calls.prompt_tokens",
				"ai_calls.completion_tokens", "ai_calls.cached_tokens", "ai_calls.reasoning_tokens",
				"ai_calls.made_searches", "ai_calls.items_billed", "ai_calls.failure_code", "ai_calls.ended_at",
				"ai_calls.check_at", "usage_days.calls", "usage_days.prompt_tokens", "usage_days.completion_tokens",
				"usage_days.settled_pico",
			},
		},
	} {
		limits["given"], limits["grown"] = nil, []string{}
		err = errors.Join(err, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if err := enter(ctx, tx, role); err != nil {
				return err
			}
			return checkExcess(ctx, tx, role, limits)
		}))
	}
	return err
}

// checkExcess returns an error that lists what the current role may do beyond what role is for.
func checkExcess(ctx context.Context, tx pgx.Tx, role string, limits pgx.NamedArgs) error {
	limits["app"], limits["sweeper"], limits["booker"] = AppRole, SweeperRole, BookerRole
	rows, _ := tx.Query(ctx, findExcess, limits) // Its error comes back from the rows.
	excess, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("ask for the rights of the role %s: %w", role, err)
	}
	if len(excess) > 0 {
		return fmt.Errorf("the server's role has more rights than it needs; it must be %s. It %s",
			role, strings.Join(excess, ", it "))
	}
	return nil
}

// enter enters a role until the transaction ends.
func enter(ctx context.Context, tx pgx.Tx, role string) error {
	var user string
	if err := tx.QueryRow(ctx, `SELECT session_user::text`).Scan(&user); err != nil {
		return fmt.Errorf("ask who works here: %w", err)
	}
	_, err := tx.Exec(ctx, `SELECT set_config('role', $1, true)`, role)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return fmt.Errorf("the user %[1]s may not enter the role %[2]s, in which the server does what concerns several "+
			"organizations; as the owner of the database: GRANT %[2]s TO %[1]s (%[3]w)", user, role, err)
	}
	return err
}
