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
	// PerKey limits the ordinary and, separately, the urgent entries of one key that run at once. A reserved place goes
	// only to a key with fewer urgent entries than half of Reserved. Heavy limits the ordinary entries of a key that are
	// heavy; 0 is no limit.
	PerKey, Heavy int
	// Quiet is the time without an entry of another key after which a key is alone. Then PerKey no longer limits it
	// outside the reserved places, since no other key needs them. With 0 no key is ever alone.
	Quiet time.Duration
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
	// Heavy entries take long, so a key has few of them at once.
	Heavy bool
	// Unlimited entries may take more places than PerKey. They still wait behind those of keys with fewer running ones.
	Unlimited bool
	// Internal entries are work for all keys, such as health checks. They do not make other keys respect PerKey.
	Internal bool
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
	// waiting has the entries that wait, in the order of their arrival. They are considered again when an entry leaves or
	// a rest ends.
	waiting []*waiter[Key]
	// lines has the keys with an entry that runs or waits, or that they rest from.
	lines map[Key]*line
	// sharing counts the keys with an entry that makes other keys respect PerKey.
	sharing int
	newest  arrival[Key]
	figures Figures
}

// line counts the entries of a key: those that run, ordinary and urgent, the heavy ones among the ordinary with those
// that the key rests from, and those that wait. shared are those that make other keys respect PerKey.
type line struct{ ordinary, urgent, heavy, waiting, shared int }

// arrival is the key and the time of the newest entry that makes other keys respect a limit, and the time of the newest
// such entry of another key.
type arrival[Key comparable] struct {
	key       Key
	at, other time.Time
}

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

// Enter waits for a place. Without an error the caller must call leave; a second call does nothing. The error is a
// *CrowdedError when too many entries of the key wait or the wait was too long, else the cause of the context's end.
func (q *Queue[Key]) Enter(ctx context.Context, e Entry[Key]) (leave func(), err error) {
	w, err := q.begin(e)
	if err != nil {
		return nil, err
	}
	if w != nil {
		if err := q.await(ctx, w); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	return sync.OnceFunc(func() { q.leave(e, time.Since(began)) }), nil
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
	q.arrive(e)
	if q.fits(e, own) {
		q.run(e, own)
		q.share(e, own, 1)
		return nil, nil
	}
	if q.limits.Waiting > 0 && own.waiting >= q.limits.Waiting {
		q.figures.Refused++
		return nil, &CrowdedError{}
	}
	own.waiting++
	q.share(e, own, 1)
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
		own := q.lines[w.Key]
		own.waiting--
		q.share(w.Entry, own, -1)
		q.forget(w.Key)
		if ctx.Err() == nil {
			q.figures.Refused++
		}
		return err
	}
	return nil // It was admitted at the same moment.
}

// longestRest is the longest rest after a heavy entry.
const longestRest = time.Second

// leave gives a place back and admits others. The place of a heavy entry rests for as long as the entry had it, unless
// the key is alone. So short ones take at most half of the time.
func (q *Queue[Key]) leave(e Entry[Key], held time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.lines[e.Key]
	rests := e.Heavy && !e.Urgent && q.limits.Heavy > 0 && q.shares(e.Key)
	own.add(e.Urgent, e.Heavy && !rests, -1)
	if rests {
		time.AfterFunc(min(held, longestRest), func() { q.endRest(e.Key) })
	}
	q.share(e, own, -1)
	q.figures.Running--
	q.admit()
	q.forget(e.Key)
}

// endRest lets a key have another heavy entry.
func (q *Queue[Key]) endRest(key Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lines[key].heavy--
	q.admit()
	q.forget(key)
}

// admit lets entries run, as long as there are places for those that wait. The caller holds the lock.
func (q *Queue[Key]) admit() {
	for next := q.next(); next >= 0; next = q.next() {
		w := q.waiting[next]
		q.waiting = slices.Delete(q.waiting, next, next+1)
		line := q.lines[w.Key]
		line.waiting--
		q.run(w.Entry, line)
		close(w.admitted)
	}
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
	open := q.limits.Places - q.figures.Running
	switch {
	case open > q.limits.Reserved:
		return e.Unlimited || q.hasRoom(e, own)
	case open <= 0 || !e.Urgent:
		return false
	default:
		return e.Unlimited || own.urgent < min(q.limits.PerKey, (q.limits.Reserved+1)/2)
	}
}

// hasRoom reports whether a key has room for an entry within its limits.
func (q *Queue[Key]) hasRoom(e Entry[Key], own *line) bool {
	running := own.ordinary
	if e.Urgent {
		running = own.urgent
	} else if e.Heavy && q.limits.Heavy > 0 && own.heavy >= q.limits.Heavy {
		return false
	}
	return running < q.limits.PerKey || !q.shares(e.Key)
}

// countsAsOther reports whether an entry makes other keys respect PerKey.
func (e Entry[Key]) countsAsOther() bool { return !e.Internal && !e.Unlimited }

// share counts an entry for the limits of other keys, or with −1 one that is gone.
func (q *Queue[Key]) share(e Entry[Key], own *line, n int) {
	if !e.countsAsOther() {
		return
	}
	if own.shared += n; own.shared == max(n, 0) {
		q.sharing += n
	}
}

// arrive notes the arrival of an entry.
func (q *Queue[Key]) arrive(e Entry[Key]) {
	if q.limits.Quiet == 0 || !e.countsAsOther() {
		return
	}
	q.newest.arrive(e.Key, time.Now())
}

// arrive notes an entry of a key.
func (a *arrival[Key]) arrive(key Key, at time.Time) {
	if key != a.key {
		a.key, a.other = key, a.at
	}
	a.at = at
}

// Shares reports whether a key must leave places to others: an entry of another key runs, waits or came lately.
func (q *Queue[Key]) Shares(key Key) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shares(key)
}

func (q *Queue[Key]) shares(key Key) bool {
	others := q.sharing
	if own := q.lines[key]; own != nil && own.shared > 0 {
		others--
	}
	last := q.newest.other
	if key != q.newest.key {
		last = q.newest.at
	}
	return q.limits.Quiet == 0 || others > 0 || time.Since(last) < q.limits.Quiet
}

func (q *Queue[Key]) run(e Entry[Key], own *line) {
	own.add(e.Urgent, e.Heavy, 1)
	q.figures.Running++
}

// add counts an entry that runs, or with −1 one that ends.
func (l *line) add(urgent, heavy bool, n int) {
	if urgent {
		l.urgent += n
		return
	}
	l.ordinary += n
	if heavy {
		l.heavy += n
	}
}

// forget forgets a key without entries and rests.
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
