// Package postgres keeps: it turns the engine's questions into the queries of sqlc, rows into domain values, and the
// names of constraints into faults. It decides nothing.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Tx is a transaction, by a name that other packages may use without knowing the driver.
type Tx = pgx.Tx

// Store answers from a pool of connections, or from the one transaction that it stands for.
type Store struct {
	pool *pgxpool.Pool // nil within a transaction
	tx   pgx.Tx        // nil outside of one
	q    *dbsqlc.Queries

	tell    func([]Change) // nil when nobody follows
	changes []Change       // of the transaction
}

// New returns a Store on a pool.
func New(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, q: dbsqlc.New(pool)}
}

// Tx returns the transaction that the store stands for; nil when it stands for none.
func (s *Store) Tx() Tx { return s.tx }

// InTx calls do with a store that is one transaction: committed when do returns nil, rolled back otherwise. The
// isolation is READ COMMITTED; what must not change in between is locked by the statements themselves.
func (s *Store) InTx(ctx context.Context, do func(*Store) error) error {
	if s.tx != nil {
		return errors.New("a transaction within a transaction")
	}
	var changes []Change
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		store := &Store{tx: tx, q: s.q.WithTx(tx), tell: s.tell}
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
	var changes []Change
	err := pgx.BeginFunc(ctx, s.tx, func(tx pgx.Tx) error {
		store := &Store{tx: tx, q: s.q.WithTx(tx), tell: s.tell}
		err := do(store)
		changes = store.changes
		return err
	})
	if err == nil { // They are told when the transaction commits.
		s.changes = append(s.changes, changes...)
	}
	return translate(err)
}

// Ping asks whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}
