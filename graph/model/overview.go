package model

import (
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkflowCounts are the numbers of workflows in each state.
type WorkflowCounts struct{ ByState map[workflow.State]int }

// Total is the number of all of them.
func (c WorkflowCounts) Total() int {
	total := 0
	for _, n := range c.ByState {
		total += n
	}
	return total
}

// States counts each state.
func (c WorkflowCounts) States() []StateCount {
	var counts []StateCount
	for _, state := range workflow.States() {
		counts = append(counts, StateCount{State: state, Count: c.ByState[state]})
	}
	return counts
}

// Steps counts each step.
func (c WorkflowCounts) Steps() []StepCount {
	counts := make([]StepCount, 0, len(workflow.Steps()))
	for _, step := range workflow.Steps() {
		count := StepCount{Step: step.Key}
		for state, n := range c.ByState {
			if s := state.Step(); s != nil && s.Key == step.Key {
				count.Count += n
			}
		}
		counts = append(counts, count)
	}
	return counts
}

// Statuses counts each status.
func (c WorkflowCounts) Statuses() []StatusCount {
	counts := make([]StatusCount, 0, len(workflow.Statuses()))
	for _, status := range workflow.Statuses() {
		count := StatusCount{Status: status}
		for state, n := range c.ByState {
			if state.Status() == status {
				count.Count += n
			}
		}
		counts = append(counts, count)
	}
	return counts
}

// Month is a month in an answer.
type Month struct{ engine.Month }

// Period is its span. A month always has one.
func (m Month) Period() cost.Period { return *m.Account.Period }

// Opening is the balance at its beginning.
func (m Month) Opening() Spend { return Spend{Balance: cost.Balance{Limit: m.OpeningLimit}} }

// Closing is the balance at its end.
func (m Month) Closing() Spend { return Spend{Balance: m.Month.Closing} }

// Spend is the balance now.
func (m Month) Spend() Spend { return Spend{Balance: m.Balance} }

// SettingsChange is a change of the settings in an answer.
type SettingsChange struct{ engine.SettingsChange }

// OccurredAt is the time of the change.
func (c SettingsChange) OccurredAt() time.Time { return c.At }

// Reason is nil when the actor gave none.
func (c SettingsChange) Reason() *string { return given(c.SettingsChange.Reason) }

// Changes are the settings that it changed.
func (c SettingsChange) Changes() []SettingValue {
	values := make([]SettingValue, len(c.SettingsChange.Changes))
	for i, v := range c.SettingsChange.Changes {
		values[i] = SettingValue{v}
	}
	return values
}

// SettingValue is the value of a setting before and after a change, in an answer.
type SettingValue struct{ engine.SettingValue }

// Before is nil when there was no value.
func (v SettingValue) Before() *string { return given(v.SettingValue.Before) }

// After is nil when there is no value.
func (v SettingValue) After() *string { return given(v.SettingValue.After) }

// APIKeyEvent is an event of an API key in an answer.
type APIKeyEvent struct{ engine.APIKeyEvent }

// Kind is the event.
func (e APIKeyEvent) Kind() engine.APIKeyEventKind { return engine.APIKeyEventKind(e.Event) }

// OccurredAt is the time of the event.
func (e APIKeyEvent) OccurredAt() time.Time { return e.At }

// Reason is nil when the actor gave none.
func (e APIKeyEvent) Reason() *string { return given(e.APIKeyEvent.Reason) }

// APIKey is the key as it is now.
func (e APIKeyEvent) APIKey() APIKey { return APIKey{APIKey: e.Key} }

// PriceEvent is an event of a price in an answer.
type PriceEvent struct{ engine.PriceEvent }

// Kind is the event.
func (e PriceEvent) Kind() engine.PriceEventKind { return engine.PriceEventKind(e.PriceEvent.Kind) }

// OccurredAt is the time of the event.
func (e PriceEvent) OccurredAt() time.Time { return e.At }

// Reason is nil when the actor gave none.
func (e PriceEvent) Reason() *string { return given(e.PriceEvent.Reason) }

// MinPromptTokens is the least size of the prompt.
func (e PriceEvent) MinPromptTokens() int64 { return e.MinPromptSize }

// Amount is the price.
func (e PriceEvent) Amount() cost.Pico { return e.Unit }

// PreviousAmount is nil when there was no price before.
func (e PriceEvent) PreviousAmount() *cost.Pico { return e.Previous }

// ProposalID is nil for a price that was added without quarantine.
func (e PriceEvent) ProposalID() *publicid.ID {
	return optional(publicid.PriceProposal, e.PriceEvent.ProposalID)
}

// The lists of the overview.
type (
	MonthConnection          = Connection[*Month]
	MonthEdge                = Edge[*Month]
	SettingsChangeConnection = Connection[*SettingsChange]
	SettingsChangeEdge       = Edge[*SettingsChange]
	APIKeyEventConnection    = Connection[*APIKeyEvent]
	APIKeyEventEdge          = Edge[*APIKeyEvent]
	PriceEventConnection     = Connection[*PriceEvent]
	PriceEventEdge           = Edge[*PriceEvent]
)
