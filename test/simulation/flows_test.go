package simulation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// moments are the start times of simulations: before the ends of months of every length, before clock changes, and
// within a month.
var moments = []time.Time{
	time.Date(2026, 1, 31, 23, 59, 50, 0, time.UTC), time.Date(2027, 2, 28, 23, 58, 0, 0, time.UTC),
	time.Date(2028, 2, 29, 23, 59, 58, 0, time.UTC), time.Date(2026, 3, 29, 0, 59, 30, 0, time.UTC),
	time.Date(2026, 10, 31, 22, 59, 55, 0, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
	time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
}

// forward creates a workflow and takes it through its steps up to the last one, free of charge.
func (w *world) forward(e *engine.Engine, who caller.Caller, last workflow.StepKey) (uuid.UUID, error) {
	ctx := context.Background()
	made, err := e.Create(ctx, who, w.newFlow())
	if err != nil {
		return uuid.Nil, err
	}
	if _, err := e.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: made.Workflow.ID}); err != nil {
		return uuid.Nil, err
	}
	for {
		taken, err := e.Take(ctx, who, made.Workflow.ID)
		if err != nil {
			return uuid.Nil, err
		}
		in := engine.FinishInput{Run: *taken.Run, Result: stepResult()}
		if in.Keywords = seedsFor(*taken.Run); len(in.Keywords) > 0 {
			if _, err := e.OpenVisit(ctx, who, in.Run); err != nil {
				return uuid.Nil, err
			}
		}
		if _, err := e.Finish(ctx, who, in); err != nil || in.Run.Step == last {
			return made.Workflow.ID, err
		}
	}
}

func (w *world) newFlow() engine.CreateInput {
	w.flowID++
	return engine.CreateInput{
		Name:    fmt.Sprintf("Workflow %d", w.flowID),
		Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	}
}
