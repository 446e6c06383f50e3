package testdb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func newKind() *testdb.Kind {
	return testdb.NewKind(func(testing.TB, *testdb.DB) {})
}

// used returns the address of a database of a kind that a test has used and left.
func used(t *testing.T, k *testdb.Kind, use func(t *testing.T, db *testdb.DB)) (address string) {
	t.Helper()
	t.Run("Use", func(t *testing.T) { // Not parallel: its database is free when it has ended.
		db := k.New(t)
		address = db.URL
		use(t, db)
	})
	return address
}

// rows returns a digest of each table, without the time of the migration.
func rows(t *testing.T, db *testdb.DB) map[string]string {
	t.Helper()
	ctx, digests := context.Background(), map[string]string{}
	found, err := db.Super.Query(ctx, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil || len(tables) < 60 {
		t.Fatalf("tables: got %d, %v", len(tables), err)
	}
	for _, table := range tables {
		var digest string
		err := db.Super.QueryRow(ctx, `SELECT count(*) || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '')
			FROM `+table+` AS t`).Scan(&digest)
		if err != nil {
			t.Fatal(err)
		}
		digests[table] = digest
	}
	return digests
}

// The same database serves a second test, which finds nothing of the first one: no row, no setting of a session, no
// lock and no listener.
func TestNew_EmptiesAUsedDatabase(t *testing.T) {
	t.Parallel()
	ctx, k := context.Background(), newKind()
	fresh := rows(t, testdb.New(t))
	first := used(t, k, func(t *testing.T, db *testdb.DB) {
		who := testdb.Caller(t, db)
		testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.Completed})
		testdb.Batch(t, db, who)
		for _, statement := range []string{
			`LISTEN news`, `SET search_path TO pg_catalog`, `SET role TO infin8_sweeper`, `SELECT pg_advisory_lock(7)`,
			`SELECT set_config('infin8.organization_id', '` + who.OrganizationID.String() + `', false)`,
		} {
			if _, err := db.Pool.Exec(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
		if cmp.Equal(fresh, rows(t, db)) {
			t.Error("the use wrote nothing")
		}
	})
	db := k.New(t)
	if db.URL != first {
		t.Errorf("the second test: got %s, want %s", db.URL, first)
	}
	if diff := cmp.Diff(fresh, rows(t, db)); diff != "" {
		t.Errorf("its rows (-fresh +got):\n%s", diff)
	}
	var session string
	err := db.Pool.QueryRow(ctx, `SELECT concat_ws(' ', current_user, current_setting('search_path'), 'organization',
		current_setting('infin8.organization_id', true), (SELECT count(*) FROM pg_listening_channels()),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
			(SELECT oid FROM pg_database WHERE datname = current_database())))`).Scan(&session)
	if want := "infin8_app public, pg_temp organization  0 0"; session != want || err != nil {
		t.Errorf("its session: got %q, %v, want %q", session, err, want)
	}
	// The triggers are on again, in sessions that saw the use and in new ones.
	testdb.Workflow(t, db, testdb.Caller(t, db), testdb.WorkflowOpts{})
	for range 2 {
		_, err = db.Super.Exec(ctx, `DELETE FROM workflow_transitions`)
		if err == nil || !strings.Contains(err.Error(), "is refused") {
			t.Errorf("delete a row of a journal: got %v, want it refused", err)
		}
		db.Super.Reset()
	}
}

// changes are what a test may do to a database, after which no other test gets it.
var changes = map[string]string{
	"Column": `ALTER TABLE ai_calls ADD COLUMN note text`,
	"Table":  `CREATE TABLE notes (id integer)`,
	"Function": `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN RETURN NEW; END'`,
	"NewFunction":   `CREATE FUNCTION one() RETURNS integer LANGUAGE sql RETURN 1`,
	"Trigger":       `ALTER TABLE alerts DISABLE TRIGGER ALL`,
	"Constraint":    `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`,
	"Domain":        `ALTER DOMAIN amount_pico DROP CONSTRAINT amount_pico_not_negative`,
	"Index":         `DROP INDEX ai_calls_generation_once`,
	"Policy":        `ALTER POLICY ai_calls_of_the_named ON ai_calls USING (true)`,
	"Right":         `GRANT DELETE ON ai_calls TO infin8_app`,
	"RightOfSchema": `GRANT CREATE ON SCHEMA public TO infin8_app`,
	"RightOfDatabase": `DO $$ BEGIN
		EXECUTE 'GRANT TEMPORARY ON DATABASE ' || current_database() || ' TO infin8_app'; END $$`,
	"Setting": `DO $$ BEGIN
		EXECUTE 'ALTER DATABASE ' || current_database() || ' SET work_mem = ''5MB'''; END $$`,
	"Undone": `ALTER TABLE alerts ADD COLUMN note text; ALTER TABLE alerts DROP COLUMN note`,
	"Seed": `ALTER TABLE model_prices DISABLE TRIGGER USER; DELETE FROM model_prices;
		ALTER TABLE model_prices ENABLE TRIGGER USER`,
	"SeedAlone": `SET session_replication_role = replica;
		UPDATE model_prices SET valid_to = valid_from + interval '1 second' WHERE valid_to IS NULL`,
}

func TestNew_GivesNoChangedDatabase(t *testing.T) {
	t.Parallel()
	k, ctx, given := newKind(), context.Background(), map[string]string{}
	give := func(name string, use func(t *testing.T, db *testdb.DB)) {
		address := used(t, k, use)
		if before, again := given[address]; again {
			t.Errorf("got the database of the test before: %s", before)
		}
		given[address] = name
	}
	for name, sql := range changes {
		give(name, func(t *testing.T, db *testdb.DB) {
			if _, err := db.Super.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		})
	}
	var left *pgx.Conn
	give("Session", func(t *testing.T, db *testdb.DB) {
		var err error
		if left, err = pgx.Connect(ctx, db.URL); err != nil {
			t.Fatal(err)
		}
	})
	give("Nothing", func(*testing.T, *testdb.DB) {})
	if err := left.Close(ctx); err != nil {
		t.Error(err)
	}
}

// A kind whose databases begin with rows gives the next test sequences that go on behind them.
func TestNew_SetsSequencesBackToTheFirstRows(t *testing.T) {
	t.Parallel()
	k := testdb.NewKind(func(t testing.TB, db *testdb.DB) {
		testdb.Workflow(t, db, testdb.Caller(t, db), testdb.WorkflowOpts{State: workflow.ICPPending})
	})
	var first, second string
	read := func(db *testdb.DB) (sequences string) {
		err := db.Super.QueryRow(context.Background(), `SELECT string_agg(sequencename || ' ' || last_value, ' ' ORDER BY
			sequencename) FROM pg_sequences WHERE schemaname = 'public'`).Scan(&sequences)
		if err != nil {
			t.Fatal(err)
		}
		return sequences
	}
	address := used(t, k, func(t *testing.T, db *testdb.DB) {
		first = read(db)
		testdb.Workflow(t, db, testdb.Caller(t, db), testdb.WorkflowOpts{State: workflow.ICPPending})
	})
	db := k.New(t)
	if second = read(db); db.URL != address || second != first || first == "" {
		t.Errorf("got %q after %q on the same database %t, want the same again", second, first, db.URL == address)
	}
}
