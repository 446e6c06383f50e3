// Package steps works: one file per automatic step with its prompt, its call to a model and the check of the answer.
// What every step owes to money and to the journal is written once, in attempt.go.
//
// It refuses to decide. Whether a workflow may move, whether money is left and whether a failed step is tried again,
// the engine says; a step asks a model, hands over what came back, and never keeps a cost to itself.
package steps

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// Executor carries out one automatic step.
type Executor interface {
	// Key is the step.
	Key() workflow.StepKey
	// Run makes one attempt for a run that was taken, and returns when the run has its end in the journal or is lost:
	// both are nil. An error means that the database could not be told; the run then ends with its lease, and what a
	// model may have charged stays held until the provider has been asked.
	//
	// The context ends the attempt. Its cause says why: ErrLost when the run is not the worker's any more, anything
	// else, as ErrShutdown, when the worker must go and somebody else shall take over. Money is booked in all cases.
	Run(ctx context.Context, who caller.Caller, flow workflow.Workflow, run workflow.Run) error
}

// The causes that end an attempt from outside.
var (
	// ErrLost says that the run is over: cancelled, swept, or taken by somebody else.
	ErrLost = errors.New("the run is lost")
	// ErrShutdown says that this server stops.
	ErrShutdown = errors.New("the server is shutting down")
)

// DefaultLimit is the longest an attempt may wait for a model.
const DefaultLimit = 300 * time.Second

// bookkeeping is the longest that one entry into the books may take, also when the attempt is over.
const bookkeeping = 10 * time.Second

// Options are what the steps work with.
type Options struct {
	Engine  *engine.Engine
	Gateway Gateway
	// Limit bounds the request to the model in one attempt. DefaultLimit when zero.
	Limit time.Duration
	// Now is the clock that prices are valid by; it is the engine's.
	Now    func() time.Time
	Logger *slog.Logger
	// Observe is told of each request to a model: of its beginning, and of its end. What it returns is the context of the
	// request. Nobody is told when nil.
	Observe func(ctx context.Context) (context.Context, func(Asked))
}

// Asked says how a request to a model ended.
type Asked struct {
	// Model is the one that answered, by the name that it is asked and priced by; the first that was asked when nobody
	// answered; "other" when it was none of those.
	Model string
	// Outcome is "ANSWERED", or the class of what went wrong.
	Outcome string
}

// New returns the executors of all steps that workers of ours drive.
func New(o Options) []Executor {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return []Executor{&icp{options: o}}
}

// Keys returns the steps that New has executors for.
func Keys() []workflow.StepKey {
	return []workflow.StepKey{workflow.StepICP}
}
