// Package model has the types of the API's answers that differ from a domain type: they add the public id, the list
// that an item came in, and null for empty text. The generated file beside it has inputs and payloads. It computes
// from the values that it holds; it refuses to fetch data.
package model

import (
	"encoding/hex"
	"time"

	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Workflow is a workflow in an answer, with the batch of the list that it came in.
type Workflow struct {
	workflow.Workflow
	Batch *Batch
}

// IsNode marks a type that the field node finds.
func (Workflow) IsNode() {}

// ID returns the public id.
func (w Workflow) ID() publicid.ID { return publicid.New(publicid.Workflow, w.Workflow.ID) }

// Company returns the company of the workflow.
func (w Workflow) Company() Company { return Company{w.Workflow.Company} }

// CanAccessStep returns State.CanAccessStep.
func (w Workflow) CanAccessStep(step workflow.StepKey) bool { return w.State.CanAccessStep(step) }

// Company is a company in an answer.
type Company struct{ workflow.Company }

// LinkedinURL is nil when none was given.
func (c Company) LinkedinURL() *string { return given(c.LinkedInURL) }

// Transition is a row of the journal in an answer, with its workflow.
type Transition struct {
	workflow.Transition
	Workflow *Workflow
}

// IsNode marks a type that the field node finds.
func (Transition) IsNode() {}

// ID returns the public id.
func (t Transition) ID() publicid.ID {
	return publicid.NewNumbered(publicid.Transition, t.WorkflowID, int64(t.Version))
}

// From is nil for the creation.
func (t Transition) From() *workflow.State { return given(t.Transition.From) }

// Reason is nil when none was given.
func (t Transition) Reason() *string { return given(t.Transition.Reason) }

// OccurredAt returns the time of the transition.
func (t Transition) OccurredAt() time.Time { return t.At }

// Hash returns the hash in hexadecimal.
func (t Transition) Hash() string { return hex.EncodeToString(t.Transition.Hash) }

// PreviousHash returns the hash in hexadecimal; it is empty for the creation.
func (t Transition) PreviousHash() string { return hex.EncodeToString(t.Transition.PreviousHash) }

// Icp is an ideal customer profile in an answer, with its origin.
type Icp struct {
	workflow.ICP
	Model, Provider string
	ProducedAt      time.Time
	Source          workflow.ResultSource
}

// sandbox is the name of the provider that asks no language model.
const sandbox = "sandbox"

// IsSynthetic reports whether no language model was asked.
func (i Icp) IsSynthetic() bool { return i.Provider == sandbox }

// GraphState is a state with its computed properties.
type GraphState struct{ Key workflow.State }

// Status returns State.Status.
func (s GraphState) Status() workflow.Status { return s.Key.Status() }

// Step returns State.Step.
func (s GraphState) Step() *workflow.Step { return s.Key.Step() }

// IsTerminal returns State.IsTerminal.
func (s GraphState) IsTerminal() bool { return s.Key.IsTerminal() }

// IsInitial reports whether workflows begin here.
func (s GraphState) IsInitial() bool { return s.Key == workflow.Created }

// given returns nil for the zero value, which means "none" in a domain value.
func given[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}
