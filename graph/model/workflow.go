// Package model is what the API's answers are made of where a domain type alone does not do: a domain value with its
// id, with the list it came in, with empty text as null. The rest, inputs and payloads, is generated beside it. It
// holds values and computes from them; it refuses to fetch anything.
package model

import (
	"encoding/hex"
	"time"

	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Workflow is a workflow in an answer, with the batch of those that were listed with it.
type Workflow struct {
	workflow.Workflow
	Batch *Batch
}

// IsNode says that node can find it.
func (Workflow) IsNode() {}

// ID is the typed id.
func (w Workflow) ID() publicid.ID { return publicid.New(publicid.Workflow, w.Workflow.ID) }

// Company is what the workflow is about.
func (w Workflow) Company() Company { return Company{w.Workflow.Company} }

// CanAccessStep is State.CanAccessStep.
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

// IsNode says that node can find it.
func (Transition) IsNode() {}

// ID is the typed id.
func (t Transition) ID() publicid.ID {
	return publicid.NewNumbered(publicid.Transition, t.WorkflowID, int64(t.Version))
}

// From is nil for the creation.
func (t Transition) From() *workflow.State { return given(t.Transition.From) }

// Reason is nil when none was given.
func (t Transition) Reason() *string { return given(t.Transition.Reason) }

// OccurredAt is when it happened.
func (t Transition) OccurredAt() time.Time { return t.At }

// Hash is hexadecimal.
func (t Transition) Hash() string { return hex.EncodeToString(t.Transition.Hash) }

// PreviousHash is hexadecimal, empty for the creation.
func (t Transition) PreviousHash() string { return hex.EncodeToString(t.Transition.PreviousHash) }

// Icp is an ideal customer profile in an answer, with where it came from.
type Icp struct {
	workflow.ICP
	Model, Provider string
	ProducedAt      time.Time
}

// sandbox is what the provider is called that asks no language model.
const sandbox = "sandbox"

// IsSynthetic reports whether no language model was asked.
func (i Icp) IsSynthetic() bool { return i.Provider == sandbox }

// GraphState is a state with all that is computed from it.
type GraphState struct{ Key workflow.State }

// Status is State.Status.
func (s GraphState) Status() workflow.Status { return s.Key.Status() }

// Step is State.Step.
func (s GraphState) Step() *workflow.Step { return s.Key.Step() }

// IsTerminal is State.IsTerminal.
func (s GraphState) IsTerminal() bool { return s.Key.IsTerminal() }

// IsInitial reports whether workflows begin here.
func (s GraphState) IsInitial() bool { return s.Key == workflow.Created }

// given returns nil for the zero value, which is how domain values say that there is nothing.
func given[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}
