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

// Every statement of the store names first whose rows it reads or writes. Queries are available here only: forTenant
// names an organization, forSweeper enters the role of the sweepers, forAudit refuses to read less than all rows, and
// unscoped is for the tables that belong to no organization. The setup goes to the server together with the statement,
// so that it costs no round trip, and lasts for the transaction at most. Outside of a transaction the two are a
// transaction of their own. Row-level security does the rest: a statement without setup finds no rows.

// sessionSetup is a statement that is sent before a query. The zero value sends none.
type sessionSetup struct {
	sql  string
	args []any
	// organization is the organization that the transaction has named afterwards.
	organization uuid.UUID
	// undo reverts a setting that must not outlive the query within a transaction.
	undo string
	// allOrganizations is true for a query of several organizations. After it the transaction may name one after the other.
	allOrganizations bool
}

const (
	setOrganization = `SELECT set_config('infin8.organization_id', $1, true)`
	// PostgreSQL makes one plan for all organizations when a statement runs often. Most organizations are small, so a plan
	// that sorts all rows looks cheap, and takes seconds for a large one. Planning takes a tenth of a millisecond.
	setOrganizationCustomPlan = `SELECT set_config('infin8.organization_id', $1, true),
		set_config('plan_cache_mode', 'force_custom_plan', true)`
	resetPlanning = `SELECT set_config('plan_cache_mode', NULL, true)`
	enterSweeper  = `SELECT set_config('role', '` + SweeperRole + `', true)`
	leaveSweeper  = `SELECT set_config('role', NULL, true)`
	// With row_security off PostgreSQL refuses a statement from which a policy would hide rows.
	requireAllRows = `SELECT set_config('row_security', 'off', true)`
)

// forTenant returns the queries of one organization: they read and write its rows only.
func (s *Store) forTenant(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(sessionSetup{sql: setOrganization, args: []any{organization.String()}, organization: organization})
}

// forTenantCustomPlan is forTenant for queries whose filters and orders leave the planner a choice. PostgreSQL plans them
// for their parameters each time.
func (s *Store) forTenantCustomPlan(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(sessionSetup{
		sql:          setOrganizationCustomPlan,
		args:         []any{organization.String()},
		organization: organization,
		undo:         resetPlanning,
	})
}

// forSweeper returns the queries of the sweepers: they read a few columns of all organizations and write fewer.
func (s *Store) forSweeper() *dbsqlc.Queries {
	return s.queries(sessionSetup{sql: enterSweeper, undo: leaveSweeper, allOrganizations: true})
}

// forAudit returns the queries that must read all rows of all organizations. They fail for every role but the owner of
// the tables.
func (s *Store) forAudit() *dbsqlc.Queries {
	return s.queries(sessionSetup{sql: requireAllRows, allOrganizations: true})
}

// unscoped returns the queries of tables that belong to no organization.
func (s *Store) unscoped() *dbsqlc.Queries { return s.queries(sessionSetup{}) }

func (s *Store) queries(setup sessionSetup) *dbsqlc.Queries {
	if s.tx != nil {
		return dbsqlc.New(scoped{conn: s.tx, sessionSetup: setup, scope: s.scope})
	}
	return dbsqlc.New(scoped{conn: s.pool, sessionSetup: setup})
}

// txScope is the setup that a transaction has sent so far.
type txScope struct {
	organization     *uuid.UUID // nil: none
	allOrganizations bool
}

var errTwoOrganizations = errors.New("a transaction of one organization goes on with another one")

// sender is a pool or a transaction.
type sender interface {
	dbsqlc.DBTX
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// scoped sends statements, each together with its setup.
type scoped struct {
	conn sender
	sessionSetup
	scope *txScope // nil outside of a transaction
}

// isSetUp reports whether the statement needs no setup, or the transaction has sent it before.
func (s scoped) isSetUp() bool {
	if s.sql == "" {
		return true
	}
	return s.scope != nil && s.scope.organization != nil && *s.scope.organization == s.organization &&
		s.undo == "" && !s.allOrganizations
}

func (s scoped) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if s.isSetUp() {
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
	if s.isSetUp() {
		return s.conn.Query(ctx, sql, args...)
	}
	sent, err := s.send(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	rows, err := sent.Query()
	if err != nil {
		_ = sent.Close() // It returns the same error.
		return nil, err
	}
	return &scopedRows{Rows: rows, sent: sent}, nil
}

func (s scoped) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if s.isSetUp() {
		return s.conn.QueryRow(ctx, sql, args...)
	}
	rows, err := s.Query(ctx, sql, args...)
	return scopedRow{rows: rows, err: err}
}

// send sends the setup, the statement and the undo in one batch, and reads the answer to the setup.
func (s scoped) send(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	if !s.mayEnter() {
		return nil, errTwoOrganizations
	}
	batch := &pgx.Batch{}
	batch.Queue(s.sql, s.args...)
	batch.Queue(sql, args...)
	if s.scope != nil && s.undo != "" {
		batch.Queue(s.undo)
	}
	sent := s.conn.SendBatch(ctx, batch)
	if _, err := sent.Exec(); err != nil {
		_ = sent.Close() // It returns the same error.
		return nil, fmt.Errorf("set the organization of a statement: %w", err)
	}
	s.enter() // Not before: a batch with an ended context is never sent, and the transaction survives.
	return sent, nil
}

// mayEnter reports whether the scope of the transaction allows the setup.
func (s scoped) mayEnter() bool {
	return s.scope == nil || s.allOrganizations || s.scope.allOrganizations ||
		s.scope.organization == nil || *s.scope.organization == s.organization
}

// enter records the scope after the server has executed the setup. Store.Savepoint restores the previous scope when its
// function fails.
func (s scoped) enter() {
	switch {
	case s.scope == nil:
	case s.allOrganizations:
		s.scope.allOrganizations = true
	default:
		s.scope.organization = &s.organization
	}
}

// scopedRows are the rows of a statement that was sent in a batch. They end when the whole batch has ended: only then
// is a transaction of its own committed.
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

// scopedRow is the first row of scopedRows.
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
