package live

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/workflow"
)

const (
	// page is how many rows are read at once.
	page = 100
	// kept is how many of the last rows stay in memory, for subscribers that are a little behind.
	kept = 256
	// readTime bounds one attempt to read.
	readTime = 10 * time.Second
)

// readFunc reads at most first rows after a number, in order.
type readFunc[T any] func(ctx context.Context, after int64, first int32) ([]T, error)

// tail is the end of one journal, read once for all who follow it on this server.
type tail[T any] struct {
	organization uuid.UUID
	read         readFunc[T]
	followers    int           // under the shelf's lock
	turn         chan struct{} // held by the one who reads on

	mu    sync.Mutex
	rows  []T   // the last ones, without a gap
	next  int64 // the number after the last of rows
	hints int   // how many have come
	heard int64 // the greatest number that a hint has spoken of
	// isRead says that there was nothing after rows, and that no hint has spoken of more since then.
	isRead  bool
	changed chan struct{} // closed when next changes or isRead ends
}

// hear takes a hint that the row with this number is there.
func (t *tail[T]) hear(number int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hints++
	t.heard = max(t.heard, number)
	if number >= t.next && t.isRead {
		t.isRead = false
		t.wake()
	}
}

// wake wakes all who wait. The lock is held.
func (t *tail[T]) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// known returns the rows after a number as far as they are in memory. It knows when they are, or when there are none;
// then changed is closed as soon as there may be.
func (t *tail[T]) known(after int64) (rows []T, changed <-chan struct{}, knows bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.next - int64(len(t.rows))
	switch {
	case after+1 >= first && after+1 < t.next:
		return t.rows[after+1-first:], t.changed, true
	case after+1 == t.next && t.isRead:
		return nil, t.changed, true
	}
	return nil, nil, false
}

// isBehind reports whether a reader is so far behind that what it reads next is not in memory, and is of no use to
// those who are ahead.
func (t *tail[T]) isBehind(after int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return after+1 < t.next-int64(len(t.rows))
}

// readOn reads the rows after a number. Those who are up to date take turns, so that one reads for all; who is behind
// reads alone.
func (t *tail[T]) readOn(ctx context.Context, after int64) ([]T, error) {
	if t.isBehind(after) {
		return patiently(ctx, func(ctx context.Context) ([]T, error) { return t.read(ctx, after, page) })
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if rows, _, knows := t.known(after); knows || t.isBehind(after) {
		return rows, nil // What was read meanwhile; or nothing, and the next attempt is made alone.
	}
	return patiently(ctx, func(ctx context.Context) ([]T, error) { return t.readAhead(ctx, after) })
}

// readAhead reads on from the end. The turn is held.
func (t *tail[T]) readAhead(ctx context.Context, after int64) ([]T, error) {
	t.mu.Lock()
	hints := t.hints
	t.mu.Unlock()
	rows, err := t.read(ctx, after, page)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if after+1 != t.next { // The first to read, or one who knows of more than all others do.
		t.rows = nil
	}
	t.rows = append(t.rows, rows...)
	t.rows = t.rows[max(0, len(t.rows)-kept):]
	before := t.next
	t.next = after + 1 + int64(len(rows))
	// A hint that came while the statement ran may speak of a row that it did not see.
	t.isRead = len(rows) < page && (t.hints == hints || t.heard < t.next)
	if t.next != before {
		t.wake()
	}
	return rows, nil
}

// patiently reads until it succeeds or the context ends: a database that is away for a while ends no subscription.
func patiently[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		attempt, cancel := context.WithTimeout(ctx, readTime)
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

// Journal is one subscriber's place in a journal.
type Journal[T any] struct {
	tail    *tail[T]
	after   int64
	release func()
	once    sync.Once
}

// Next returns the next rows, at least one: each row once, without a gap and in order. It waits until there is one, and
// fails only when the context ends. Of a subscriber that is slow to ask again nothing is lost and nothing is kept: it
// reads what it has missed.
func (j *Journal[T]) Next(ctx context.Context) ([]T, error) {
	for {
		rows, changed, knows := j.tail.known(j.after)
		if !knows {
			var err error
			if rows, err = j.tail.readOn(ctx, j.after); err != nil {
				return nil, err
			}
		}
		if len(rows) > 0 {
			j.after += int64(len(rows))
			return rows, nil
		}
		if !knows {
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

// shelf has the tails that are followed, by workflow.
type shelf[T any] struct {
	mu    sync.Mutex
	tails map[uuid.UUID]*tail[T]
}

// take returns the tail of a workflow's journal for one more follower.
func (s *shelf[T]) take(flow workflow.Workflow, read readFunc[T]) *tail[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, followed := s.tails[flow.ID]
	if !followed {
		if s.tails == nil {
			s.tails = map[uuid.UUID]*tail[T]{}
		}
		t = &tail[T]{
			organization: flow.OrganizationID, read: read, turn: make(chan struct{}, 1), changed: make(chan struct{}),
		}
		s.tails[flow.ID] = t
	}
	t.followers++
	return t
}

// give takes a follower off, and forgets the tail after the last one.
func (s *shelf[T]) give(id uuid.UUID, t *tail[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.followers--; t.followers == 0 {
		delete(s.tails, id)
	}
}

// hear takes a hint.
func (s *shelf[T]) hear(id uuid.UUID, number int64) {
	s.mu.Lock()
	t := s.tails[id]
	s.mu.Unlock()
	if t != nil {
		t.hear(number)
	}
}

// followed adds the workflows whose tails are on the shelf, with their organizations.
func (s *shelf[T]) followed(flows map[uuid.UUID]uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.tails {
		flows[id] = t.organization
	}
}
