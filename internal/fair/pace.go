package fair

import (
	"context"
	"sync"
	"time"
)

const (
	// burstOfPace is the time of which the entries go on at once.
	burstOfPace = 200 * time.Millisecond
	// lonely is the time without an entry of another key after which a key has no pace.
	lonely = time.Second
)

// Pace spreads the entries of each key over time while there are entries of other keys. After a burst at once they
// follow each other at a fixed distance. No entry is refused, so the caller limits how many wait.
type Pace[Key comparable] struct {
	distance time.Duration
	now      func() time.Time

	mu sync.Mutex
	// next is when an entry of a key would go on without a burst.
	next    map[Key]time.Time
	newest  arrival[Key]
	figures Figures
}

// NewPace returns a pace of so many entries of a key in a second. With 0 in a second none waits.
func NewPace[Key comparable](perSecond int, now func() time.Time) *Pace[Key] {
	p := &Pace[Key]{now: now, next: map[Key]time.Time{}}
	if perSecond > 0 {
		p.distance = time.Second / time.Duration(perSecond)
	}
	return p
}

// Wait waits until an entry may go on, and returns the cause when the context ends before.
func (p *Pace[Key]) Wait(ctx context.Context, key Key) error {
	wait := p.take(key)
	if wait <= 0 {
		return nil
	}
	defer p.end()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take returns how long the next entry of a key waits. If it waits, end must be called after that.
func (p *Pace[Key]) take(key Key) time.Duration {
	if p.distance == 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.newest.arrive(key, now)
	if now.Sub(p.newest.other) >= lonely {
		return 0
	}
	next, known := p.next[key]
	if !known && len(p.next) >= maxKeys {
		for other, at := range p.next {
			if at.Before(now) {
				delete(p.next, other)
			}
		}
	}
	if next.Before(now) {
		next = now
	}
	p.next[key] = next.Add(p.distance)
	wait := max(next.Sub(now)-burstOfPace, 0)
	if wait > 0 {
		p.figures.Waiting++
		p.figures.Waited++
		p.figures.TotalWait += wait
	}
	return wait
}

// end counts an entry that no longer waits.
func (p *Pace[Key]) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.figures.Waiting--
}

// Figures returns how many entries wait, and how many had to wait for how long since the beginning.
func (p *Pace[Key]) Figures() Figures {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.figures
}
