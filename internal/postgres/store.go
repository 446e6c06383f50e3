// Package postgres keeps: it turns the engine's questions into the queries of sqlc, rows into domain values, and the
// names of constraints into faults. It decides nothing.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction, by a name that other packages may use without knowing the driver.
type Tx = pgx.Tx

// Store answers from a pool of connections, or from the one transaction that it stands for. Its queries are had from
// the methods of scope.go only, which say whose rows they are about.
type Store struct {
	pool  *pgxpool.Pool // nil within a transaction
	tx    pgx.Tx        // nil outside of one
	named *named        // nil outside of one

	tell    func([]Change) // nil when nobody follows
	changes []Change       // of the transaction
}

// New returns a Store on a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Tx returns the transaction that the store stands for; nil when it stands for none. What is sent through it says for
// itself whose rows are meant, or is about none.
func (s *Store) Tx() Tx { return s.tx }

// InTx calls do with a store that is one transaction: committed when do returns nil, rolled back otherwise. The
// isolation is READ COMMITTED; what must not change in between is locked by the statements themselves. A transaction is
// about one organization, unless it has looked for something in all of them.
func (s *Store) InTx(ctx context.Context, do func(*Store) error) error {
	if s.tx != nil {
		return errors.New("a transaction within a transaction")
	}
	var changes []Change
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		store := &Store{tx: tx, named: &named{}, tell: s.tell}
		err := do(store)
		changes = store.changes
		return err
	})
	if err == nil && len(changes) > 0 {
		s.tell(changes)
	}
	return translate(err)
}

// Savepoint calls do within the store's transaction: when it fails, only what it did is undone, and the transaction
// goes on.
func (s *Store) Savepoint(ctx context.Context, do func(*Store) error) error {
	if s.tx == nil {
		return errors.New("a savepoint outside of a transaction")
	}
	before := *s.named
	var changes []Change
	err := pgx.BeginFunc(ctx, s.tx, func(tx pgx.Tx) error {
		store := &Store{tx: tx, named: s.named, tell: s.tell}
		err := do(store)
		changes = store.changes
		return err
	})
	if err != nil {
		*s.named = before
		return translate(err)
	}
	s.changes = append(s.changes, changes...) // They are told when the transaction commits.
	return nil
}

// readOnlySnapshot is the isolation of what has to be of one moment.
var readOnlySnapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Snapshot calls do with a store whose every answer is of one moment, so that what is compared belongs together.
func (s *Store) Snapshot(ctx context.Context, do func(*Store) error) error {
	tx, err := s.pool.BeginTx(ctx, readOnlySnapshot)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return do(&Store{tx: tx, named: &named{}})
}

// Ping asks whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}
