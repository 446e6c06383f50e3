package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Each query has a scope. A method of this file sets it: forTenant, forTenantCustomPlan, forTenantGenericPlan,
// forBooker, forSweeper, forAudit or unscoped. The setup and the query go to the server in one batch. The setting ends
// with the transaction, at the latest. Outside a transaction, the batch is its own transaction. Without a setup,
// row-level security returns no rows.

// sessionSetup is a statement that is sent before a query. The zero value sends none.
type sessionSetup struct {
	sql  string
	args []any
	// organization is the value of infin8.organization_id after the setup.
	organization uuid.UUID
	// undo resets the setting inside a transaction. forAudit needs none: the owner bypasses row-level security.
	undo string
	// allOrganizations marks a query over all organizations. After it, the transaction may switch between organizations.
	allOrganizations bool
	// alone marks a query that is refused within a transaction.
	alone bool
}

const (
	setOrganization = `SELECT set_config('infin8.organization_id', $1, true)`
	// PostgreSQL may cache a generic plan for a frequent statement. That plan suits small organizations but takes seconds
	// for a large one. Planning again costs 0.1 ms.
	setOrganizationCustomPlan = `SELECT set_config('infin8.organization_id', $1, true),
		set_config('plan_cache_mode', 'force_custom_plan', true)`
	// For a query whose best plan does not depend on its parameters. A connection plans it once.
	setOrganizationGenericPlan = `SELECT set_config('infin8.organization_id', $1, true),
		set_config('plan_cache_mode', 'force_generic_plan', true)`
	// A booking finds all its rows by key, so it needs no other plan than the generic one. None is made for tables that
	// are still empty. It joins the keys with the tables row by row.
	enterBooker = `SELECT set_config('role', '` + BookerRole + `', true), set_config('infin8.organizations', $1, true),
		set_config('lock_timeout', coalesce(nullif($2, ''), current_setting('lock_timeout')), true),
		set_config('plan_cache_mode', 'force_generic_plan', true),
		set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
		set_config('enable_mergejoin', 'off', true)`
	resetPlanning = `SELECT set_config('plan_cache_mode', NULL, true)`
	enterSweeper  = `SELECT set_config('role', '` + SweeperRole + `', true)`
	leaveRole     = `SELECT set_config('role', NULL, true)`
	// With row_security off PostgreSQL refuses a statement from which a policy would hide rows.
	requireAllRows = `SELECT set_config('row_security', 'off', true)`
)

// forTenant returns the queries of one organization: they read and write its rows only.
func (s *Store) forTenant(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(sessionSetup{sql: setOrganization, args: []any{organization.String()}, organization: organization})
}

// forTenantCustomPlan is forTenant for queries whose best plan depends on their parameters. PostgreSQL plans them again
// each time.
func (s *Store) forTenantCustomPlan(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(sessionSetup{
		sql:          setOrganizationCustomPlan,
		args:         []any{organization.String()},
		organization: organization,
		undo:         resetPlanning,
	})
}

// forTenantGenericPlan is forTenant for queries whose best plan does not depend on their parameters. The planner
// expects that it does, the more so the larger a table is. With this they are planned once in a connection.
func (s *Store) forTenantGenericPlan(organization uuid.UUID) *dbsqlc.Queries {
	return s.queries(sessionSetup{
		sql:          setOrganizationGenericPlan,
		args:         []any{organization.String()},
		organization: organization,
		undo:         resetPlanning,
	})
}

// errBookingInTx is returned for a booking within a transaction, which would go on in the role of the booking.
var errBookingInTx = errors.New("a booking is a transaction of its own")

// forBooker returns the queries that book for some organizations by one statement, in a transaction of its own.
// PostgreSQL plans it once in a connection. It waits for a lock for a time at most; 0 is the limit of the connection,
// which has none as a rule.
func (s *Store) forBooker(organizations []uuid.UUID, wait time.Duration) *dbsqlc.Queries {
	names, limit := make([]string, len(organizations)), "" // that of the connection
	for i, organization := range organizations {
		names[i] = organization.String()
	}
	slices.Sort(names)
	if wait > 0 {
		limit = strconv.FormatInt(wait.Milliseconds(), 10)
	}
	return s.queries(sessionSetup{
		sql:              enterBooker,
		args:             []any{strings.Join(slices.Compact(names), ","), limit},
		allOrganizations: true,
		alone:            true,
	})
}

// forSweeper returns the queries of background jobs. Their role reads a few columns of all organizations and updates
// even fewer.
func (s *Store) forSweeper() *dbsqlc.Queries {
	return s.queries(sessionSetup{sql: enterSweeper, undo: leaveRole, allOrganizations: true})
}

// forAudit returns the queries that must read all rows of all organizations. They fail for every role to which
// row-level security applies. Within SnapshotOf they are those of its organization, whose rows alone that security
// returns.
func (s *Store) forAudit() *dbsqlc.Queries {
	if s.audited != nil {
		return s.forTenant(*s.audited)
	}
	return s.queries(sessionSetup{sql: requireAllRows, allOrganizations: true})
}

// requireAll makes the statements of an audit in tx fail for a role from which a policy hides rows. Within SnapshotOf
// the policies shall hide those of other organizations.
func (s *Store) requireAll(ctx context.Context, tx pgx.Tx) error {
	if s.audited != nil {
		return nil
	}
	_, err := tx.Exec(ctx, requireAllRows)
	return translate(err)
}

// unscoped returns the queries of tables that belong to no organization.
func (s *Store) unscoped() *dbsqlc.Queries { return s.queries(sessionSetup{}) }

func (s *Store) queries(setup sessionSetup) *dbsqlc.Queries {
	if s.tx != nil {
		return dbsqlc.New(scoped{conn: s.tx, sessionSetup: setup, scope: s.scope})
	}
	if s.gate != nil {
		return dbsqlc.New(scoped{conn: gated{s.pool, s.gate}, sessionSetup: setup})
	}
	return dbsqlc.New(scoped{conn: s.pool, sessionSetup: setup})
}

// txScope is the scope that the setups of a transaction have set so far.
type txScope struct {
	organization     *uuid.UUID // nil: none
	allOrganizations bool
}

var errTwoOrganizations = errors.New("a transaction that names one organization cannot name another")

// sender is a pool or a transaction.
type sender interface {
	dbsqlc.DBTX
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// scoped sends statements, each together with its setup.
type scoped struct {
	conn sender
	sessionSetup
	scope *txScope // nil outside a transaction
}

// isSetUp reports whether the statement can run without a setup. A setup with undo or allOrganizations is always sent.
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
	switch {
	case s.alone && s.scope != nil:
		return nil, errBookingInTx
	case !s.mayEnter():
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
		return nil, fmt.Errorf("set up the scope of a statement: %w", err)
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

// scopedRows are the rows of a statement that was sent in a batch. scopedRows closes the batch after the last row.
// Outside a transaction, the commit happens only then. Err reports its error.
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
