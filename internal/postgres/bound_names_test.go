package postgres_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/migrations"
)

// A session may give a type's name another meaning. The hash that its CHECK computes must stay the same.
func TestHashFunctionsIgnoreTemporaryTypes(t *testing.T) {
	t.Parallel()
	g, ctx := newTarget(t), context.Background()
	tx, err := g.db.Super.Begin(ctx) // The owner of a database may create temporary objects, too.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, domain := range []string{
		`CREATE DOMAIN pg_temp.text AS pg_catalog.varchar(1)`,
		`CREATE DOMAIN pg_temp.int8 AS pg_catalog.numeric`,
		`CREATE DOMAIN pg_temp.bytea AS pg_catalog.varchar(1)`,
		`SET LOCAL search_path = pg_temp, public, pg_catalog`,
	} {
		if _, err := tx.Exec(ctx, domain); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(ctx, g.keys.Replace(forged{}.moved()), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, g.keys.Replace(entry{}.moved()), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	rows := 0
	if err := g.db.Books().EachTransition(ctx, func(row workflow.Transition) error {
		rows++
		if !bytes.Equal(row.ComputeHash(), row.Hash) {
			t.Errorf("workflow_transitions version %d: the hashes differ", row.Version)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := g.db.Books().EachEntry(ctx, func(row cost.Entry) error {
		rows++
		if !bytes.Equal(row.ComputeHash(), row.Hash) {
			t.Errorf("ai_usage_ledger entry %d: the hashes differ", row.Sequence)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if rows < 10 {
		t.Errorf("rows: got %d, want those of the fixture", rows)
	}
}

// Each function binds its names when it is created, or pins its search path, or is one call with every name qualified.
func TestFunctionsTrustNoName(t *testing.T) {
	t.Parallel()
	qualified := regexp.MustCompile(`^\s*BEGIN\s+RETURN pg_catalog\.sha256\(previous_hash OPERATOR\(pg_catalog\.\|\|\) ` +
		`pg_catalog\.convert_to\(public\.[a-z]+_text\([a-z_, \n]+\),\s+'UTF8'\)\);\s+END\s*$`)
	rows, _ := testdb.New(t).Super.Query(context.Background(), `
		SELECT p.proname, p.prosqlbody IS NOT NULL, coalesce(p.proconfig::text, ''), p.prosrc FROM pg_proc AS p
		JOIN pg_language AS l ON l.oid = p.prolang
		WHERE p.pronamespace = 'public'::regnamespace AND l.lanname <> 'internal' ORDER BY 1`)
	var (
		name, config, body string
		bound              bool
		functions          int
	)
	_, err := pgx.ForEachRow(rows, []any{&name, &bound, &config, &body}, func() error {
		functions++
		if !bound && !strings.Contains(config, `search_path=pg_catalog, pg_temp`) && !qualified.MatchString(body) {
			t.Errorf("%s trusts the names of the session: give it a body after RETURN, or SET search_path", name)
		}
		return nil
	})
	if err != nil || functions < 10 {
		t.Errorf("got %d functions, %v", functions, err)
	}
}

func TestServerRoleMayNotCreateTemporaryObjects(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for _, statement := range []string{
		`CREATE DOMAIN pg_temp.text AS pg_catalog.text`, `CREATE TEMPORARY TABLE intent_workflows (id int)`,
		`CREATE SCHEMA mine`,
	} {
		for _, role := range []string{postgres.AppRole, postgres.SweeperRole} {
			err := pgx.BeginFunc(ctx, b.named, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, `SET LOCAL ROLE `+role); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, statement)
				return err
			})
			if got := refusal(err); got != noRight {
				t.Errorf("%s, as %s: got %q, want it stopped by a missing right", statement, role, got)
			}
		}
	}
}

func TestMigrateRevokesTemporaryObjects(t *testing.T) {
	t.Parallel()
	db, ctx := testdb.New(t), context.Background()
	var name string
	if err := db.Super.QueryRow(ctx, `SELECT current_database()`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`GRANT TEMPORARY ON DATABASE ` + name + ` TO PUBLIC`,
		`ALTER DATABASE ` + name + ` OWNER TO ` + testdb.OwnerRole,
	} {
		if _, err := db.Super.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	const want = "may create temporary objects"
	if err := postgres.CheckRole(ctx, db.Pool); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("before: got %v, want it to say %q", err, want)
	}
	if _, err := postgres.Migrate(ctx, db.Owner, migrations.Files, testdb.Now); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckRole(ctx, db.Pool); err != nil {
		t.Errorf("after: %v", err)
	}
}
