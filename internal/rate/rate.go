// Package rate lets through as much as there is in a bucket that fills with time: token buckets that all servers share.
// It knows no price and no request, and it decides nothing when the database does not answer: its callers do.
package rate

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

const (
	// micro is how many millionths a token has.
	micro = 1_000_000
	// remembered bounds the buckets that a server knows something of. What it forgets is lost to the bucket.
	remembered = 100_000
	// MaxCapacity keeps all sums of millionths within 64 bits.
	MaxCapacity = 1 << 40
	// timeout is how long a bucket waits for the database, and whoever wants of it for those before them.
	timeout = 2 * time.Second
)

// Limit is the shape of a bucket. A bucket is full at first.
type Limit struct {
	// Capacity is how many tokens a full bucket has: what can be taken at once.
	Capacity int64
	// MicroPerSecond is how fast it fills, in millionths of a token.
	MicroPerSecond int64
}

// PerSecond is the speed of a bucket that fills by n tokens in a second.
func PerSecond(n int64) int64 { return n * micro }

// PerMinute is the speed of a bucket that fills by n tokens in a minute, rounded down.
func PerMinute(n int64) int64 { return n * micro / 60 }

// Check returns nil when buckets of this shape can be kept.
func (l Limit) Check() error {
	if l.Capacity < 1 || l.Capacity > MaxCapacity || l.MicroPerSecond < 1 || l.MicroPerSecond > MaxCapacity*micro/86400 {
		return fmt.Errorf("a bucket of %d tokens with %d millionths more in a second cannot be kept",
			l.Capacity, l.MicroPerSecond)
	}
	return nil
}

// Take takes from the bucket of a key in the database, all or nothing.
type Take[Key comparable] func(ctx context.Context, key Key, d postgres.TakeRequest) (taken bool, err error)

// Limiter spends tokens of buckets. It takes a hundredth of a bucket at once from the database and spends it in memory,
// so that ordinary traffic costs no statement. Over all servers and any time, what was let through is at most the
// capacity and what has filled in since; what can pass at one moment is at most the capacity and one such share for
// each server.
type Limiter[Key comparable] struct {
	limit Limit
	share int64
	take  Take[Key]
	now   func() time.Time

	mu     sync.Mutex
	states map[Key]*state
}

// state is what a server knows of a bucket.
type state struct {
	// asking has room for the one who asks the database.
	asking chan struct{}

	mu sync.Mutex
	// tokens were taken and not spent.
	tokens int64
	// lacking was not there when the database was asked last; until askAt it is not asked for as much again, and at
	// fullAt it will be there.
	lacking       int64
	askAt, fullAt time.Time
}

// empty returns the error for whoever needs what was just not there, or more.
func (l Limit) empty(s *state, needed int64, now time.Time) error {
	if needed < s.lacking || !now.Before(s.askAt) {
		return nil
	}
	return &LimitedError{s.fullAt.Sub(now) + l.fill(needed-s.lacking)}
}

// fill is how long it takes until so many tokens are there.
func (l Limit) fill(tokens int64) time.Duration {
	return time.Duration(float64(tokens) * micro / float64(l.MicroPerSecond) * float64(time.Second))
}

// New returns a limiter of buckets. Its limit must pass Check.
func New[Key comparable](limit Limit, take Take[Key], now func() time.Time) *Limiter[Key] {
	if err := limit.Check(); err != nil {
		panic("rate: " + err.Error())
	}
	return &Limiter[Key]{
		limit: limit, share: max(limit.Capacity/100, 1), take: take, now: now, states: map[Key]*state{},
	}
}

// LimitedError says that a bucket has not enough, and when it will have.
type LimitedError struct{ wait time.Duration }

func (e *LimitedError) Error() string {
	return fmt.Sprintf("Too much was asked for in a short time. Try again in %d seconds.", e.Seconds())
}

// Kind is RATE_LIMITED.
func (*LimitedError) Kind() fault.Kind { return fault.RateLimited }

// Seconds is how long to wait, rounded up.
func (e *LimitedError) Seconds() int { return int(math.Ceil(e.wait.Seconds())) }

// Spend takes an amount of the bucket of a key. It returns a *LimitedError when there is not as much, and the
// database's error when it has to be asked and does not answer, which takes two seconds at most.
func (l *Limiter[Key]) Spend(ctx context.Context, key Key, amount int64) error {
	s, now := l.state(key), l.now()
	if known, err := l.limit.fromMemory(s, amount, now); known {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case s.asking <- struct{}{}: // Whoever waits here would have to ask the same.
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a bucket: %w", ctx.Err())
	}
	if known, err := l.limit.fromMemory(s, amount, now); known {
		return err
	}
	return l.ask(ctx, s, key, amount)
}

// fromMemory spends what was taken before, or refuses what was just not there. known is false when only the database
// can say.
func (l Limit) fromMemory(s *state, amount int64, now time.Time) (known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens >= amount {
		s.tokens -= amount
		return true, nil
	}
	err = l.empty(s, min(amount-s.tokens, l.Capacity), now)
	return err != nil, err
}

// ask takes from the database what memory lacks, and for others as well if there is as much. Nobody else asks for this
// bucket meanwhile, and none of its tokens is spent twice: what memory has is taken out first.
func (l *Limiter[Key]) ask(ctx context.Context, s *state, key Key, amount int64) error {
	s.mu.Lock()
	held := s.tokens
	s.tokens = 0
	s.mu.Unlock()
	now, needed := l.now(), min(amount-held, l.limit.Capacity)
	for _, wanted := range []int64{max(needed, l.share), needed} {
		taken, err := l.take(ctx, key, postgres.TakeRequest{
			AmountMicro: wanted * micro, CapacityMicro: l.limit.Capacity * micro,
			MicroPerSecond: l.limit.MicroPerSecond, At: now,
		})
		if err != nil {
			s.add(held)
			return fmt.Errorf("take from a bucket: %w", err)
		}
		if taken {
			s.add(max(held+wanted-amount, 0))
			return nil
		}
		if wanted == needed {
			break
		}
	}
	s.add(held)
	s.mu.Lock()
	defer s.mu.Unlock()
	// What is in the bucket is not known, so this is how long it takes at most.
	wait := l.limit.fill(needed)
	s.lacking, s.askAt, s.fullAt = needed, now.Add(min(wait, time.Second)), now.Add(wait)
	return &LimitedError{wait}
}

func (s *state) add(tokens int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens += tokens
}

// Empty returns a *LimitedError when the bucket of a key was just found empty, without asking the database.
func (l *Limiter[Key]) Empty(key Key) error {
	s := l.state(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.limit.empty(s, s.lacking, l.now())
}

func (l *Limiter[Key]) state(key Key) *state {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.states[key]
	if s == nil {
		if len(l.states) >= remembered {
			clear(l.states)
		}
		s = &state{asking: make(chan struct{}, 1)}
		l.states[key] = s
	}
	return s
}
