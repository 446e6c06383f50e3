package issuer

import "time"

// SetFetchTime sets the longest time that a fetch may take.
func (i *Issuer) SetFetchTime(to time.Duration) { i.fetchTime = to }

// Settle waits until no fetch is under way.
func (i *Issuer) Settle() {
	i.mu.Lock()
	f := i.flight
	i.mu.Unlock()
	if f != nil {
		<-f.landed
	}
}
