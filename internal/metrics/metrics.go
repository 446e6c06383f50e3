// Package metrics turns the events of other packages into Prometheus metrics and serves them. It is the only package
// that imports Prometheus; others call functions that they were given.
//
// It counts only committed changes. No label has a value that a client, a provider or the data chooses, such as an
// organization, workflow, actor, operation name or error text. So the number of series is bounded.
package metrics

import (
	"cmp"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/infin8content/engine/internal/workflow"
)

// Metrics are the counters of one server.
type Metrics struct {
	registry  *prometheus.Registry
	catalogue []Described

	requests, responses, refusals, verbFailures        *prometheus.CounterVec
	transitions, runFailures, moneyEvents, moneyAmount *prometheus.CounterVec
	rounds, limited, unread                            *prometheus.CounterVec
	overages, overageAmount, unknown, signInFailures   prometheus.Counter
	requestDuration, responseDuration, modelDuration   *prometheus.HistogramVec
	poolConnections, poolMost, poolAcquires, poolWaits *prometheus.Desc
	poolWaited, poolCancelled, queueJobs, queueOldest  *prometheus.Desc
	unknownOpen, subscriptions, resyncs, build         *prometheus.Desc
	placesTaken, placesWaiting, placesWaited           *prometheus.Desc
	placesRefused, placesWaitTime                      *prometheus.Desc
}

// Described describes one metric for the documentation.
type Described struct {
	Name, Kind string
	Labels     []string
	Help       string
}

// none is the label of a missing value: a workflow's first row comes from no state.
const none = "NONE"

// Buckets in seconds: quick for the work of this server, slow for requests to models, up to the longest attempt.
var (
	quick = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}
	slow  = []float64{.1, .25, .5, 1, 2, 5, 10, 20, 40, 80, 160, 300}
)

// New returns metrics with the value zero, of a program of a version. Without one it is that of the build.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.front()
	m.engine()
	m.describe()
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.info(version)
	return m
}

// front declares the metrics of requests.
func (m *Metrics) front() {
	m.requests = m.counters("infin8_http_requests_total",
		"Answered requests.", "route", "method", "status")
	m.requestDuration = m.histograms("infin8_http_request_duration_seconds",
		"Time from the first byte of a request to the last byte of its answer. Excludes websockets.", quick, "route")
	m.responses = m.counters("infin8_graphql_responses_total",
		"Answers to GraphQL operations by type of operation and code of the first error, OK without one. A subscription "+
			"has an answer per event. The type is none when the operation could not be parsed.",
		"type", "code")
	m.responseDuration = m.histograms("infin8_graphql_duration_seconds",
		"Duration of queries and mutations.", quick, "type")
	m.signInFailures = m.counter("infin8_sign_in_failures_total",
		"Requests and websockets with a missing or invalid token or key.")
	m.limited = m.counters("infin8_rate_limited_total",
		"Refusals because of an empty bucket: complexity of an organization's operations, or failed sign-ins of an address.",
		"bucket")
	for _, bucket := range []string{Cost, Logins} {
		m.limited.WithLabelValues(bucket)
	}
}

// engine declares the metrics of workflows, money, models and workers.
func (m *Metrics) engine() {
	m.transitions = m.counters("infin8_transitions_total",
		"Transitions committed by this server, by edge. The creation of a workflow comes from "+none+".", "from", "to")
	m.transitions.WithLabelValues(none, string(workflow.Created))
	for _, edge := range workflow.Edges() {
		m.transitions.WithLabelValues(string(edge.From), string(edge.To))
	}
	m.runFailures = m.counters("infin8_run_failures_total",
		"Attempts at a step without a result, by step and reason. MODEL_DRIFT: a model answered that was not requested.",
		"step", "code")
	m.refusals = m.counters("infin8_refusals_total",
		"Requests that the engine refused, by verb and reason.", "verb", "reason")
	m.verbFailures = m.counters("infin8_verb_failures_total",
		"Requests that failed because of the database or an internal error, by verb.", "verb")
	m.moneyEvents = m.counters("infin8_money_events_total",
		"Ledger entries of workflows committed by this server. A call counts once for its hold and once for its outcome.",
		"event")
	m.moneyAmount = m.counters("infin8_money_picodollars_total",
		"Money of these ledger entries, in 10^-12 USD.", "event")
	for _, event := range events {
		m.moneyEvents.WithLabelValues(event)
		m.moneyAmount.WithLabelValues(event)
	}
	m.overages = m.counter("infin8_overages_total",
		"Calls that cost more than their holds.")
	m.overageAmount = m.counter("infin8_overage_picodollars_total",
		"Cost of calls above their holds, in 10^-12 USD.")
	m.unknown = m.counter("infin8_unknown_outcomes_total",
		"Calls whose outcome became unknown.")
	m.modelDuration = m.histograms("infin8_model_request_duration_seconds",
		"Time from a request to a model to the end of its answer, by model and outcome.", slow, "model", "outcome")
	m.rounds = m.counters("infin8_sweeper_rounds_total",
		"Rounds of this server's sweepers, by kind of sweep and outcome.", "sweep", "outcome")
	for _, sweep := range sweeps {
		m.rounds.WithLabelValues(sweep, succeeded)
		m.rounds.WithLabelValues(sweep, failed)
	}
	m.unread = m.counters("infin8_collection_failures_total",
		"Figures that a scrape could not read from the database, by source.", "source")
}

// describe declares the metrics that a scrape reads.
func (m *Metrics) describe() {
	gauge, counter := "gauge", "counter"
	m.poolConnections = m.read(gauge, "infin8_pool_connections",
		"Database connections by pool and state: acquired, idle or constructing.", "pool", "state")
	m.poolMost = m.read(gauge, "infin8_pool_connections_max",
		"Maximum number of connections of a pool.", "pool")
	m.poolAcquires = m.read(counter, "infin8_pool_acquires_total",
		"Connections acquired from a pool.", "pool")
	m.poolWaits = m.read(counter, "infin8_pool_acquire_waits_total",
		"Acquisitions that waited, because no connection was idle.", "pool")
	m.poolWaited = m.read(counter, "infin8_pool_acquire_wait_seconds_total",
		"Time spent waiting for connections.", "pool")
	m.poolCancelled = m.read(counter, "infin8_pool_acquires_cancelled_total",
		"Acquisitions cancelled while waiting.", "pool")
	m.queueJobs = m.read(gauge, "infin8_queue_jobs",
		"Jobs in the queue of all servers, by state. At most 15 seconds old.", "state")
	m.queueOldest = m.read(gauge, "infin8_queue_oldest_available_seconds",
		"Age of the oldest available job. At most 15 seconds old.")
	m.unknownOpen = m.read(gauge, "infin8_unknown_outcomes_open",
		"Calls whose outcome is unknown, of all organizations and servers. At most 15 seconds old.")
	m.subscriptions = m.read(gauge, "infin8_subscriptions_open",
		"Open subscriptions of this server.")
	m.resyncs = m.read(counter, "infin8_resyncs_total",
		"Resyncs after missed events. The restart of an organization's feed counts once for all its subscribers.")
	m.placesTaken = m.read(gauge, "infin8_places_taken",
		"Places that organizations or addresses hold now, by kind of place.", "kind")
	m.placesWaiting = m.read(gauge, "infin8_places_waiting",
		"Requests that wait for such a place now.", "kind")
	m.placesWaited = m.read(counter, "infin8_places_waits_total",
		"Requests that waited for a place.", "kind")
	m.placesWaitTime = m.read(counter, "infin8_places_wait_seconds_total",
		"Time spent waiting for a place.", "kind")
	m.placesRefused = m.read(counter, "infin8_places_refused_total",
		"Requests, connections or bodies that were refused because their organization or address held too many places.",
		"kind")
	m.build = m.read(gauge, "infin8_build_info",
		"Always 1, labelled with the versions of the program and of Go.", "version", "revision", "goversion")
}

// Described lists the metrics of this package by name. It leaves out those of the Go runtime and of the process.
func (m *Metrics) Described() []Described {
	return slices.SortedFunc(slices.Values(m.catalogue), func(a, b Described) int {
		return strings.Compare(a.Name, b.Name)
	})
}

// Handler answers scrapes. It leaves out a figure that cannot be read.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
		EnableOpenMetrics:   true,
	})
}

func (m *Metrics) note(kind, name, help string, labels []string) {
	m.catalogue = append(m.catalogue, Described{
		Name:   name,
		Kind:   kind,
		Labels: labels,
		Help:   help,
	})
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	m.note("counter", name, help, labels)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	return m.counters(name, help).WithLabelValues()
}

func (m *Metrics) histograms(
	name, help string, buckets []float64, labels ...string,
) *prometheus.HistogramVec {
	m.note("histogram", name, help, labels)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) read(kind, name, help string, labels ...string) *prometheus.Desc {
	m.note(kind, name, help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}

// info returns the versions of this program.
func (m *Metrics) info(version string) {
	revision, goVersion := "unknown", "unknown"
	if build, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = cmp.Or(version, build.Main.Version), build.GoVersion
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	version = cmp.Or(version, "unknown")
	m.registry.MustRegister(reading{func(out chan<- prometheus.Metric) {
		out <- prometheus.MustNewConstMetric(m.build, prometheus.GaugeValue, 1, version, revision, goVersion)
	}, []*prometheus.Desc{m.build}})
}
