// Package engine acts: it is the only package that changes a workflow or spends money. Each verb checks the rules,
// writes the change and its record in one statement or one transaction, and says what happened. It speaks to no model
// and no client, and holds no transaction open while anybody else answers.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	random "math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Jobs wakes workers. It is told within the transaction that makes the work necessary, so that one cannot be without
// the other. It is not the truth: a job that comes too often finds nothing to do.
type Jobs interface {
	// Drive asks for a worker to drive the workflow, not before the given time.
	Drive(ctx context.Context, tx postgres.Tx, organization, flow uuid.UUID, at time.Time) error
	// Deliver asks for a worker to tell an organization's webhook of an alert, not before the given time.
	Deliver(ctx context.Context, tx postgres.Tx, organization, alert uuid.UUID, at time.Time) error
}

// Options are the engine's neighbours and numbers.
type Options struct {
	Store *postgres.Store
	Jobs  Jobs
	// Drives are the automatic steps that workers of ours execute; the others are driven from outside.
	Drives []workflow.StepKey
	// WorkflowLimit and MonthLimit are what an organization begins with.
	WorkflowLimit, MonthLimit cost.Pico
	// Lease is how long a run may be silent. 30 s when zero.
	Lease time.Duration
	// SweptAtOnce is how many calls one round of SweepCalls takes and asks about side by side. 20 when zero.
	SweptAtOnce int32
	// Observe is told of each verb that changes something: of its beginning, by the verb's name, and of its end. What it
	// returns is the context that the verb goes on with. Nobody is told when nil.
	Observe func(ctx context.Context, verb string) (context.Context, func(err error))
	// Now and NewID default to the system's clock and to version 7 UUIDs.
	Now   func() time.Time
	NewID func() uuid.UUID
	// Random is where the secrets of API keys come from; crypto/rand's when nil.
	Random io.Reader
	// Jitter returns a number in [0, 1) for the pause before a retry; math/rand's when nil.
	Jitter func() float64
	// Webhook is what this server knows of webhooks. Without it none can be set here.
	Webhook Webhook
	// AlertPause is the pause after the first failure to deliver an alert; it doubles. 5 s when zero.
	AlertPause time.Duration
}

// Engine acts on behalf of a caller.
type Engine struct {
	store                     *postgres.Store
	jobs                      Jobs
	drives                    map[workflow.StepKey]bool
	workflowLimit, monthLimit cost.Limit
	lease                     time.Duration
	sweptAtOnce               int32
	clock                     func() time.Time
	newID                     func() uuid.UUID
	random                    io.Reader
	jitter                    func() float64
	webhook                   Webhook
	alertPause                time.Duration
	known                     organizations
	observe                   func(context.Context, string) (context.Context, func(error))
	keys                      apiKeyUse
}

// wakeAfter is how long a workflow may wait for the worker that was asked for it before a sweeper asks again.
const wakeAfter = 30 * time.Second

// New returns an engine. Store and Jobs are required.
func New(o Options) (*Engine, error) {
	if o.Store == nil || o.Jobs == nil {
		return nil, errors.New("an engine needs a store and jobs")
	}
	e := &Engine{
		store:         o.Store,
		jobs:          o.Jobs,
		drives:        map[workflow.StepKey]bool{},
		lease:         o.Lease,
		workflowLimit: cost.Limit(o.WorkflowLimit),
		monthLimit:    cost.Limit(o.MonthLimit),
		clock:         o.Now,
		newID:         o.NewID,
		jitter:        o.Jitter,
		observe:       o.Observe,
		random:        o.Random,
		webhook:       o.Webhook,
		alertPause:    o.AlertPause,
	}
	for _, k := range o.Drives {
		e.drives[k] = true
	}
	if e.lease == 0 {
		e.lease = 30 * time.Second
	}
	if e.alertPause == 0 {
		e.alertPause = 5 * time.Second
	}
	if e.sweptAtOnce = o.SweptAtOnce; e.sweptAtOnce == 0 {
		e.sweptAtOnce = callsSwept
	}
	if e.clock == nil {
		e.clock = time.Now
	}
	if e.newID == nil {
		e.newID = func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	}
	if e.jitter == nil {
		e.jitter = random.Float64
	}
	if e.random == nil {
		e.random = rand.Reader
	}
	return e, nil
}

// now is the time as the database keeps it: in whole microseconds, so that what is returned is what was written.
func (e *Engine) now() time.Time { return e.clock().UTC().Truncate(time.Microsecond) }
