package jobs

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/testdb"
)

// migrated returns a database with River's schema.
func migrated(t *testing.T) *testdb.DB {
	t.Helper()
	db := testdb.New(t)
	if err := Migrate(context.Background(), db.Super); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestMigrate_ConcurrentCallersMigrateOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := testdb.New(t)
	if err := Check(ctx, db.Pool); err == nil {
		t.Error("a database without River's schema passes the check")
	}
	var all errgroup.Group
	for range 2 {
		all.Go(func() error { return Migrate(ctx, db.Super) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := Migrate(ctx, db.Super); err != nil {
		t.Errorf("migrate again: %v", err)
	}
	if err := Check(ctx, db.Pool); err != nil {
		t.Errorf("a migrated database does not pass the check: %v", err)
	}
}

func TestMigrate_ServerRoleMayOnlyWorkJobs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := migrated(t)
	for _, statement := range []string{
		`INSERT INTO river.river_migration (line, version) VALUES ('main', 99)`,
		`DELETE FROM river.river_migration`,
		`TRUNCATE river.river_job`,
		`DROP TABLE river.river_job`,
		`ALTER TABLE river.river_job DISABLE TRIGGER ALL`,
		`CREATE TABLE river.mine (id int)`,
	} {
		_, err := db.Pool.Exec(ctx, statement)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "42501" {
			t.Errorf("%s: got %v, want it refused for lack of rights", statement, err)
		}
	}
	for _, statement := range []string{
		`INSERT INTO river.river_job (kind, args, max_attempts) VALUES ('drive', '{}', 1)`,
		`UPDATE river.river_job SET priority = 2`,
		`DELETE FROM river.river_job`,
	} {
		if _, err := db.Pool.Exec(ctx, statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
