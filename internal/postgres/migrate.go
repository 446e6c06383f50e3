package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// migrationLock is the advisory lock under which the schema changes: any number that nothing else of ours uses.
const migrationLock = 7_314_159_265

// These statements are here and not in queries/, because they run before there is a schema to check queries against.
const (
	createMigrations = `CREATE TABLE IF NOT EXISTS schema_migrations (
		number integer PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL, applied_at timestamptz NOT NULL)`
	listMigrations = `SELECT number, name, checksum, applied_at FROM schema_migrations ORDER BY number`
	// The server's role may read the applied migrations, so that a server refuses to start on an older schema.
	showMigrations = `GRANT SELECT ON schema_migrations TO ` + AppRole
	// A role that may create temporary objects can give a name another meaning in a session. PUBLIC may by default,
	// also in a restored database. Only the owner of the database can revoke that; CheckRole finds it otherwise.
	revokeTemporary = `DO $$
		BEGIN
			EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, ` + AppRole + `, ` + SweeperRole + `',
				current_database());
		EXCEPTION WHEN insufficient_privilege THEN
			RAISE WARNING 'the user % may not revoke TEMPORARY on the database', current_user;
		END
		$$`
	storeChecksum = `UPDATE schema_migrations SET checksum = $1 WHERE number = $2`
	addMigration  = `INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`
)

// Migration is one numbered file. AppliedAt is nil while it waits.
type Migration struct {
	Number    int
	Name      string
	AppliedAt *time.Time
	text      string
	checksum  []byte
	earlier   string // the checksum that an earlier program has stored, "" for none
	stored    []byte // nil while it waits
}

// Migrations says for every file whether it was applied. It is an error when an applied file has changed or is missing:
// then the program and the database do not belong together.
func Migrations(ctx context.Context, pool *pgxpool.Pool, files fs.FS) ([]Migration, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, reached(err)
	}
	defer conn.Release()
	return migrations(ctx, conn.Conn(), files)
}

// Migrate applies the files that wait, each in its own transaction, while it holds a lock that keeps other migrations
// out. It returns the files that it applied.
func Migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS, now func() time.Time) ([]Migration, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, reached(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return nil, fmt.Errorf("wait for other migrations: %w", err)
	}
	defer func() {
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := conn.Exec(release, `SELECT pg_advisory_unlock($1)`, int64(migrationLock)); err != nil {
			_ = conn.Conn().Close(release) // The lock goes with the connection.
		}
	}()
	if _, err := conn.Exec(ctx, createMigrations); err != nil {
		return nil, fmt.Errorf("create the table of migrations: %w", err)
	}
	all, err := migrations(ctx, conn.Conn(), files)
	if err != nil {
		return nil, err
	}
	var applied []Migration
	for _, m := range all {
		if m.AppliedAt != nil {
			if err := m.keep(ctx, conn.Conn()); err != nil {
				return applied, err
			}
			continue
		}
		at := now()
		if err := apply(ctx, conn.Conn(), m, at); err != nil {
			return applied, fmt.Errorf("apply %s: %w", m.Name, err)
		}
		m.AppliedAt = &at
		applied = append(applied, m)
	}
	if _, err := conn.Exec(ctx, showMigrations); err != nil {
		return applied, fmt.Errorf("let the server's role read the migrations: %w", err)
	}
	if _, err := conn.Exec(ctx, revokeTemporary); err != nil {
		return applied, fmt.Errorf("revoke the right to create temporary objects: %w", err)
	}
	return applied, nil
}

// Waiting returns the files that were not applied yet.
func Waiting(ctx context.Context, pool *pgxpool.Pool, files fs.FS) ([]Migration, error) {
	all, err := Migrations(ctx, pool, files)
	return slices.DeleteFunc(all, func(m Migration) bool { return m.AppliedAt != nil }), err
}

// MigrationDisagreements compares which migrations were applied with the program's.
func (s *Store) MigrationDisagreements(ctx context.Context, files fs.FS) (found []Disagreement, err error) {
	err = s.withPath(ctx, "public", func(tx pgx.Tx) error {
		all, err := migrations(ctx, tx.Conn(), files)
		switch {
		case errors.Unwrap(err) != nil: // The database has not answered.
			return err
		case err != nil:
			found = append(found, Disagreement{Object: "schema_migrations", Fault: err.Error()})
		}
		for _, m := range all {
			if m.AppliedAt == nil {
				found = append(found, Disagreement{Object: "schema_migrations " + m.Name, Fault: "it was not applied"})
			}
		}
		return nil
	})
	return found, translate(err)
}

// keep stores the checksum of an applied migration if an earlier program has stored another one.
func (m Migration) keep(ctx context.Context, conn *pgx.Conn) error {
	if bytes.Equal(m.stored, m.checksum) {
		return nil
	}
	if _, err := conn.Exec(ctx, storeChecksum, m.checksum, m.Number); err != nil {
		return fmt.Errorf("store the checksum of %s: %w", m.Name, err)
	}
	return nil
}

func apply(ctx context.Context, conn *pgx.Conn, m Migration, at time.Time) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// The simple protocol, since a file holds many statements.
		if _, err := tx.Exec(ctx, m.text, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, addMigration, m.Number, m.Name, m.checksum, at)
		return err
	})
}

func migrations(ctx context.Context, conn *pgx.Conn, files fs.FS) ([]Migration, error) {
	all, err := readMigrations(files)
	if err != nil {
		return nil, err
	}
	rows, _ := conn.Query(ctx, listMigrations) // Its error comes back from the rows.
	applied, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Migration, err error) {
		m.AppliedAt = new(time.Time)
		err = row.Scan(&m.Number, &m.Name, &m.checksum, m.AppliedAt)
		return m, err
	})
	var missing *pgconn.PgError
	if errors.As(err, &missing) && missing.Code == "42P01" { // undefined_table: nothing was ever applied.
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the applied migrations: %w", err)
	}
	for _, a := range applied {
		if a.Number > len(all) {
			return nil, fmt.Errorf("the database has migration %s, which this program does not have", a.Name)
		}
		known := &all[a.Number-1]
		if known.Name != a.Name || !known.applies(a.checksum) {
			return nil, fmt.Errorf("migration %s has changed since it was applied as %s", known.Name, a.Name)
		}
		known.AppliedAt, known.stored = a.AppliedAt, a.checksum
	}
	return all, nil
}

// readMigrations reads the files in order; their numbers must be 1, 2, 3 …
func readMigrations(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]Migration, len(names))
	for i, name := range names {
		prefix, _, _ := strings.Cut(path.Base(name), "_")
		number, err := strconv.Atoi(prefix)
		if err != nil || number != i+1 {
			return nil, fmt.Errorf("migration %s: want number %04d in front", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		all[i] = Migration{
			Number:   number,
			Name:     name,
			text:     string(text),
			checksum: checksum(string(text)),
			earlier:  earlierChecksums[name],
		}
	}
	return all, nil
}
