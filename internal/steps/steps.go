// Package steps executes the automatic steps: one file per step with its prompt and the check of its answer.
// attempt.go has the common part, from the hold to the end of the run.
//
// It decides neither on transitions nor on budgets and retries, which are the engine's. It books every cost.
package steps

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// Executor executes one automatic step.
type Executor interface {
	// Key returns the step.
	Key() workflow.StepKey
	// Run makes one attempt for a claimed run. It returns nil when the run has ended in the journal or is lost. An error
	// means that the database did not take the end: the run then ends with its lease, and the hold remains until the
	// look-up of the generation.
	//
	// The end of the context ends the attempt. Its cause is ErrLost when the run is no longer the worker's. Any other
	// cause, such as ErrShutdown, returns the run to other workers. The money is booked in all cases.
	Run(ctx context.Context, who caller.Caller, flow workflow.Workflow, run workflow.Run) error
}

// UnitExecutor works on the units of a step.
type UnitExecutor interface {
	// Key returns the step.
	Key() workflow.StepKey
	// RunUnit makes one attempt at a claimed unit. Its contract is that of Executor.Run.
	RunUnit(ctx context.Context, who caller.Caller, flow workflow.Workflow, unit workflow.Unit) error
}

// The causes of a context that ends an attempt.
var (
	// ErrLost means that the run is over: cancelled, swept, or taken by another worker.
	ErrLost = errors.New("the run is lost")
	// ErrShutdown means that this server stops.
	ErrShutdown = errors.New("the server is shutting down")
)

// DefaultLimit is the longest request to a model.
const DefaultLimit = 300 * time.Second

// bookingTimeout is the longest time for one booking, unless the options have another one.
const bookingTimeout = 10 * time.Second

// Options configure the steps.
type Options struct {
	Engine  *engine.Engine
	Gateway Gateway
	// Search is the source of search data; nil for none.
	Search *Search
	// Models are asked by the steps.
	Models workflow.Models
	// EmbeddingModel compares keywords by their meaning. Without one keywords are compared by their letters.
	EmbeddingModel string
	// Crawler reads websites; nil when this server reads none.
	Crawler *crawl.Crawler
	// Sites are where articles are published; nil when this server publishes nowhere.
	Sites *Sites
	// Looks are the times after a lost answer at which a site is asked for a post; DefaultLooks when empty.
	Looks []time.Duration
	// Limit is the longest request to a model. DefaultLimit when zero.
	Limit time.Duration
	// Booking is the longest time for one booking; 10 s when zero.
	Booking time.Duration
	// Pause waits before a booking is repeated, at most until the end of the context. It sleeps when nil.
	Pause func(ctx context.Context, d time.Duration)
	// Now is the engine's clock, for the validity of prices.
	Now    func() time.Time
	Logger *slog.Logger
	// Observe is called at the beginning of each request to a model. It returns the context of the request, and a function
	// that is called at its end. It may be nil.
	Observe func(ctx context.Context) (context.Context, func(Asked))
}

// Asked is the outcome of a request to a model.
type Asked struct {
	// Model is the answering model by its priced name, the first requested one when none answered, or "other" for a model
	// that was not requested.
	Model string
	// Outcome is "ANSWERED" or the class of the failure.
	Outcome string
}

// New returns the executors of the steps that the program drives itself.
func New(o Options) []Executor {
	o = o.withDefaults()
	all := []Executor{
		&icp{options: o}, &competitor{options: o}, &clustering{options: o}, &validation{options: o}, &article{options: o},
	}
	if o.Sites != nil {
		run, _ := NewPublishing(PublishOptions{Options: o})
		all = append(all, run)
	}
	return all
}

// NewUnits returns the executors of the units of steps.
func NewUnits(o Options) []UnitExecutor {
	all := []UnitExecutor{&article{options: o.withDefaults()}}
	if o.Sites != nil {
		_, unit := NewPublishing(PublishOptions{Options: o})
		all = append(all, unit)
	}
	return all
}

func (o Options) withDefaults() Options {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Booking <= 0 {
		o.Booking = bookingTimeout
	}
	if o.Pause == nil {
		o.Pause = sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if len(o.Looks) == 0 {
		o.Looks = DefaultLooks()
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Keys returns the steps of the executors of New, of a server that publishes.
func Keys() []workflow.StepKey {
	return []workflow.StepKey{
		workflow.StepICP, workflow.StepCompetitor, workflow.StepClustering, workflow.StepValidation, workflow.StepArticle,
		workflow.StepPublish,
	}
}
