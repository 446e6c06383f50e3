package live

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// pageRows is how many rows one statement reads.
	pageRows = 100
	// tailRows is how many of the last rows stay in memory, for subscribers that are a little behind.
	tailRows = 256
	// readTimeout bounds one attempt to read.
	readTimeout = 10 * time.Second
)

// readFunc reads at most first rows after a number, in order.
type readFunc[T any] func(ctx context.Context, after int64, first int32) ([]T, error)

// journalTail has the last rows of one journal. This server reads each row once for all its followers.
type journalTail[T any] struct {
	organization uuid.UUID
	read         readFunc[T]
	followers    int           // guarded by the registry's lock
	turn         chan struct{} // held by the follower that reads ahead

	mu            sync.Mutex
	rows          []T   // the last ones, without a gap
	next          int64 // the number after the last of rows
	notifications int   // received so far
	notified      int64 // the greatest number of a notification
	// complete says that the last read found no row after rows, and that no later notification names one.
	complete bool
	changed  chan struct{} // closed when next changes or complete ends
}

func newJournalTail[T any](organization uuid.UUID, read readFunc[T]) *journalTail[T] {
	return &journalTail[T]{
		organization: organization,
		read:         read,
		turn:         make(chan struct{}, 1),
		changed:      make(chan struct{}),
	}
}

// notify takes the notification that the row with this number is committed.
func (t *journalTail[T]) notify(number int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notifications++
	t.notified = max(t.notified, number)
	if number >= t.next && t.complete {
		t.complete = false
		t.wake()
	}
}

// wake wakes all waiting followers. The lock is held.
func (t *journalTail[T]) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// cached returns the rows after a number from memory. ok is false when only the database has the answer. When there is
// no row yet, changed is closed as soon as there may be one.
func (t *journalTail[T]) cached(after int64) (rows []T, changed <-chan struct{}, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.next - int64(len(t.rows))
	switch {
	case after+1 >= first && after+1 < t.next:
		return t.rows[after+1-first:], t.changed, true
	case after+1 == t.next && t.complete:
		return nil, t.changed, true
	}
	return nil, nil, false
}

// isBehind reports whether a follower needs rows that are older than those in memory.
func (t *journalTail[T]) isBehind(after int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return after+1 < t.next-int64(len(t.rows))
}

// readAfter reads the rows after a number. Followers at the end take turns, so that one read serves all. A follower
// that is behind reads for itself.
func (t *journalTail[T]) readAfter(ctx context.Context, after int64) ([]T, error) {
	if t.isBehind(after) {
		return retry(ctx, func(ctx context.Context) ([]T, error) { return t.read(ctx, after, pageRows) })
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if rows, _, ok := t.cached(after); ok || t.isBehind(after) {
		return rows, nil // Another follower has read them; or there is none, and the next attempt reads for itself.
	}
	return retry(ctx, func(ctx context.Context) ([]T, error) { return t.readAhead(ctx, after) })
}

// readAhead reads the rows after the end. The turn is held.
func (t *journalTail[T]) readAhead(ctx context.Context, after int64) ([]T, error) {
	t.mu.Lock()
	notifications := t.notifications
	t.mu.Unlock()
	rows, err := t.read(ctx, after, pageRows)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if after+1 != t.next { // The first read, or a follower that starts ahead of all others.
		t.rows = nil
	}
	t.rows = append(t.rows, rows...)
	t.rows = t.rows[max(0, len(t.rows)-tailRows):]
	before := t.next
	t.next = after + 1 + int64(len(rows))
	// A notification that came during the statement may name a row that the statement did not see.
	t.complete = len(rows) < pageRows && (t.notifications == notifications || t.notified < t.next)
	if t.next != before {
		t.wake()
	}
	return rows, nil
}

// retry reads until it succeeds or the context ends: an outage of the database ends no subscription.
func retry[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		attempt, cancel := context.WithTimeout(ctx, readTimeout)
		rows, err := read(attempt)
		cancel()
		if err == nil {
			return rows, nil
		}
		if !pause(ctx, wait) {
			return rows, ctx.Err()
		}
	}
}

// pause waits, and reports false when the context has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Journal is one subscriber's position in a journal.
type Journal[T any] struct {
	tail    *journalTail[T]
	after   int64
	release func()
	once    sync.Once
}

// Next returns the next rows, at least one: each row once, in order and without a gap. It waits for a row, and fails
// only when the context ends. A slow subscriber loses no row and costs no memory: it reads later rows from the
// database.
func (j *Journal[T]) Next(ctx context.Context) ([]T, error) {
	for {
		rows, changed, ok := j.tail.cached(j.after)
		if !ok {
			var err error
			if rows, err = j.tail.readAfter(ctx, j.after); err != nil {
				return nil, err
			}
		}
		if len(rows) > 0 {
			j.after += int64(len(rows))
			return rows, nil
		}
		if !ok {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends the subscription.
func (j *Journal[T]) Close() { j.once.Do(j.release) }
