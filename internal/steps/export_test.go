package steps

import (
	"context"
	"sync"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/workflow"
)

// NewReading returns the first step with another reader of its answers.
func NewReading(o Options, read func(string) ([]byte, error)) Executor {
	return &reading{New(o)[0].(*icp).options, read}
}

type reading struct {
	options Options
	read    func(string) ([]byte, error)
}

func (*reading) Key() workflow.StepKey { return workflow.StepICP }

func (s *reading) Run(ctx context.Context, who caller.Caller, flow workflow.Workflow, run workflow.Run) error {
	messages, err := icpMessages(flow.Company, "")
	if err != nil {
		return err
	}
	a := attempt{
		runner: runner{options: s.options, who: who, run: run},
		question: question{
			request: llm.Request{
				Models:    workflow.Models{}.Of(workflow.StepICP),
				Messages:  messages,
				MaxTokens: icpMaxTokens,
			},
			webSearches: icpWebSearches,
			read:        s.read,
		},
	}
	return a.carryOut(ctx)
}

// NewSearching returns a step that asks for search data, all at once, and then ends with a result of its own.
func NewSearching(o Options, requests []seo.Request, found func([]seo.Found)) Executor {
	return &searching{New(o)[0].(*icp).options, requests, found}
}

type searching struct {
	options  Options
	requests []seo.Request
	found    func([]seo.Found)
}

func (*searching) Key() workflow.StepKey { return workflow.StepCompetitor }

func (s *searching) Run(ctx context.Context, who caller.Caller, _ workflow.Workflow, run workflow.Run) error {
	r := runner{options: s.options, who: who, run: run}
	v, err := r.visit(ctx)
	if err != nil {
		return r.fail(ctx, err)
	}
	all := make([]seo.Found, len(s.requests))
	errs := make([]error, len(s.requests))
	var group sync.WaitGroup
	for i, request := range s.requests {
		group.Go(func() { all[i], errs[i] = v.search(ctx, request) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return r.fail(ctx, err)
		}
	}
	s.found(all)
	return v.finish(ctx, engine.FinishInput{
		Result:   engine.Result{Content: []byte(`{}`), Provider: "test", Model: "test"},
		Keywords: []content.SeedKeyword{{Text: "a keyword", Normalised: "a keyword", Source: content.SourceModel}},
	})
}

// Named is named.
var Named = named
