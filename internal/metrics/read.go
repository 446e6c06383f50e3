package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/infin8content/engine/internal/fair"
)

const (
	// freshness is how long a figure of the database is reused, so that frequent scrapes cost the database little.
	freshness = 15 * time.Second
	// askTime bounds the read of a figure.
	askTime = 2 * time.Second
)

// reading is a collector that reads its figures during a scrape.
type reading struct {
	collect func(chan<- prometheus.Metric)
	descs   []*prometheus.Desc
}

// Describe implements prometheus.Collector.
func (r reading) Describe(to chan<- *prometheus.Desc) {
	for _, d := range r.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (r reading) Collect(to chan<- prometheus.Metric) { r.collect(to) }

// Pool is a pool of connections with the name in its series.
type Pool struct {
	Name string
	Stat func() *pgxpool.Stat
}

// Pools adds the pools of this server. It may be called once.
func (m *Metrics) Pools(pools ...Pool) {
	descs := []*prometheus.Desc{
		m.poolConnections, m.poolMost, m.poolAcquires, m.poolWaits, m.poolWaited, m.poolCancelled,
	}
	m.registry.MustRegister(reading{func(out chan<- prometheus.Metric) {
		for _, p := range pools {
			stat := p.Stat()
			out <- gauge(m.poolConnections, float64(stat.AcquiredConns()), p.Name, "acquired")
			out <- gauge(m.poolConnections, float64(stat.IdleConns()), p.Name, "idle")
			out <- gauge(m.poolConnections, float64(stat.ConstructingConns()), p.Name, "constructing")
			out <- gauge(m.poolMost, float64(stat.MaxConns()), p.Name)
			out <- counter(m.poolAcquires, float64(stat.AcquireCount()), p.Name)
			out <- counter(m.poolWaits, float64(stat.EmptyAcquireCount()), p.Name)
			out <- counter(m.poolWaited, stat.EmptyAcquireWaitTime().Seconds(), p.Name)
			out <- counter(m.poolCancelled, float64(stat.CanceledAcquireCount()), p.Name)
		}
	}, descs})
}

// Places adds the figures of the queues and counts that share a server, by kind of place. It may be called once.
func (m *Metrics) Places(kinds map[string]func() fair.Figures) {
	descs := []*prometheus.Desc{m.placesTaken, m.placesWaiting, m.placesWaited, m.placesWaitTime, m.placesRefused}
	m.registry.MustRegister(reading{func(out chan<- prometheus.Metric) {
		for kind, figures := range kinds {
			f := figures()
			out <- gauge(m.placesTaken, float64(f.Running), kind)
			out <- gauge(m.placesWaiting, float64(f.Waiting), kind)
			out <- counter(m.placesWaited, float64(f.Waited), kind)
			out <- counter(m.placesWaitTime, f.TotalWait.Seconds(), kind)
			out <- counter(m.placesRefused, float64(f.Refused), kind)
		}
	}, descs})
}

// Live adds the figures of subscriptions.
func (m *Metrics) Live(subscriptions, resyncs func() int64) {
	m.registry.MustRegister(reading{func(out chan<- prometheus.Metric) {
		out <- gauge(m.subscriptions, float64(subscriptions()))
		out <- counter(m.resyncs, float64(resyncs()))
	}, []*prometheus.Desc{m.subscriptions, m.resyncs}})
}

// Backlog is the queue in the database.
type Backlog struct {
	// Jobs has the jobs in the queue by state. Oldest is the waiting time of the oldest available job.
	Jobs   map[string]int64
	Oldest time.Duration
}

// Queue adds the queue. read is called at most every 15 seconds.
func (m *Metrics) Queue(read func(context.Context) (Backlog, error)) {
	source := remembered[Backlog]{read: read, failed: m.unread.WithLabelValues("queue")}
	m.registry.MustRegister(reading{func(out chan<- prometheus.Metric) {
		if backlog, ok := source.get(); ok {
			for state, jobs := range backlog.Jobs {
				out <- gauge(m.queueJobs, float64(jobs), state)
			}
			out <- gauge(m.queueOldest, backlog.Oldest.Seconds())
		}
	}, []*prometheus.Desc{m.queueJobs, m.queueOldest}})
}

// Unknown adds the calls whose outcome is unknown. read is called at most every 15 seconds.
func (m *Metrics) Unknown(read func(context.Context) (int64, error)) {
	source := remembered[int64]{read: read, failed: m.unread.WithLabelValues("unknown_outcomes")}
	m.registry.MustRegister(reading{func(out chan<- prometheus.Metric) {
		if open, ok := source.get(); ok {
			out <- gauge(m.unknownOpen, float64(open))
		}
	}, []*prometheus.Desc{m.unknownOpen}})
}

// remembered reads a figure and keeps it for a while; it keeps an error too.
type remembered[T any] struct {
	read   func(context.Context) (T, error)
	failed prometheus.Counter

	mu    sync.Mutex
	value T
	known bool
	until time.Time
}

// get returns the figure, and whether there is one. Simultaneous scrapes wait for one read.
func (r *remembered[T]) get() (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.After(r.until) {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		var err error
		if r.value, err = r.read(ctx); err != nil {
			r.failed.Inc()
		}
		r.known, r.until = err == nil, now.Add(freshness)
	}
	return r.value, r.known
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}
