package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrationLock is the advisory lock of River's migrations: "riverlck" in ASCII.
const migrationLock int64 = 0x72697665726c636b

// grants are the rights of the server's role on River's tables: work jobs, and read the applied migrations. It may not
// change the tables, so the reindexer is off.
const grants = `
GRANT USAGE ON SCHEMA river TO infin8_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA river TO infin8_app;
REVOKE INSERT, UPDATE, DELETE ON river.river_migration FROM infin8_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA river TO infin8_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA river TO infin8_app;`

// Migrate brings River's schema up to date and grants the server's role its rights. It is idempotent and safe to run
// concurrently. The pool is the owner's and has at least two connections; the role must exist.
func Migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to migrate River: %w", err)
	}
	// The lock belongs to the session and ends with the connection.
	defer func() { err = errors.Join(err, lock.Hijack().Close(context.WithoutCancel(ctx))) }()
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return fmt.Errorf("lock River's schema: %w", err)
	}
	if _, err := lock.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+Schema); err != nil {
		return fmt.Errorf("create River's schema: %w", err)
	}
	migrator, err := newMigrator(pool)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate River: %w", err)
	}
	err = pgx.BeginFunc(ctx, lock, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, grants)
		return err
	})
	if err != nil {
		return fmt.Errorf("grant River's schema to the server's role: %w", err)
	}
	return nil
}

// Check returns nil when River's schema is up to date, and otherwise an error that lists the missing parts. The
// server's role may call it.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := newMigrator(pool)
	if err != nil {
		return err
	}
	result, err := migrator.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("check River's schema: %w", err)
	}
	if !result.OK {
		return fmt.Errorf("the schema %s is not up to date, migrate first: %s",
			Schema, strings.Join(result.Messages, "; "))
	}
	return nil
}

func newMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{
		Schema: Schema, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("make River's migrator: %w", err)
	}
	return migrator, nil
}
