package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// with returns the address of the test's database with more parameters.
func with(t *testing.T, db *testdb.DB, parameters string) string {
	t.Helper()
	parsed, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.RawQuery != "" {
		parameters = parsed.RawQuery + "&" + parameters
	}
	parsed.RawQuery = parameters
	return parsed.String()
}

// connected opens a pool of one connection.
func connected(t *testing.T, c postgres.Connection) *pgxpool.Pool {
	t.Helper()
	c.Connections = 1
	pool, err := postgres.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// alter changes the settings that sessions of the test's database inherit.
func alter(t *testing.T, db *testdb.DB, settings ...string) {
	t.Helper()
	for _, setting := range settings {
		_, err := db.Super.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `+
			strings.ReplaceAll(setting, "'", "''")+`', current_database()); END $$`)
		if err != nil {
			t.Fatalf("%s: %v", setting, err)
		}
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("NeitherTheDatabaseNorTheURLChangesWhatIsPinned", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		alter(t, db, `client_encoding = 'LATIN1'`, `search_path = evil, public`, `statement_timeout = 60000`,
			`default_transaction_isolation = 'serializable'`, `timezone = 'Asia/Kathmandu'`, `row_security = off`,
			`plan_cache_mode = 'force_generic_plan'`)
		parameters := `search_path=evil&TimeZone=Asia/Tokyo&CLIENT_ENCODING=LATIN1&lock_timeout=60000` +
			`&options=-c%20search_path%3Devil%20-c%20statement_timeout%3D60000`
		pool := connected(t, postgres.Connection{URL: with(t, db, parameters), Role: postgres.AppRole})
		rows, _ := pool.Query(ctx, `SELECT name || '=' || setting FROM pg_settings WHERE name = ANY($1) ORDER BY lower(name)`,
			[]string{
				"client_encoding", "search_path", "statement_timeout", "lock_timeout", "default_transaction_isolation",
				"TimeZone", "row_security", "plan_cache_mode",
			})
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		want := "client_encoding=UTF8 default_transaction_isolation=read committed lock_timeout=0 plan_cache_mode=auto " +
			"row_security=on search_path=public, pg_temp statement_timeout=0 TimeZone=UTC"
		if text := strings.Join(got, " "); err != nil || !strings.EqualFold(text, want) {
			t.Errorf("got %s, %v, want %s", text, err, want)
		}
	})
	t.Run("KeepsItsRoleAndSettingsAfterReset", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		alter(t, db, `search_path = evil`)
		pool := connected(t, postgres.Connection{URL: db.URL, Role: postgres.AppRole})
		if _, err := pool.Exec(ctx, `RESET ALL`); err != nil {
			t.Fatal(err)
		}
		var path string
		if err := pool.QueryRow(ctx, `SHOW search_path`).Scan(&path); err != nil || path != "public, pg_temp" {
			t.Errorf("got %s, %v", path, err)
		}
	})
	for mode, refused := range map[string]bool{
		"cache_statement": false, "cache_describe": false, "describe_exec": false, "exec": true, "simple_protocol": true,
		"cache_statement&statement_cache_capacity=0": false, "cache_describe&description_cache_capacity=0": false,
	} {
		t.Run("ExecMode/"+mode, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			pool, err := postgres.Connect(ctx, with(t, b.db, "default_query_exec_mode="+mode), postgres.AppRole, 2)
			var setting *postgres.SettingError
			if errors.As(err, &setting) != refused {
				t.Fatalf("got %v, want it to be refused: %t", err, refused)
			}
			if refused {
				return
			}
			t.Cleanup(pool.Close)
			if _, _, err := postgres.New(pool).Workflow(ctx, b.who, uuid.New()); err != nil {
				t.Error(err)
			}
		})
	}
	for setting, want := range map[string]string{
		`session_replication_role = replica`:  "session_replication_role is replica",
		`default_transaction_read_only = on`:  "the database is read-only",
		`default_transaction_read_only = off`: "",
	} {
		t.Run("Refuses/"+setting, func(t *testing.T) {
			t.Parallel()
			db := testdb.New(t)
			alter(t, db, setting)
			err := postgres.Reach(ctx, connected(t, postgres.Connection{URL: db.URL, Role: postgres.AppRole}))
			if want == "" && err == nil {
				return
			}
			if err == nil || want == "" || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one sentence that begins with %q", err, want)
			}
		})
	}
	t.Run("AnAuditReadsAReadOnlyDatabase", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		alter(t, db, `default_transaction_read_only = on`)
		pool := connected(t, postgres.Connection{URL: db.URL, Role: testdb.OwnerRole, ReadOnly: true})
		if err := postgres.Reach(ctx, pool); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionThroughAPooler(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		`search_path = evil`:                             "behind the pooler search_path is evil",
		`search_path = '$user', public`:                  "",
		`default_transaction_isolation = 'serializable'`: "behind the pooler default_transaction_isolation is serializ",
		`statement_timeout = 1`:                          "statement_timeout is too short",
		`statement_timeout = 900`:                        "behind the pooler statement_timeout is 900",
		`statement_timeout = 30000`:                      "",
		`idle_in_transaction_session_timeout = 500`:      "behind the pooler idle_in_transaction_session_timeout",
		`row_security = off`:                             "behind the pooler row_security is off",
		`client_encoding = 'LATIN1'`:                     "", // A pooler passes it on.
		`transform_null_equals = on`:                     "behind the pooler transform_null_equals is on",
		`bytea_output = 'escape'`:                        "behind the pooler bytea_output is escape",
		`session_replication_role = replica`:             "session_replication_role is replica",
		`plan_cache_mode = 'force_generic_plan'`:         "behind the pooler plan_cache_mode is force_generic_plan",
		`default_transaction_read_only = on`:             "the database is read-only",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			db := testdb.New(t)
			alter(t, db, setting)
			err := postgres.Reach(t.Context(), connected(t, postgres.Connection{URL: db.URL, Pooled: true}))
			if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// Each code of PostgreSQL has a decision, and translate keeps to it.
func TestErrorsHaveAKindForEachSQLSTATE(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	file, err := os.Open("testdata/sqlstate.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	codes := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		code, want := fields[0], fault.Kind(fields[1])
		if strings.HasPrefix(code, "00") { // No error.
			continue
		}
		codes++
		err := b.store.InTx(ctx, func(tx *postgres.Store) error {
			_, err := tx.Tx().Exec(ctx, fmt.Sprintf(`DO $$ BEGIN RAISE SQLSTATE '%s'; END $$`, code))
			return err
		})
		got := fault.KindOf(err)
		if got == "" {
			got = fault.Internal
		}
		if err == nil || got != want {
			t.Errorf("%s %s: got %s of %v, want %s", code, fields[2], got, err, want)
		}
	}
	if codes < 250 {
		t.Errorf("got %d codes, want all", codes)
	}
}

func TestErrorsOfTimeLimits(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	// run executes statements in a transaction of the store.
	run := func(ctx context.Context, statements ...string) error {
		return b.store.InTx(ctx, func(tx *postgres.Store) error {
			for _, statement := range statements {
				if _, err := tx.Tx().Exec(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		})
	}

	t.Run("StatementTimeoutIsUnavailable", func(t *testing.T) {
		t.Parallel()
		err := run(ctx, `SET LOCAL statement_timeout = 20`, `SELECT pg_sleep(20)`)
		if got := fault.KindOf(err); got != fault.Unavailable {
			t.Errorf("got %q of %v, want %q", got, err, fault.Unavailable)
		}
	})
	t.Run("LockTimeoutIsUnavailable", func(t *testing.T) {
		t.Parallel()
		holder, err := b.db.Owner.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = holder.Rollback(ctx) }()
		if _, err := holder.Exec(ctx, `LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE`); err != nil {
			t.Fatal(err)
		}
		err = run(ctx, `SET LOCAL lock_timeout = 20`, `SELECT FROM alerts`)
		if got := fault.KindOf(err); got != fault.Unavailable {
			t.Errorf("got %q of %v, want %q", got, err, fault.Unavailable)
		}
	})
	t.Run("TheCallersDeadlineIsTheCallers", func(t *testing.T) {
		t.Parallel()
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		err := run(short, `SELECT pg_sleep(20)`)
		if got := fault.KindOf(err); got == fault.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %q of %v, want the deadline", got, err)
		}
	})
}

func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	// change writes an organization, which needs a server that can be written to.
	change := func(t *testing.T, db *testdb.DB, store *postgres.Store) fault.Kind {
		who := testdb.Caller(t, db)
		_, _, err := store.LockOrganization(ctx, who)
		return fault.KindOf(err)
	}

	t.Run("TheConnectionIsDropped", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		pool := connected(t, postgres.Connection{URL: db.URL, Role: postgres.AppRole})
		store := postgres.New(pool)
		if _, err := pool.Exec(ctx, `SET default_transaction_read_only = on`); err != nil { // as after a failover
			t.Fatal(err)
		}
		if got := change(t, db, store); got != fault.Unavailable {
			t.Errorf("at first: got %q, want %q", got, fault.Unavailable)
		}
		if got := change(t, db, store); got != "" {
			t.Errorf("by a new connection: got %q", got)
		}
	})
	t.Run("PingRefusesAndDropsTheConnection", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		pool := connected(t, postgres.Connection{URL: db.URL, Role: postgres.AppRole})
		store := postgres.New(pool)
		if _, err := pool.Exec(ctx, `SET default_transaction_read_only = on`); err != nil {
			t.Fatal(err)
		}
		if err := store.Ping(ctx); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("at first: got %v, want it to say read-only", err)
		}
		if err := store.Ping(ctx); err != nil {
			t.Errorf("by a new connection: %v", err)
		}
	})
	t.Run("NewConnectionsAreRefused", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		alter(t, db, `default_transaction_read_only = on`)
		store := postgres.New(connected(t, postgres.Connection{URL: db.URL, Role: postgres.AppRole}))
		if err := store.Ping(ctx); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("ping: got %v, want it to say read-only", err)
		}
		_, _, err := store.Workflow(ctx, caller.Caller{OrganizationID: uuid.New()}, uuid.New())
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("got %v, want %q", err, fault.Unavailable)
		}
	})
}
