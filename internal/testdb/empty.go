package testdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A database serves several tests, one after another, because its sessions are what costs: a new session fills its
// caches and plans every statement again. Between two tests the rows become those of the template, and the sessions
// forget their settings. A test that has changed anything else, such as a table, a trigger or a setting of the
// database, ends the use of its database.

var errOtherSessions = errors.New("the test's database has other sessions")

// mark is what a database was when it was made.
type mark struct {
	// since is a transaction. Later ones are those of a test.
	since string
	// catalogs has the number of rows of each catalog, and what the shared catalogs say about the database.
	catalogs string
	// seeds are the tables that have rows, and counts are their numbers.
	seeds  []string
	counts string
	// rewind are the statements that set the sequences back.
	rewind []string
}

// listCatalogs lists the catalogs, apart from those that follow the others and the statistics.
const listCatalogs = `SELECT c.oid::regclass::text FROM pg_class AS c
	WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared
		AND c.relname NOT IN ('pg_depend', 'pg_description', 'pg_statistic', 'pg_statistic_ext_data')
	ORDER BY 1`

// listFilled lists the tables that have had a row.
const listFilled = `SELECT c.oid::regclass::text FROM pg_class AS c
	WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0
		AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
	ORDER BY 1`

// listLarge lists the tables of which emptiness should be a matter of pages too.
const listLarge = `SELECT c.oid::regclass::text FROM pg_class AS c
	WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 256 * 1024
		AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
	ORDER BY 1`

// listSequences lists the statements that set each sequence to where it is now.
const listSequences = `SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename),
		coalesce(last_value, start_value), last_value IS NOT NULL)
	FROM pg_sequences ORDER BY 1`

const readDatabase = `SELECT concat_ws(' ', d.datacl::text, d.datconnlimit, d.datallowconn, d.datdba,
		(SELECT string_agg(r.setrole::text || r.setconfig::text, ' ' ORDER BY r.setrole)
			FROM pg_db_role_setting AS r WHERE r.setdatabase = d.oid),
		(SELECT count(*) FROM pg_replication_slots AS s WHERE s.database = d.datname))
	FROM pg_database AS d WHERE d.datname = current_database()`

const readTransaction = `SELECT pg_current_xact_id()::xid::text`

// forget returns a session to its first state, without its plans. It reports its statistics at once.
const forget = `CLOSE ALL; UNLISTEN *; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;
	SELECT pg_advisory_unlock_all(), pg_stat_force_next_flush()`

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// read returns the rows of one column, joined.
func read(ctx context.Context, on querier, sql string, args ...any) ([]string, error) {
	rows, err := on.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// countRows counts the rows of tables, and those that a transaction after since wrote.
func countRows(ctx context.Context, on querier, tables []string, since string) (string, error) {
	counts := make([]string, len(tables))
	for i, table := range tables {
		counts[i] = `SELECT '` + table + ` ' || count(*) || ' ' || count(*) FILTER (WHERE age(xmin) < age($1::text::xid))
			FROM ` + table
	}
	lines, err := read(ctx, on, strings.Join(counts, " UNION ALL "), since)
	return strings.Join(lines, "\n"), err
}

// readCatalogs returns what makes a database the same as another copy of its template, apart from rows.
func readCatalogs(ctx context.Context, on querier, since string) (string, error) {
	catalogs, err := read(ctx, on, listCatalogs)
	if err != nil {
		return "", err
	}
	own, err := read(ctx, on, readDatabase)
	if err != nil {
		return "", err
	}
	counts, err := countRows(ctx, on, catalogs, since)
	return own[0] + "\n" + counts, err
}

// readMark returns the mark of a new database.
func readMark(ctx context.Context, on querier) (m mark, err error) {
	since, err := read(ctx, on, readTransaction)
	if err != nil {
		return m, err
	}
	m.since = since[0]
	if m.catalogs, err = readCatalogs(ctx, on, m.since); err != nil {
		return m, err
	}
	if m.rewind, err = read(ctx, on, listSequences); err != nil {
		return m, err
	}
	if m.seeds, err = read(ctx, on, listFilled); err != nil {
		return m, err
	}
	m.counts, err = countRows(ctx, on, m.seeds, m.since)
	return m, err
}

// empty returns a database to what it was when it was made. An error means that it cannot.
func (c *clone) empty() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.quiet(ctx); err != nil {
		return err
	}
	catalogs, err := readCatalogs(ctx, c.Super, c.made.since)
	if err != nil {
		return err
	}
	if catalogs != c.made.catalogs {
		return errors.New("the test has changed its database")
	}
	large, err := read(ctx, c.Super, listLarge)
	if err != nil {
		return err
	}
	filled, err := read(ctx, c.Super, listFilled)
	if err != nil {
		return err
	}
	if err := c.erase(ctx, filled); err != nil {
		return err
	}
	for _, table := range large {
		if _, err := c.Super.Exec(ctx, "VACUUM "+table); err != nil {
			return err
		}
	}
	_, err = c.Super.Exec(ctx, "SELECT pg_stat_reset()")
	return err
}

// quiet waits until the pools have all their connections back and no other session is left, and makes the sessions of
// the pools forget.
func (c *clone) quiet(ctx context.Context) error {
	for _, pool := range c.pools() {
		for s := pool.Stat(); s.TotalConns() != s.IdleConns(); s = pool.Stat() {
			if !pause(ctx) {
				return ctx.Err()
			}
		}
	}
	var ours []*pgxpool.Conn
	defer func() {
		for _, conn := range ours {
			conn.Release()
		}
	}()
	var pids []int32
	for _, pool := range c.pools() {
		for _, conn := range pool.AcquireAllIdle(ctx) {
			ours = append(ours, conn)
			pids = append(pids, int32(conn.Conn().PgConn().PID()))
			if _, err := conn.Conn().PgConn().Exec(ctx, forget).ReadAll(); err != nil {
				return err
			}
		}
	}
	eraser, err := c.eraserConn(ctx)
	if err != nil {
		return err
	}
	pids = append(pids, int32(eraser.PgConn().PID()))
	for range 200 { // A session of a process or pool that the test has ended is still there for a moment.
		others := 0
		err := eraser.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND backend_type = 'client backend' AND pid <> ALL ($1)`, pids).Scan(&others)
		if others == 0 || err != nil {
			return err
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
	return errOtherSessions
}

// pause waits for a moment. It returns false when the context has ended.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(5 * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// eraserConn returns the connection of erase.
func (c *clone) eraserConn(ctx context.Context) (*pgx.Conn, error) {
	if c.eraser == nil {
		config, err := pgx.ParseConfig(c.URL)
		if err != nil {
			return nil, err
		}
		config.RuntimeParams["session_replication_role"] = "replica"
		config.RuntimeParams["allow_system_table_mods"] = "on"
		if c.eraser, err = pgx.ConnectConfig(ctx, config); err != nil {
			return nil, err
		}
	}
	return c.eraser, nil
}

// erase deletes the rows that the test has written.
//
// Journals refuse this in every mode of replication. ALTER TABLE … DISABLE TRIGGER would make every session drop its
// plans of the table, which are worth keeping. So erase changes the triggers in the catalog, for its own session alone:
// other sessions do not see it before the end of the transaction, and then it is undone. The session reads the triggers
// of a table when it uses the table for the first time, so it must not use one anywhere else.
func (c *clone) erase(ctx context.Context, tables []string) error {
	return pgx.BeginFunc(ctx, c.eraser, func(tx pgx.Tx) error {
		since, err := read(ctx, tx, readTransaction)
		if err != nil {
			return err
		}
		always, err := read(ctx, tx, `UPDATE pg_trigger SET tgenabled = 'O'
			WHERE tgenabled = 'A' AND tgrelid = ANY ($1::text[]::regclass[]) RETURNING oid::text`, tables)
		if err != nil {
			return err
		}
		statements := make([]string, 0, len(tables)+len(c.made.rewind))
		for _, table := range tables {
			statements = append(statements, fmt.Sprintf(`DELETE FROM %s WHERE age(xmin) < age('%s'::xid)`, table, c.made.since))
		}
		statements = append(statements, c.made.rewind...)
		if _, err := tx.Conn().PgConn().Exec(ctx, strings.Join(statements, ";\n")).ReadAll(); err != nil {
			return err
		}
		counts, err := countRows(ctx, tx, c.made.seeds, c.made.since)
		if err != nil {
			return err
		}
		if counts != c.made.counts {
			return errors.New("the test has changed the rows of the migrations")
		}
		_, err = tx.Exec(ctx, `UPDATE pg_trigger SET tgenabled = 'A' WHERE oid = ANY ($1::text[]::oid[])`, always)
		c.made.since = since[0]
		return err
	})
}
