package fair

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// maxKeys is the number of keys above which a budget or a pace forgets those that owe nothing.
const maxKeys = 10_000

// Budget limits the time that each key uses. It is charged after the fact, so a key may owe more than the burst; it
// then waits until the refill has paid for it.
type Budget[Key comparable] struct {
	// perSecond is the time that is refilled in a second, and burst the most that is saved.
	perSecond, burst time.Duration
	now              func() time.Time

	mu      sync.Mutex
	used    map[Key]usage
	charged time.Duration
	refused int64
}

// usage is the time that a key has used and that was not refilled yet, at a moment.
type usage struct {
	time time.Duration
	at   time.Time
}

// NewBudget returns a budget of a time in each second, and a burst. Without a time in each second there is no limit.
func NewBudget[Key comparable](perSecond, burst time.Duration, now func() time.Time) *Budget[Key] {
	return &Budget[Key]{
		perSecond: perSecond,
		burst:     burst,
		now:       now,
		used:      map[Key]usage{},
	}
}

// Charge adds a time that the key has used. A key owes at most twice the burst.
func (b *Budget[Key]) Charge(key Key, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.charged += took
	if b.perSecond <= 0 {
		return
	}
	now := b.now()
	if _, known := b.used[key]; !known && len(b.used) >= maxKeys {
		for other := range b.used {
			if b.owed(other, now) == 0 {
				delete(b.used, other)
			}
		}
	}
	b.used[key] = usage{min(b.owed(key, now)+took, 2*b.burst), now}
}

// Check returns a *SpentError when the key has used its budget.
func (b *Budget[Key]) Check(key Key) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.perSecond <= 0 {
		return nil
	}
	over := b.owed(key, b.now()) - b.burst
	if over < 0 {
		return nil
	}
	b.refused++
	return &SpentError{time.Duration(float64(over) / float64(b.perSecond) * float64(time.Second))}
}

// owed returns the time that a key has used, less the refill since.
func (b *Budget[Key]) owed(key Key, now time.Time) time.Duration {
	u := b.used[key]
	refill := now.Sub(u.at).Seconds() * float64(b.perSecond)
	if u.time == 0 || refill >= float64(u.time) {
		return 0
	}
	return u.time - time.Duration(max(refill, 0))
}

// Figures returns the time that was charged, and how many requests were refused.
func (b *Budget[Key]) Figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Figures{Refused: b.refused, TotalWait: b.charged}
}

// SpentError says that a key has used its time, and when it has some again.
type SpentError struct{ wait time.Duration }

func (e *SpentError) Error() string {
	return fmt.Sprintf("Your organization has used its time in the database. Ask for less, and try again in %d seconds.",
		e.Seconds())
}

// Kind is RATE_LIMITED.
func (*SpentError) Kind() fault.Kind { return fault.RateLimited }

// Seconds returns the time to wait, at least one second.
func (e *SpentError) Seconds() int { return max(int(math.Ceil(e.wait.Seconds())), 1) }
