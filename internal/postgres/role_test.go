package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

func TestCheckRole_RefusesExcessRights(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("TheServersRoleIsEnough", func(t *testing.T) {
		t.Parallel()
		if err := postgres.CheckRole(ctx, testdb.New(t).Pool); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		pool func(*testdb.DB) *pgxpool.Pool
		want []string
	}{
		"TheOwnerIsTooMuch": {
			func(db *testdb.DB) *pgxpool.Pool { return db.Owner },
			[]string{"owns ai_usage_ledger", "may delete workflow_transitions", "may insert legal_transitions"},
		},
		"ASuperuserIsTooMuch": {
			func(db *testdb.DB) *pgxpool.Pool { return db.Super }, []string{"is a superuser"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := postgres.CheckRole(ctx, c.pool(testdb.New(t)))
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
		})
	}
	for grant, want := range map[string]string{
		"UPDATE (reason) ON workflow_transitions":                "may update workflow_transitions",
		"TRUNCATE ON ai_usage_ledger":                            "may truncate ai_usage_ledger",
		"DELETE ON intent_workflows":                             "may delete intent_workflows",
		"INSERT ON legal_transitions":                            "may insert legal_transitions",
		"DELETE ON model_prices":                                 "may delete model_prices",
		"UPDATE ON usage_accounts":                               "may update usage_accounts",
		"TRIGGER ON step_results":                                "may trigger step_results",
		"INSERT ON ai_calls TO infin8_sweeper":                   "may insert ai_calls",
		"UPDATE (state) ON intent_workflows TO infin8_sweeper":   "may update state of intent_workflows",
		"INSERT ON intent_workflows TO infin8_booker":            "may insert intent_workflows",
		"UPDATE (limit_pico) ON usage_accounts TO infin8_booker": "may update limit_pico of usage_accounts",
	} {
		t.Run("OneRightTooMuch/"+grant, func(t *testing.T) {
			t.Parallel()
			db := testdb.New(t)
			if !strings.Contains(grant, " TO ") {
				grant += " TO " + postgres.AppRole
			}
			if _, err := db.Owner.Exec(ctx, "GRANT "+grant); err != nil {
				t.Fatal(err)
			}
			if err := postgres.CheckRole(ctx, db.Pool); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		})
	}
}

func TestCheckRole_RefusesWithoutRowSecurity(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), testdb.New(t)
	if _, err := db.Owner.Exec(ctx, `ALTER TABLE ai_calls DISABLE ROW LEVEL SECURITY`); err != nil {
		t.Fatal(err)
	}
	const want = "sees the rows of all organizations in ai_calls"
	if err := postgres.CheckRole(ctx, db.Pool); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
}

func TestCheckRole_NamesTheMissingRole(t *testing.T) {
	t.Parallel()
	ctx, config := context.Background(), testdb.New(t).Pool.Config()
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SET SESSION AUTHORIZATION "+postgres.AppRole)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for _, role := range []string{postgres.SweeperRole, postgres.BookerRole} {
		want := "GRANT " + role + " TO infin8_app"
		if err := postgres.CheckRole(ctx, pool); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

// The role is part of the connection's start, so RESET leads to it. It does not protect from SET ROLE, as
// the comment of Connect says. This test proves that comment.
func TestConnect_ResetReturnsToTheServerRole(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := testdb.New(t).Pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	current := func() (role string) {
		if err := conn.QueryRow(ctx, `SELECT current_user::text`).Scan(&role); err != nil {
			t.Fatal(err)
		}
		return role
	}
	for _, statement := range []string{
		"RESET ROLE", "RESET ALL", "SET role TO DEFAULT", "SET SESSION AUTHORIZATION DEFAULT",
	} {
		_, err := conn.Exec(ctx, statement)
		if role := current(); err != nil || role != postgres.AppRole {
			t.Errorf("after %s: got %s, %v, want %s", statement, role, err, postgres.AppRole)
		}
	}
	if _, err := conn.Exec(ctx, "SET ROLE NONE"); err != nil || current() == postgres.AppRole {
		t.Errorf("after SET ROLE NONE: got %s, %v; if the role protects now, correct the comment of Connect", current(), err)
	}
}
