package testdb

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Together calls do with 0 … n−1, all at the same moment, and returns their errors by number.
func Together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = do(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

// timeout is how long a test waits for a fact.
const timeout = 20 * time.Second

// AwaitBlocked returns when at least n sessions of the database wait for a lock that another one holds.
func AwaitBlocked(t testing.TB, db *DB, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	const waiting = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for blocked := 0; blocked < n; {
		if err := db.Super.QueryRow(ctx, waiting).Scan(&blocked); err != nil {
			t.Fatalf("wait for %d sessions to be blocked, %d are: %v", n, blocked, err)
		}
	}
}
