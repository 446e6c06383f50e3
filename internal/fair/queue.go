// Package fair shares a limited number of places between keys, such as organizations: a key with one entry is served
// before the sixtieth of another. It bounds how many entries of a key run and wait. It does not depend on the meaning
// of a key or a place, and it works for one server alone.
package fair

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// Limits are the limits of a queue.
type Limits struct {
	// Places is the number of entries that run at once. Urgent entries alone may take the last Reserved of them.
	Places, Reserved int
	// PerKey is the number of entries of one key that run at once, and again as many urgent ones. When only reserved
	// places are left, a key that has half of them gets no more.
	PerKey int
	// Waiting is the number of entries of one key that wait; 0 is no limit. Longest is the longest wait; 0 is no limit
	// but the context.
	Waiting int
	Longest time.Duration
}

// Check returns an error for limits under which an entry would wait for ever.
func (l Limits) Check() error {
	if l.PerKey < 1 || l.Reserved < 0 || l.Places <= l.Reserved || l.Waiting < 0 || l.Longest < 0 {
		return fmt.Errorf("%d places with %d reserved and %d for each key: "+
			"there must be more places than reserved ones, and at least one for each", l.Places, l.Reserved, l.PerKey)
	}
	return nil
}

// Entry asks for a place.
type Entry[Key comparable] struct {
	Key Key
	// Urgent entries may take the reserved places.
	Urgent bool
	// Unlimited entries may take more places than PerKey. The key is still the last to be served when it has the most.
	Unlimited bool
}

// Figures describe a queue at one moment, and since its beginning.
type Figures struct {
	Running, Waiting int
	// Waited counts the entries that waited, and Refused those that were refused. TotalWait is the sum of the waits.
	Waited, Refused int64
	TotalWait       time.Duration
}

// Queue gives places to entries. Among those that wait, the next place goes to the key with the fewest running entries;
// among equal ones to an urgent entry, and then to the one that came first.
type Queue[Key comparable] struct {
	limits Limits

	mu sync.Mutex
	// waiting has the entries that wait, in the order of their arrival. None of them could run now.
	waiting []*waiter[Key]
	// lines has the keys with an entry that runs or waits.
	lines   map[Key]*line
	figures Figures
}

// line counts the entries of a key: those that run, ordinary and urgent, and those that wait.
type line struct{ ordinary, urgent, waiting int }

type waiter[Key comparable] struct {
	Entry[Key]
	admitted chan struct{}
}

// New returns a queue. Its limits must pass Check.
func New[Key comparable](limits Limits) *Queue[Key] {
	if err := limits.Check(); err != nil {
		panic("fair: " + err.Error())
	}
	return &Queue[Key]{limits: limits, lines: map[Key]*line{}}
}

// Enter waits for a place. The caller must call leave once. The error is a *CrowdedError when too many entries of the
// key wait or the wait was too long, else the cause of the context's end.
func (q *Queue[Key]) Enter(ctx context.Context, e Entry[Key]) (leave func(), err error) {
	leave = sync.OnceFunc(func() { q.leave(e) })
	w, err := q.begin(e)
	if err != nil || w == nil {
		return leave, err
	}
	if err := q.await(ctx, w); err != nil {
		return nil, err
	}
	return leave, nil
}

// begin takes a place, or returns a waiter when there is none.
func (q *Queue[Key]) begin(e Entry[Key]) (*waiter[Key], error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.lines[e.Key]
	if own == nil {
		own = &line{}
		q.lines[e.Key] = own
	}
	if q.fits(e, own) {
		q.run(e, own)
		return nil, nil
	}
	if q.limits.Waiting > 0 && own.waiting >= q.limits.Waiting {
		q.figures.Refused++
		return nil, &CrowdedError{}
	}
	own.waiting++
	w := &waiter[Key]{Entry: e, admitted: make(chan struct{})}
	q.waiting = append(q.waiting, w)
	q.figures.Waited++
	return w, nil
}

// await waits until the waiter is admitted. Without an error it has a place.
func (q *Queue[Key]) await(ctx context.Context, w *waiter[Key]) error {
	began := time.Now()
	var late <-chan time.Time
	if q.limits.Longest > 0 {
		timer := time.NewTimer(q.limits.Longest)
		defer timer.Stop()
		late = timer.C
	}
	var err error
	select {
	case <-w.admitted:
	case <-late:
		err = &CrowdedError{}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.figures.TotalWait += time.Since(began)
	if err == nil {
		return nil
	}
	if at := slices.Index(q.waiting, w); at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
		q.lines[w.Key].waiting--
		q.forget(w.Key)
		if ctx.Err() == nil {
			q.figures.Refused++
		}
		return err
	}
	return nil // It was admitted at the same moment.
}

// leave gives a place back and admits others.
func (q *Queue[Key]) leave(e Entry[Key]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.lines[e.Key]
	if e.Urgent {
		own.urgent--
	} else {
		own.ordinary--
	}
	q.figures.Running--
	for next := q.next(); next >= 0; next = q.next() {
		w := q.waiting[next]
		q.waiting = slices.Delete(q.waiting, next, next+1)
		line := q.lines[w.Key]
		line.waiting--
		q.run(w.Entry, line)
		close(w.admitted)
	}
	q.forget(e.Key)
}

// next returns the index of the entry that runs next, or −1 when none can.
func (q *Queue[Key]) next() int {
	if q.figures.Running >= q.limits.Places {
		return -1
	}
	best, fewest := -1, 0
	for i, w := range q.waiting {
		own := q.lines[w.Key]
		if !q.fits(w.Entry, own) {
			continue
		}
		running := 2 * (own.ordinary + own.urgent)
		if !w.Urgent {
			running++
		}
		if best < 0 || running < fewest {
			best, fewest = i, running
		}
	}
	return best
}

// fits reports whether an entry can run now.
func (q *Queue[Key]) fits(e Entry[Key], own *line) bool {
	open := q.limits.Places - q.limits.Reserved - q.figures.Running
	if !e.Urgent {
		return open > 0 && (e.Unlimited || own.ordinary < q.limits.PerKey)
	}
	if open > 0 || e.Unlimited {
		return q.figures.Running < q.limits.Places && (e.Unlimited || own.urgent < q.limits.PerKey)
	}
	return q.figures.Running < q.limits.Places && own.urgent < min(q.limits.PerKey, (q.limits.Reserved+1)/2)
}

func (q *Queue[Key]) run(e Entry[Key], own *line) {
	if e.Urgent {
		own.urgent++
	} else {
		own.ordinary++
	}
	q.figures.Running++
}

// forget forgets a key without entries.
func (q *Queue[Key]) forget(key Key) {
	if own := q.lines[key]; own != nil && *own == (line{}) {
		delete(q.lines, key)
	}
}

// Figures returns the figures of this moment.
func (q *Queue[Key]) Figures() Figures {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := q.figures
	f.Waiting = len(q.waiting)
	return f
}

// CrowdedError refuses an entry whose key has too many others.
type CrowdedError struct{}

func (*CrowdedError) Error() string {
	return "Too many requests of your organization wait or run at once. Try again in 1 second."
}

// Kind is RATE_LIMITED.
func (*CrowdedError) Kind() fault.Kind { return fault.RateLimited }

// Seconds returns the time to wait.
func (*CrowdedError) Seconds() int { return 1 }
