package main

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// series is one figure, measured several times.
type series []float64

func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

// String returns the median with the least and the greatest value.
func (s series) String() string {
	if len(s) == 0 {
		return "–"
	}
	if len(s) == 1 {
		return figure(s[0])
	}
	return fmt.Sprintf("%s (%s–%s)", figure(s.median()), figure(slices.Min(s)), figure(slices.Max(s)))
}

// figure formats a number with about three digits.
func figure(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// ratios divides turn by turn, which reduces the influence of other load on the machine.
func ratios(of, by series) series {
	var all series
	for i := range min(len(of), len(by)) {
		if by[i] > 0 {
			all = append(all, of[i]/by[i])
		}
	}
	return all
}

// callers lets n callers repeat a function for a time. It returns the rate per second and all latencies.
func callers(
	n int, slice time.Duration, one func(caller, turn int) error,
) (perSecond float64, took []time.Duration, err error) {
	var (
		group  sync.WaitGroup
		done   atomic.Int64
		failed = make(chan error, n)
		each   = make([][]time.Duration, n)
	)
	began := time.Now()
	end := began.Add(slice)
	for i := range n {
		group.Go(func() {
			last := time.Now()
			// An even number of turns returns each workflow to its first state.
			for turn := 0; last.Before(end) || turn%2 == 1; turn++ {
				if err := one(i, turn); err != nil {
					failed <- err
					return
				}
				now := time.Now()
				each[i] = append(each[i], now.Sub(last))
				last = now
			}
			done.Add(int64(len(each[i])))
		})
	}
	group.Wait()
	if len(failed) > 0 {
		return 0, nil, <-failed
	}
	return float64(done.Load()) / time.Since(began).Seconds(), slices.Concat(each...), nil
}

// quantile returns a percentile in milliseconds.
func quantile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(took), cmp.Compare[time.Duration])
	return milliseconds(sorted[min(len(sorted)*percent/100, len(sorted)-1)])
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
