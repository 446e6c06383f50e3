package issuer

import "time"

// Hurry shortens the longest that a fetch may take.
func (i *Issuer) Hurry(to time.Duration) { i.fetchTime = to }

// Settle waits until no fetch is under way.
func (i *Issuer) Settle() {
	i.mu.Lock()
	f := i.flight
	i.mu.Unlock()
	if f != nil {
		<-f.landed
	}
}
