package metrics

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// The rate-limit buckets.
const (
	Cost   = "cost"
	Logins = "logins"
)

const (
	succeeded = "OK"
	failed    = "FAILED"
)

// sweeps maps the verbs of sweepers to the things that they sweep.
var sweeps = map[string]string{"SweepRuns": "runs", "SweepCalls": "calls"}

// The events of money.
const (
	held         = "held"
	settled      = "settled"
	released     = "released"
	assumed      = "assumed"
	recorded     = "recorded"
	adjustedUp   = "adjusted_up"
	adjustedDown = "adjusted_down"
)

var events = []string{held, settled, released, assumed, recorded, adjustedUp, adjustedDown}

// Request counts an answered request.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	if status != http.StatusSwitchingProtocols {
		m.requestDuration.WithLabelValues(route).Observe(took.Seconds())
	}
	if status == http.StatusUnauthorized {
		m.SignInFailed()
	}
}

// Response counts an answer to an operation. took is 0 when there is no duration.
func (m *Metrics) Response(kind, code string, took time.Duration) {
	if code == "" {
		code = succeeded
	}
	m.responses.WithLabelValues(kind, code).Inc()
	if took > 0 {
		m.responseDuration.WithLabelValues(kind).Observe(took.Seconds())
	}
}

// SignInFailed counts a failed sign-in without an answer of status 401. Request counts the others.
func (m *Metrics) SignInFailed() { m.signInFailures.Inc() }

// Limited counts the error of an empty bucket, and no other error.
func (m *Metrics) Limited(bucket string, err error) {
	if err != nil && fault.KindOf(err) == fault.RateLimited {
		m.limited.WithLabelValues(bucket).Inc()
	}
}

// Verb counts the outcome of a verb of the engine. It does not count a verb whose client stopped waiting.
func (m *Metrics) Verb(verb string, err error) {
	sweep, sweeps := sweeps[verb]
	kind := fault.KindOf(err)
	switch {
	case err != nil && errors.Is(err, context.Canceled):
	case err == nil && sweeps:
		m.rounds.WithLabelValues(sweep, succeeded).Inc()
	case err == nil:
	case kind != fault.Internal && kind != fault.Unavailable:
		m.refusals.WithLabelValues(verb, string(kind)).Inc()
	default:
		m.verbFailures.WithLabelValues(verb).Inc()
		if sweeps {
			m.rounds.WithLabelValues(sweep, failed).Inc()
		}
	}
}

// Model counts a request to a model.
func (m *Metrics) Model(model, outcome string, took time.Duration) {
	m.modelDuration.WithLabelValues(model, outcome).Observe(took.Seconds())
}

// Changed counts committed changes. It does not block.
func (m *Metrics) Changed(changes []postgres.Change) {
	for _, c := range changes {
		switch {
		case c.CallUnknown:
			m.unknown.Inc()
		case c.Ledger:
			m.booked(c.Entry)
		case c.Unit, c.Batch: // They are no transitions.
		default:
			m.moved(c.Transition)
		}
	}
}

func (m *Metrics) moved(made postgres.CommittedTransition) {
	from := string(made.From)
	if from == "" {
		from = none
	}
	m.transitions.WithLabelValues(from, string(made.To)).Inc()
	if made.Failure != "" {
		m.runFailures.WithLabelValues(string(made.Step), string(made.Failure)).Inc()
	}
}

// booked counts an entry. Amounts are whole picodollars, which Prometheus' client adds as integers. A scrape is exact
// up to 2⁵³, some 9 007 dollars, and has 16 digits beyond.
func (m *Metrics) booked(made postgres.CommittedEntry) {
	event, amount := eventOf(made)
	if event == "" {
		return
	}
	m.moneyEvents.WithLabelValues(event).Inc()
	m.moneyAmount.WithLabelValues(event).Add(float64(amount))
	if made.Overage && made.Kind == cost.EntrySettle {
		m.overages.Inc()
		// The amount of the hold is the negative of its change.
		m.overageAmount.Add(float64(max(0, made.Delta.Settled+made.Delta.Held)))
	}
}

// eventOf returns the event of an entry and its amount; "" for an entry that moves no money, such as a limit.
func eventOf(made postgres.CommittedEntry) (event string, amount cost.Pico) {
	switch delta := made.Delta; made.Kind {
	case cost.EntryReserve:
		return held, delta.Held
	case cost.EntrySettle:
		return settled, delta.Settled
	case cost.EntryRelease:
		return released, -delta.Held
	case cost.EntryAssume:
		return assumed, delta.Settled
	case cost.EntryRecord:
		return recorded, delta.Settled
	case cost.EntryAdjust:
		if delta.Settled < 0 {
			return adjustedDown, -delta.Settled
		}
		return adjustedUp, delta.Settled
	}
	return "", 0
}
