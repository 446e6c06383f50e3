package postgres_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/migrations"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"0001_first.sql":  {Data: []byte("CREATE TABLE first (id int); CREATE TABLE other (id int);")},
		"0002_second.sql": {Data: []byte("ALTER TABLE first ADD COLUMN name text;")},
	}
	// setup returns the owner's pool of a database in which nothing of ours was ever applied.
	setup := func(t *testing.T) *pgxpool.Pool {
		t.Helper()
		db := testdb.New(t)
		if _, err := db.Super.Exec(context.Background(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public;
			ALTER SCHEMA public OWNER TO `+testdb.OwnerRole); err != nil {
			t.Fatal(err)
		}
		return db.Owner
	}
	apply := func(pool *pgxpool.Pool, files fs.FS) (int, error) {
		applied, err := postgres.Migrate(context.Background(), pool, files, time.Now)
		return len(applied), err
	}

	t.Run("EachIsAppliedOnce", func(t *testing.T) {
		t.Parallel()
		pool := setup(t)
		for _, want := range []int{2, 0} {
			if got, err := apply(pool, files); err != nil || got != want {
				t.Errorf("applied: got %d, %v, want %d", got, err, want)
			}
		}
	})
	t.Run("AnEmptyDatabaseWaitsForAll", func(t *testing.T) {
		t.Parallel()
		all, err := postgres.Migrations(context.Background(), setup(t), files)
		if err != nil || len(all) != 2 || all[0].AppliedAt != nil || all[1].AppliedAt != nil {
			t.Errorf("got %v, %v, want two that wait", all, err)
		}
	})
	t.Run("TheStatusTellsAppliedFromWaiting", func(t *testing.T) {
		t.Parallel()
		pool := setup(t)
		if _, err := apply(pool, fstest.MapFS{"0001_first.sql": files["0001_first.sql"]}); err != nil {
			t.Fatal(err)
		}
		all, err := postgres.Migrations(context.Background(), pool, files)
		if err != nil || len(all) != 2 || all[0].AppliedAt == nil || all[1].AppliedAt != nil {
			t.Errorf("got %v, %v, want one applied and one that waits", all, err)
		}
	})
	t.Run("TwoAtOnceApplyEachOnce", func(t *testing.T) {
		t.Parallel()
		pool := setup(t)
		counts := make([]int, 2)
		for _, err := range testdb.Together(2, func(i int) (err error) {
			counts[i], err = apply(pool, migrations.Files)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if names, _ := fs.Glob(migrations.Files, "*.sql"); counts[0]+counts[1] != len(names) {
			t.Errorf("applied: got %v, want %d in all", counts, len(names))
		}
	})
	t.Run("AFaultyFileLeavesNothingBehind", func(t *testing.T) {
		t.Parallel()
		pool := setup(t)
		broken := fstest.MapFS{
			"0001_first.sql":  files["0001_first.sql"],
			"0002_second.sql": {Data: []byte("CREATE TABLE half (id int); SELECT 1/0;")},
		}
		if got, err := apply(pool, broken); err == nil || got != 1 {
			t.Errorf("got %d, %v, want one applied and an error", got, err)
		}
		var there bool
		err := pool.QueryRow(context.Background(), `SELECT to_regclass('half') IS NOT NULL`).Scan(&there)
		if err != nil || there {
			t.Errorf("half a file was applied: %t, %v", there, err)
		}
		if got, err := apply(pool, files); err != nil || got != 1 {
			t.Errorf("after the repair: got %d, %v, want 1", got, err)
		}
	})
	for name, now := range map[string]fstest.MapFS{
		"has changed":   {"0001_first.sql": files["0001_first.sql"], "0002_second.sql": {Data: []byte("SELECT 2")}},
		"does not have": {"0001_first.sql": files["0001_first.sql"]},
		"want number":   {"0001_first.sql": files["0001_first.sql"], "0003_third.sql": {Data: []byte("SELECT 3")}},
	} {
		t.Run("Refuses/"+name, func(t *testing.T) {
			t.Parallel()
			pool := setup(t)
			if _, err := apply(pool, files); err != nil {
				t.Fatal(err)
			}
			if got, err := apply(pool, now); err == nil || !strings.Contains(err.Error(), name) || got != 0 {
				t.Errorf("got %d, %v, want an error with %q", got, err, name)
			}
		})
	}
}

// Logical replication refuses a DELETE in a table without a key.
func TestMigrate_GivesEachTableAKey(t *testing.T) {
	t.Parallel()
	rows, _ := testdb.New(t).Super.Query(context.Background(), `SELECT c.relname::text FROM pg_class AS c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT EXISTS (
			SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)`)
	if tables, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(tables) > 0 {
		t.Errorf("got %v, %v, want a primary key", tables, err)
	}
}
