package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Every statement of the store says first whose rows it is about, and only here can one be had: `of` names an
// organization, `ofAll` enters the role of the sweepers, `ofAudit` refuses to be shown less than everything, and
// `ofNobody` is for the tables that are no tenant's. What is said goes to the server together with the statement, so
// that it costs no round trip, and holds for the transaction at most: outside of one the two are a transaction of their
// own. Row security in the database does the rest: a statement that says nothing finds nothing.

// preface is what is said before a statement, as a statement itself. The zero preface says nothing.
type preface struct {
	sql  string
	args []any
	// organization is the one that the transaction has named afterwards.
	organization uuid.UUID
	// after takes back what must not outlive the statement within a transaction.
	after string
	// crosses says that the statement is about several organizations; then the transaction may name one after the other.
	crosses bool
}

const (
	nameOrganization = `SELECT set_config('infin8.organization_id', $1, true)`
	// A statement that is run often gets one plan for all organizations: most are small, and reading all that one has to
	// sort it looks cheap then, which takes seconds where it is not. Planning takes a tenth of a millisecond.
	nameAndPlan = `SELECT set_config('infin8.organization_id', $1, true),
		set_config('plan_cache_mode', 'force_custom_plan', true)`
	planAsBefore = `SELECT set_config('plan_cache_mode', NULL, true)`
	enterSweeper = `SELECT set_config('role', '` + SweeperRole + `', true)`
	leaveSweeper = `SELECT set_config('role', NULL, true)`
	// With row security off a statement that it would hide rows from is refused.
	seeAllOrFail = `SELECT set_config('row_security', 'off', true)`
)

// of returns the queries of one organization: they see and write its rows and no others.
func (s *Store) of(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(preface{sql: nameOrganization, args: []any{organization.String()}, organization: organization})
}

// planned is of for the queries whose filters and orders leave the planner a choice: they are planned for their
// parameters each time.
func (s *Store) planned(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(preface{
		sql: nameAndPlan, args: []any{organization.String()}, organization: organization, after: planAsBefore,
	})
}

// ofAll returns the queries of the sweepers: they see a few columns of all organizations and write fewer.
func (s *Store) ofAll() *dbsqlc.Queries {
	return s.queries(preface{sql: enterSweeper, after: leaveSweeper, crosses: true})
}

// ofAudit returns the queries of those who work as the owner of the database and have to see everything. For anybody
// else they are refused.
func (s *Store) ofAudit() *dbsqlc.Queries {
	return s.queries(preface{sql: seeAllOrFail, crosses: true})
}

// ofNobody returns the queries of tables that belong to no organization.
func (s *Store) ofNobody() *dbsqlc.Queries { return s.queries(preface{}) }

func (s *Store) queries(p preface) *dbsqlc.Queries {
	if s.tx != nil {
		return dbsqlc.New(scoped{conn: s.tx, preface: p, named: s.named})
	}
	return dbsqlc.New(scoped{conn: s.pool, preface: p})
}

// named is what a transaction has said so far.
type named struct {
	organization *uuid.UUID // nil: none
	crosses      bool
}

var errTwoOrganizations = errors.New("a transaction of one organization goes on with another one")

// sender is a pool or a transaction.
type sender interface {
	dbsqlc.DBTX
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// scoped sends statements, each together with what has to be said before it.
type scoped struct {
	conn sender
	preface
	named *named // nil outside of a transaction
}

// silent reports whether there is nothing to say, or nothing that was not said before in the transaction.
func (s scoped) silent() bool {
	if s.sql == "" {
		return true
	}
	return s.named != nil && s.named.organization != nil && *s.named.organization == s.organization &&
		s.after == "" && !s.crosses
}

func (s scoped) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if s.silent() {
		return s.conn.Exec(ctx, sql, args...)
	}
	sent, err := s.send(ctx, sql, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := sent.Exec()
	if failed := sent.Close(); err == nil {
		err = failed
	}
	return tag, err
}

func (s scoped) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if s.silent() {
		return s.conn.Query(ctx, sql, args...)
	}
	sent, err := s.send(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	rows, err := sent.Query()
	if err != nil {
		_ = sent.Close() // It says the same.
		return nil, err
	}
	return &scopedRows{Rows: rows, sent: sent}, nil
}

func (s scoped) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if s.silent() {
		return s.conn.QueryRow(ctx, sql, args...)
	}
	rows, err := s.Query(ctx, sql, args...)
	return scopedRow{rows: rows, err: err}
}

// send sends the preface, the statement and what comes after it, and reads the answer to the preface.
func (s scoped) send(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	if err := s.note(); err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	batch.Queue(s.sql, s.args...)
	batch.Queue(sql, args...)
	if s.named != nil && s.after != "" {
		batch.Queue(s.after)
	}
	sent := s.conn.SendBatch(ctx, batch)
	if _, err := sent.Exec(); err != nil {
		_ = sent.Close() // It says the same.
		return nil, fmt.Errorf("say whose rows are meant: %w", err)
	}
	return sent, nil
}

// note remembers what the transaction will have said. A statement that fails ends the transaction, or the savepoint,
// which then remembers what was before it.
func (s scoped) note() error {
	switch {
	case s.named == nil:
	case s.crosses:
		s.named.crosses = true
	case s.named.organization != nil && *s.named.organization != s.organization && !s.named.crosses:
		return errTwoOrganizations
	default:
		s.named.organization = &s.organization
	}
	return nil
}

// scopedRows are the rows of a statement that was sent with others. They end when all of it has: only then is it known
// that a transaction of its own was committed.
type scopedRows struct {
	pgx.Rows
	sent  pgx.BatchResults
	ended bool
	err   error
}

func (r *scopedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *scopedRows) Close() {
	if r.ended {
		return
	}
	r.ended = true
	r.Rows.Close()
	r.err = r.sent.Close()
}

func (r *scopedRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

// scopedRow is the first of such rows.
type scopedRow struct {
	rows pgx.Rows
	err  error
}

func (r scopedRow) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(into...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}
