package model

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/workflow"
)

// UsageReport is the consumption of calls in an answer.
type UsageReport struct {
	report.Usage
	// Workflows reads the workflows of all groups at once.
	Workflows func(context.Context) (map[uuid.UUID]*Workflow, error)
}

// HasMore reports whether the answer lacks groups.
func (u UsageReport) HasMore() bool { return u.More }

// Groups returns the groups with their dimensions.
func (u UsageReport) Groups() []UsageGroup {
	groups := make([]UsageGroup, len(u.Usage.Groups))
	for i, g := range u.Usage.Groups {
		groups[i] = UsageGroup{UsageGroup: g, by: u.GroupBy, workflows: u.Workflows}
	}
	return groups
}

// UsageGroup is one group of calls in an answer.
type UsageGroup struct {
	report.UsageGroup
	by        []report.Dimension
	workflows func(context.Context) (map[uuid.UUID]*Workflow, error)
}

// Day is nil when the groups are not by day.
func (g UsageGroup) Day() *cost.Day {
	if !slices.Contains(g.by, report.ByDay) {
		return nil
	}
	return &g.UsageGroup.Day
}

// Model is nil when the groups are not by model, and for calls that no model has answered.
func (g UsageGroup) Model() *string { return given(g.UsageGroup.Model) }

// Step is nil when the groups are not by step.
func (g UsageGroup) Step() *workflow.StepKey { return given(g.UsageGroup.Step) }

// Outcome is nil when the groups are not by outcome.
func (g UsageGroup) Outcome() *cost.CallState { return given(g.UsageGroup.Outcome) }

// Actor is nil when the groups are not by actor.
func (g UsageGroup) Actor() *string { return given(g.UsageGroup.Actor) }

// Provider is nil when the groups are not by provider, and for calls without a known one.
func (g UsageGroup) Provider() *string { return given(g.UsageGroup.Provider) }

// APIKeyID is nil when the groups are not by API key, and for calls without one.
func (g UsageGroup) APIKeyID() *publicid.ID { return optional(publicid.APIKey, g.APIKey) }

// optional returns the public id; nil for the nil UUID.
func optional(kind publicid.Kind, id uuid.UUID) *publicid.ID {
	if id == uuid.Nil {
		return nil
	}
	public := publicid.New(kind, id)
	return &public
}

// WorkflowID is nil when the groups are not by workflow.
func (g UsageGroup) WorkflowID() *publicid.ID {
	if !slices.Contains(g.by, report.ByWorkflow) {
		return nil
	}
	id := publicid.New(publicid.Workflow, g.UsageGroup.Workflow)
	return &id
}

// Workflow is nil when the groups are not by workflow.
func (g UsageGroup) Workflow(ctx context.Context) (*Workflow, error) {
	if !slices.Contains(g.by, report.ByWorkflow) {
		return nil, nil
	}
	found, err := g.workflows(ctx)
	return found[g.UsageGroup.Workflow], err
}

// Forecast is the forecast of the current month in an answer.
type Forecast struct{ report.Forecast }

// Spend returns the balance so far.
func (f Forecast) Spend() Spend { return Spend{Balance: f.Balance} }

// SettledAtEnd returns the expected settled amount at the end of the month.
func (f Forecast) SettledAtEnd() cost.Figure { return f.Forecast.Spend }

// FunnelState is the passage of workflows through a state, in an answer.
type FunnelState struct{ report.FunnelState }

// MedianSeconds is nil where nothing can be said.
func (s FunnelState) MedianSeconds() *float64 { return seconds(s.Median) }

// P95Seconds is nil where nothing can be said.
func (s FunnelState) P95Seconds() *float64 { return seconds(s.P95) }

func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Seconds()
	return &s
}

// Funnel is the progress of workflows in an answer.
type Funnel struct{ report.Funnel }

// States returns all states.
func (f Funnel) States() []FunnelState {
	states := make([]FunnelState, len(f.Funnel.States))
	for i, s := range f.Funnel.States {
		states[i] = FunnelState{s}
	}
	return states
}
