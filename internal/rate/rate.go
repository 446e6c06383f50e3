// Package rate limits rates by token buckets that all servers share. The buckets are in the database. When it does not
// answer, the package returns the error and its caller decides.
package rate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

const (
	// micro is the number of millionths of a token.
	micro = 1_000_000
	// maxStates bounds the buckets in a server's memory. Tokens of a forgotten bucket are lost.
	maxStates = 100_000
	// MaxCapacity keeps all sums of millionths within 64 bits.
	MaxCapacity = 1 << 40
	// timeout bounds the wait for the database, and for other requests of the same bucket.
	timeout = 2 * time.Second
)

// Limit is the shape of a bucket. A bucket is full at first.
type Limit struct {
	// Capacity is the number of tokens in a full bucket: the most that can be taken at once.
	Capacity int64
	// MicroPerSecond is how fast the bucket fills, in millionths of a token per second.
	MicroPerSecond int64
}

// PerSecond returns the MicroPerSecond of n tokens per second.
func PerSecond(n int64) int64 { return n * micro }

// PerMinute returns the MicroPerSecond of n tokens per minute, rounded down.
func PerMinute(n int64) int64 { return n * micro / 60 }

// Check returns nil when the database can store buckets of this shape.
func (l Limit) Check() error {
	if l.Capacity < 1 || l.Capacity > MaxCapacity || l.MicroPerSecond < 1 || l.MicroPerSecond > MaxCapacity*micro/86400 {
		return fmt.Errorf("a bucket of %d tokens with %d millionths more in a second cannot be stored",
			l.Capacity, l.MicroPerSecond)
	}
	return nil
}

// Take takes tokens from the bucket of a key in the database, all or none.
type Take[Key comparable] func(ctx context.Context, key Key, d postgres.TakeRequest) (taken bool, err error)

// Limiter spends tokens of buckets. It takes a hundredth of a bucket at once from the database and spends it in memory,
// so that ordinary traffic needs few statements. Over all servers and any time, it allows at most the capacity and the
// tokens that have filled in since. At one moment it allows at most the capacity and one such share for each server.
type Limiter[Key comparable] struct {
	limit Limit
	share int64
	take  Take[Key]
	now   func() time.Time

	mu     sync.Mutex
	states map[Key]*state
}

// state is a server's memory of a bucket.
type state struct {
	// asking is held by the request that asks the database.
	asking chan struct{}

	mu sync.Mutex
	// tokens are taken from the database and not spent.
	tokens int64
	// lacking is the amount that the database last refused. Until askAt the same amount is refused without a statement. At
	// fullAt the bucket has it.
	lacking       int64
	askAt, fullAt time.Time
}

// empty returns the error for an amount that the database has just refused, or for a larger one.
func (l Limit) empty(s *state, needed int64, now time.Time) error {
	if needed < s.lacking || !now.Before(s.askAt) {
		return nil
	}
	return &LimitedError{s.fullAt.Sub(now) + l.fill(needed-s.lacking)}
}

// fill returns the time in which so many tokens fill in.
func (l Limit) fill(tokens int64) time.Duration {
	return time.Duration(float64(tokens) * micro / float64(l.MicroPerSecond) * float64(time.Second))
}

// New returns a limiter of buckets. Its limit must pass Check.
func New[Key comparable](limit Limit, take Take[Key], now func() time.Time) *Limiter[Key] {
	if err := limit.Check(); err != nil {
		panic("rate: " + err.Error())
	}
	return &Limiter[Key]{
		limit:  limit,
		share:  max(limit.Capacity/100, 1),
		take:   take,
		now:    now,
		states: map[Key]*state{},
	}
}

// LimitedError says that a bucket has too few tokens, and when it has enough.
type LimitedError struct{ wait time.Duration }

func (e *LimitedError) Error() string {
	return fmt.Sprintf("Too much was asked for in a short time. Try again in %d seconds.", e.Seconds())
}

// Kind is RATE_LIMITED.
func (*LimitedError) Kind() fault.Kind { return fault.RateLimited }

// Seconds returns the time to wait, rounded up.
func (e *LimitedError) Seconds() int { return int(math.Ceil(e.wait.Seconds())) }

// Spend takes an amount from the bucket of a key. It returns a *LimitedError when the bucket has less. It returns the
// database's error when the database is needed and does not answer within two seconds.
func (l *Limiter[Key]) Spend(ctx context.Context, key Key, amount int64) error {
	s, now := l.state(key), l.now()
	if known, err := l.limit.fromMemory(s, amount, now); known {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case s.asking <- struct{}{}: // Requests that wait here would ask the same.
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a bucket: %w", ctx.Err())
	}
	if known, err := l.limit.fromMemory(s, amount, now); known {
		return err
	}
	return l.ask(ctx, s, key, amount)
}

// Wait is Spend for one token of a bucket that has none now but has one within a time.
func (l *Limiter[Key]) Wait(ctx context.Context, key Key, longest time.Duration) error {
	for end := l.now().Add(longest); ; {
		err := l.Spend(ctx, key, 1)
		var limited *LimitedError
		if !errors.As(err, &limited) || l.now().Add(limited.wait).After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(max(limited.wait, time.Millisecond)):
		}
	}
}

// fromMemory spends tokens in memory, or refuses an amount that the database has just refused. known is false when only
// the database can decide.
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

// ask takes the missing tokens from the database, and a share for later requests if there is one. No other request asks
// for this bucket at the same time. No token is spent twice, since the tokens in memory are taken out first.
func (l *Limiter[Key]) ask(ctx context.Context, s *state, key Key, amount int64) error {
	s.mu.Lock()
	held := s.tokens
	s.tokens = 0
	s.mu.Unlock()
	now, needed := l.now(), min(amount-held, l.limit.Capacity)
	for _, wanted := range []int64{max(needed, l.share), needed} {
		taken, err := l.take(ctx, key, postgres.TakeRequest{
			AmountMicro:    wanted * micro,
			CapacityMicro:  l.limit.Capacity * micro,
			MicroPerSecond: l.limit.MicroPerSecond,
			At:             now,
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
	// The content of the bucket is unknown, so this is the longest time.
	wait := l.limit.fill(needed)
	s.lacking, s.askAt, s.fullAt = needed, now.Add(min(wait, time.Second)), now.Add(wait)
	return &LimitedError{wait}
}

func (s *state) add(tokens int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens += tokens
}

// Empty returns a *LimitedError when the database has just refused the bucket of a key. It runs no statement.
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
		if len(l.states) >= maxStates {
			clear(l.states)
		}
		s = &state{asking: make(chan struct{}, 1)}
		l.states[key] = s
	}
	return s
}
