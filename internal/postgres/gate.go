package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Gate limits the connections that a store uses at once. The store calls it before it takes a connection from the pool.
// It calls leave once after it has given the connection back, with the time for which it held it.
type Gate func(ctx context.Context) (leave func(held time.Duration), err error)

type withoutPlaceKey struct{}

// WithoutPlace returns a context whose statements may be for several organizations. Others wait for them, so a gate
// must not let them wait for the place of one.
func WithoutPlace(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutPlaceKey{}, true)
}

// IsWithoutPlace reports whether a context is of WithoutPlace.
func IsWithoutPlace(ctx context.Context) bool { return ctx.Value(withoutPlaceKey{}) != nil }

// Through returns a store that takes each connection through a gate.
func (s *Store) Through(gate Gate) *Store {
	store := *s
	store.gate = gate
	return &store
}

// enter passes the gate. Without one it always succeeds.
func (g Gate) enter(ctx context.Context) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	left, err := g(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	return func() { left(time.Since(began)) }, nil
}

// gated is a pool behind a gate, for statements outside of a transaction.
type gated struct {
	sender
	gate Gate
}

// Exec implements dbsqlc.DBTX.
func (g gated) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	leave, err := g.gate.enter(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer leave()
	return g.sender.Exec(ctx, sql, args...)
}

// Query implements dbsqlc.DBTX. The connection is held until the rows are closed.
func (g gated) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	leave, err := g.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := g.sender.Query(ctx, sql, args...)
	if err != nil {
		leave()
		return nil, err
	}
	return &gatedRows{Rows: rows, leave: leave}, nil
}

// QueryRow implements dbsqlc.DBTX.
func (g gated) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := g.Query(ctx, sql, args...)
	return scopedRow{rows: rows, err: err}
}

// SendBatch holds the connection until the results are closed.
func (g gated) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	leave, err := g.gate.enter(ctx)
	if err != nil {
		return refusedBatch{err: err}
	}
	return &gatedBatch{BatchResults: g.sender.SendBatch(ctx, batch), leave: leave}
}

// gatedRows leaves the gate when the rows are closed, which the last Next does too.
type gatedRows struct {
	pgx.Rows
	leave func()
}

func (r *gatedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *gatedRows) Close() {
	r.Rows.Close()
	if r.leave != nil {
		r.leave()
		r.leave = nil
	}
}

// gatedBatch leaves the gate when the results are closed.
type gatedBatch struct {
	pgx.BatchResults
	leave func()
}

func (b *gatedBatch) Close() error {
	err := b.BatchResults.Close()
	if b.leave != nil {
		b.leave()
		b.leave = nil
	}
	return err
}

// refusedBatch is a batch that was not sent.
type refusedBatch struct {
	pgx.BatchResults
	err error
}

func (b refusedBatch) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, b.err }

func (b refusedBatch) Close() error { return b.err }
