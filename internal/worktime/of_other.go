//go:build !linux

package worktime

import "time"

// Of returns the time that the work takes by the clock, because only Linux counts the time of one thread.
func Of(work func()) time.Duration {
	began := time.Now()
	work()
	return time.Since(began)
}
