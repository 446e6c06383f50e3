// Package postgres stores: it turns calls of the engine into the queries of sqlc, rows into domain values, and the
// names of constraints into faults. It decides nothing.
package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction, under a name that other packages can use without the driver.
type Tx = pgx.Tx

// Store runs queries on a pool of connections, or in one transaction. Its queries come from the methods of tenant.go
// only, which name the organization of the rows.
type Store struct {
	pool  *pgxpool.Pool // nil within a transaction
	tx    pgx.Tx        // nil outside of one
	scope *txScope      // nil outside of one
	// audited is the only organization whose rows an audit reads; nil outside of SnapshotOf.
	audited *uuid.UUID

	gate     Gate           // nil without one, and within a transaction
	onCommit func([]Change) // nil without subscribers
	changes  []Change       // of the transaction
}

// New returns a Store on a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Tx returns the store's transaction; nil when the store works on a pool. A statement that is sent through it has to
// set its organization itself, or needs none.
func (s *Store) Tx() Tx { return s.tx }

// InTx calls do with a store that is one transaction. It commits when do returns nil, and rolls back otherwise. The
// isolation level is READ COMMITTED; the statements lock the rows that must not change. A transaction has the rows of
// one organization, unless it has also read across all of them.
func (s *Store) InTx(ctx context.Context, do func(*Store) error) error {
	if s.tx != nil {
		return errors.New("a transaction within a transaction")
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	var changes []Change
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		store := &Store{tx: tx, scope: &txScope{}, onCommit: s.onCommit}
		err := do(store)
		changes = store.changes
		return err
	})
	if err == nil && len(changes) > 0 {
		s.onCommit(changes)
	}
	return translate(err)
}

// Savepoint calls do within the store's transaction. When do fails, only its own work is undone, and the transaction
// goes on.
func (s *Store) Savepoint(ctx context.Context, do func(*Store) error) error {
	if s.tx == nil {
		return errors.New("a savepoint outside of a transaction")
	}
	before := *s.scope
	var changes []Change
	err := pgx.BeginFunc(ctx, s.tx, func(tx pgx.Tx) error {
		store := &Store{tx: tx, scope: s.scope, audited: s.audited, onCommit: s.onCommit}
		err := do(store)
		changes = store.changes
		return err
	})
	if err != nil {
		*s.scope = before
		return translate(err)
	}
	s.changes = append(s.changes, changes...) // They are published when the transaction commits.
	return nil
}

// readOnlySnapshot is the isolation level of reads that must be consistent with each other.
var readOnlySnapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Snapshot calls do with a store that reads one snapshot of the database and can write nothing.
func (s *Store) Snapshot(ctx context.Context, do func(*Store) error) error {
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	tx, err := s.pool.BeginTx(ctx, readOnlySnapshot)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return do(&Store{tx: tx, scope: &txScope{}})
}

// enterAudit names the organization of an audit, and asks whether row-level security applies.
const enterAudit = `SELECT set_config('infin8.organization_id', $1, true),
	set_config('plan_cache_mode', 'force_custom_plan', true), row_security_active('public.intent_workflows')`

// SnapshotOf is Snapshot with the rows of one organization: the queries of audits read no others. Row-level security
// bounds every statement, also those that name no organization, so a role that bypasses it is refused.
func (s *Store) SnapshotOf(ctx context.Context, organization uuid.UUID, do func(*Store) error) error {
	tx, err := s.pool.BeginTx(ctx, readOnlySnapshot)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	var isolated bool
	err = tx.QueryRow(ctx, enterAudit, organization.String()).Scan(new(string), new(string), &isolated)
	switch {
	case err != nil:
		return translate(err)
	case !isolated:
		return errors.New("row-level security does not apply to the role of an audit of one organization")
	}
	return do(&Store{tx: tx, scope: &txScope{organization: &organization}, audited: &organization})
}

// Ping checks that the database answers and accepts writes. A connection to a read-only server is closed, so that
// the next one may lead to another server.
func (s *Store) Ping(ctx context.Context) error {
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return reached(err)
	}
	defer conn.Release()
	var readOnly string
	if err := conn.QueryRow(ctx, `SELECT current_setting('transaction_read_only')`).Scan(&readOnly); err != nil {
		return reached(err)
	}
	if readOnly != "off" {
		_ = conn.Conn().Close(ctx)
		return errReadOnly
	}
	return nil
}

// withPath calls do in a transaction of its own, or in a savepoint of the store's, with a search path. It rolls back,
// so that nothing do sets remains.
func (s *Store) withPath(ctx context.Context, path string, do func(pgx.Tx) error) error {
	begin := func(ctx context.Context) (pgx.Tx, error) { return s.pool.Begin(ctx) }
	if s.tx != nil {
		begin = s.tx.Begin
	}
	tx, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `SELECT set_config('search_path', $1, true)`, path); err != nil {
		return err
	}
	return do(tx)
}
