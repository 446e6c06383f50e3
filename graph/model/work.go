package model

import (
	"time"

	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkItem is a claimed run in an answer.
type WorkItem struct {
	Workflow *Workflow
	Run      workflow.Run
	Input    WorkInput
	Room     cost.Room
}

// Budget is the smaller remaining amount of the workflow and the month; nil without a limit. It may be negative.
func (w WorkItem) Budget() *cost.Figure {
	var least *cost.Figure
	for _, account := range []cost.Balance{w.Room.Workflow, w.Room.Month} {
		remaining, limited := account.Remaining()
		if limited && (least == nil || remaining.Cmp(*least) < 0) {
			least = &remaining
		}
	}
	return least
}

// WorkInput is the data of a step in an answer.
type WorkInput struct {
	engine.StepInput
	Company Company
}

// Icp is nil before there is a profile.
func (w WorkInput) Icp() *workflow.ICP { return w.Profile }

// Feedback is nil when none was given.
func (w WorkInput) Feedback() *string { return given(w.StepInput.Feedback) }

// Competitors are the domains.
func (w WorkInput) Competitors() []string {
	if w.StepInput.Competitors == nil {
		return []string{}
	}
	return w.StepInput.Competitors
}

// WorkEvent says that there is work.
type WorkEvent struct{ Steps []workflow.StepKey }

// StepResult is the result of a step in an answer.
type StepResult struct{ engine.Result }

// Content is the result as JSON.
func (r StepResult) Content() scalar.JSON { return scalar.JSON(r.Result.Content) }

// Model is nil when the producer named none.
func (r StepResult) Model() *string { return given(r.Result.Model) }

// Provider is nil when the producer named none.
func (r StepResult) Provider() *string { return given(r.Result.Provider) }

// ProducedAt is the time at which it was stored.
func (r StepResult) ProducedAt() time.Time { return r.At }

// OutsideSteps are the steps of programs outside in an answer.
type OutsideSteps struct{ engine.OutsideSteps }

// Steps are the steps.
func (o OutsideSteps) Steps() []workflow.StepKey {
	if o.OutsideSteps.Steps == nil {
		return []workflow.StepKey{}
	}
	return o.OutsideSteps.Steps
}

// Actor is nil before the first change.
func (o OutsideSteps) Actor() *string { return given(o.OutsideSteps.Actor) }

// Reason is nil when none was given.
func (o OutsideSteps) Reason() *string { return given(o.OutsideSteps.Reason) }

// ChangedAt is nil before the first change.
func (o OutsideSteps) ChangedAt() *time.Time { return given(o.At) }

// LostRun carries the present workflow, and the run that holds it.
type LostRun struct {
	Problem
	Current *Workflow
	Run     *workflow.Run
	IsYours bool
}

// Token is nil when no run holds the workflow.
func (l LostRun) Token() *int {
	if l.Run == nil {
		return nil
	}
	return &l.Run.Token
}

// LeaseExpiresAt is nil when no run holds the workflow.
func (l LostRun) LeaseExpiresAt() *time.Time {
	if l.Run == nil {
		return nil
	}
	return &l.Run.LeaseExpiresAt
}

// Holder is nil when no run holds the workflow, or no worker has it.
func (l LostRun) Holder() *string {
	if l.Run == nil {
		return nil
	}
	return given(l.Run.Worker)
}
