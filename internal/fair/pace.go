package fair

import (
	"context"
	"sync"
	"time"
)

const (
	// burstOfPace is how far the entries of a key may be ahead of its pace.
	burstOfPace = 200 * time.Millisecond
	// quietOfPace is the time without an entry of another key after which a key has no pace.
	quietOfPace = time.Second
)

// Pace spreads the entries of each key over time while there are entries of other keys. After a burst at once they
// follow each other at a fixed distance.
type Pace[Key comparable] struct {
	distance, longest time.Duration
	now               func() time.Time

	mu sync.Mutex
	// next is when an entry of a key would go on without a burst.
	next    map[Key]time.Time
	newest  arrival[Key]
	figures Figures
}

// NewPace returns a pace of so many entries of a key in a second, of which none waits longer than longest. With 0 in a
// second none waits.
func NewPace[Key comparable](perSecond int, longest time.Duration, now func() time.Time) *Pace[Key] {
	p := &Pace[Key]{longest: longest, now: now, next: map[Key]time.Time{}}
	if perSecond > 0 {
		p.distance = time.Second / time.Duration(perSecond)
	}
	return p
}

// Wait waits until an entry may go on. The error is a *CrowdedError when that would take too long, else the cause of
// the context's end. An entry with an error takes no turn.
func (p *Pace[Key]) Wait(ctx context.Context, key Key) error {
	wait, err := p.take(key)
	if err != nil || wait <= 0 {
		return err
	}
	began := p.now()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.end(key, p.now().Sub(began), 0)
		return nil
	case <-ctx.Done():
		p.end(key, p.now().Sub(began), p.distance)
		return context.Cause(ctx)
	}
}

// take returns how long the next entry of a key waits. If it waits, end must be called after that.
func (p *Pace[Key]) take(key Key) (time.Duration, error) {
	if p.distance == 0 {
		return 0, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.newest.arrive(key, now)
	if now.Sub(p.newest.other) >= quietOfPace {
		return 0, nil
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
	wait := max(next.Sub(now)-burstOfPace, 0)
	if wait > p.longest {
		p.figures.Refused++
		return 0, &CrowdedError{}
	}
	p.next[key] = next.Add(p.distance)
	if wait > 0 {
		p.figures.Waiting++
		p.figures.Waited++
	}
	return wait, nil
}

// end counts an entry that no longer waits. An entry that has not gone on gives its turn to those that come later.
func (p *Pace[Key]) end(key Key, waited, unused time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.figures.Waiting--
	p.figures.TotalWait += waited
	p.next[key] = p.next[key].Add(-unused)
}

// Figures returns how many entries wait, how many had to wait for how long, and how many were refused.
func (p *Pace[Key]) Figures() Figures {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.figures
}
