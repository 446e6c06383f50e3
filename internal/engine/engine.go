// Package engine is the only package that changes a workflow or spends money. Each verb checks the rules, writes the
// change and its record in one statement or one transaction, and returns the result. It calls no provider and no
// client, and keeps no transaction open while another system answers.
package engine

import (
	"cmp"
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

// Jobs inserts jobs for workers, within the transaction that makes the work necessary. The journal decides what is to
// be done: a job that comes twice finds nothing to do.
type Jobs interface {
	// Drive inserts a job that drives the workflow from a time on.
	Drive(ctx context.Context, tx postgres.Tx, organization, flow uuid.UUID, at time.Time) error
	// Unit inserts a job that works on a unit from a time on.
	Unit(ctx context.Context, tx postgres.Tx, unit workflow.Unit, at time.Time) error
	// Deliver inserts a job that sends an alert to the organization's webhook from a time on.
	Deliver(ctx context.Context, tx postgres.Tx, organization, alert uuid.UUID, at time.Time) error
	// CheckTarget inserts a job that tries a publish target from a time on.
	CheckTarget(ctx context.Context, tx postgres.Tx, organization, target uuid.UUID, at time.Time) error
	// Batch inserts a job that changes the workflows of a batch from a time on.
	Batch(ctx context.Context, tx postgres.Tx, organization, batch uuid.UUID, at time.Time) error
	// Verify inserts a job that works on a verification of an organization from a time on.
	Verify(ctx context.Context, tx postgres.Tx, organization, verification uuid.UUID, at time.Time) error
	// Unpublish inserts a job that takes the post of a publication from its readers from a time on.
	Unpublish(ctx context.Context, tx postgres.Tx, organization, publication uuid.UUID, at time.Time) error
}

// Options are the dependencies and numbers of an engine.
type Options struct {
	Store *postgres.Store
	Jobs  Jobs
	// Drives are the automatic steps that workers of this program execute. External programs drive the others.
	Drives []workflow.StepKey
	// WorkflowLimit and MonthLimit are the limits of a new organization.
	WorkflowLimit, MonthLimit cost.Pico
	// ArticleCap is the most that one article may cost; cost.DefaultArticleCap when zero.
	ArticleCap cost.Pico
	// Models are asked by the steps. Research is where the evidence of articles comes from; SITE_ONLY when empty. Only
	// forecasts use them.
	Models   workflow.Models
	Research cost.ResearchMode
	// Lease is the time without a heartbeat after which a run is over. 30 s when zero.
	Lease time.Duration
	// Units limits the units that run at once.
	Units UnitLimits
	// SweptAtOnce limits the calls that one round of SweepCalls claims and looks up in parallel. 20 when zero.
	SweptAtOnce int32
	// BookedTogether is the most calls that one transaction reserves or settles. 64 when zero; with 1 no call waits for
	// another one in this program.
	BookedTogether int
	// Observe is called at the start of each verb that changes something, with its name. It returns the context of the
	// verb, and a function that is called at its end. Nil observes nothing.
	Observe func(ctx context.Context, verb string) (context.Context, func(err error))
	// Now and NewID default to the system's clock and to version 7 UUIDs.
	Now   func() time.Time
	NewID func() uuid.UUID
	// Random is the source of the secrets of API keys; crypto/rand when nil.
	Random io.Reader
	// Jitter returns a number in [0, 1) for the pause before a retry; math/rand's when nil.
	Jitter func() float64
	// Webhook checks addresses and derives secrets. Without it no webhook can be set on this server.
	Webhook Webhook
	// Targets checks addresses and seals secrets. Without it only targets of the kind FILE can be made on this server.
	Targets Targets
	// AlertPause is the pause after the first failure to deliver an alert; it doubles. 5 s when zero.
	AlertPause time.Duration
}

// Engine acts on behalf of a caller.
type Engine struct {
	store                     *postgres.Store
	jobs                      Jobs
	drives                    map[workflow.StepKey]bool
	workflowLimit, monthLimit cost.Limit
	articleCap                cost.Pico
	models                    workflow.Models
	research                  cost.ResearchMode
	lease                     time.Duration
	unitLimits                UnitLimits
	sweptAtOnce               int32
	clock                     func() time.Time
	newID                     func() uuid.UUID
	random                    io.Reader
	jitter                    func() float64
	webhook                   Webhook
	targets                   Targets
	alertPause                time.Duration
	known                     organizations
	observe                   func(context.Context, string) (context.Context, func(error))
	keys                      apiKeyUse
	bookings                  bookingQueue
}

// wakeAfter is the time after which a sweeper inserts a second job for a workflow that no worker has taken.
const wakeAfter = 30 * time.Second

// restAfter is the time after which a sweeper looks again at a workflow that waits for a program outside.
const restAfter = 10 * time.Minute

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
		unitLimits:    o.Units.withDefaults(),
		workflowLimit: cost.Limit(o.WorkflowLimit),
		monthLimit:    cost.Limit(o.MonthLimit),
		articleCap:    cmp.Or(o.ArticleCap, cost.DefaultArticleCap),
		models:        o.Models,
		research:      cmp.Or(o.Research, cost.ResearchSiteOnly),
		clock:         o.Now,
		newID:         o.NewID,
		jitter:        o.Jitter,
		observe:       o.Observe,
		random:        o.Random,
		webhook:       o.Webhook,
		targets:       o.Targets,
		alertPause:    o.AlertPause,
		bookings:      bookingQueue{store: o.Store, most: cmp.Or(o.BookedTogether, 64)},
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

// now returns the time in whole microseconds, as the database stores it.
func (e *Engine) now() time.Time { return e.clock().UTC().Truncate(time.Microsecond) }
