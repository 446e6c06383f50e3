package steps

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// NewReading returns the first step with another reader of its answers, and another timeout of its bookings.
func NewReading(o Options, timeout time.Duration, read func(string) ([]byte, error)) Executor {
	return &reading{New(o)[0].(*icp).options, timeout, read}
}

type reading struct {
	options Options
	timeout time.Duration
	read    func(string) ([]byte, error)
}

func (*reading) Key() workflow.StepKey { return workflow.StepICP }

func (s *reading) Run(ctx context.Context, who caller.Caller, flow workflow.Workflow, run workflow.Run) error {
	messages, err := icpMessages(flow.Company, "")
	if err != nil {
		return err
	}
	a := attempt{
		runner: runner{options: s.options, who: who, run: run, timeout: s.timeout},
		question: question{
			request:     llm.Request{Models: icpModels(), Messages: messages, MaxTokens: icpMaxTokens},
			webSearches: icpWebSearches,
			read:        s.read,
		},
	}
	return a.carryOut(ctx)
}
