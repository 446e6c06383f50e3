package engine

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// inWords returns a state of one word as sentences have it.
func inWords[S ~string](state S) string { return strings.ToLower(string(state)) }

// StaleStateError reports that the workflow has moved on; Current is its present state.
type StaleStateError struct{ Current workflow.Workflow }

func (e *StaleStateError) Error() string {
	return fmt.Sprintf("The workflow has moved on: its state is now %q, at version %d.", e.Current.State,
		e.Current.Version)
}

// Kind is STALE_STATE.
func (*StaleStateError) Kind() fault.Kind { return fault.StaleState }

// StaleSelectionError is a *StaleStateError of a review whose selection is not the one that the reviewer saw.
type StaleSelectionError struct {
	StaleStateError
	field string // of the digest
}

func (e *StaleSelectionError) Error() string {
	return "The selection has changed since its digest was read. Read it again."
}

func (e *StaleSelectionError) Unwrap() error { return &e.StaleStateError }

// Field names the digest.
func (e *StaleSelectionError) Field() []string { return []string{e.field} }

// TerminalError reports that the workflow is over; Current is its end.
type TerminalError struct{ Current workflow.Workflow }

func (e *TerminalError) Error() string {
	return fmt.Sprintf("The workflow is %s; nothing can change it any more.", e.Current.State.Words())
}

// Kind is TERMINAL_STATE.
func (*TerminalError) Kind() fault.Kind { return fault.TerminalState }

// DuplicateNameError reports that the organization has a workflow of that name.
type DuplicateNameError struct{ Existing workflow.Workflow }

func (e *DuplicateNameError) Error() string {
	return "The organization has a workflow of this name already."
}

// Kind is DUPLICATE_NAME.
func (*DuplicateNameError) Kind() fault.Kind { return fault.DuplicateName }

// Field is the name.
func (*DuplicateNameError) Field() []string { return []string{"name"} }

// DuplicateGenerationError reports that the answer of a provider was charged to another call.
type DuplicateGenerationError struct {
	GenerationID string
	Existing     Charged
}

func (e *DuplicateGenerationError) Error() string {
	return fmt.Sprintf("The generation %q was charged to another call. An answer is booked once.", e.GenerationID)
}

// Kind is DUPLICATE_GENERATION.
func (*DuplicateGenerationError) Kind() fault.Kind { return fault.DuplicateGeneration }

// Field is the generation id.
func (*DuplicateGenerationError) Field() []string { return []string{"generationId"} }

// LostRunError reports that the worker has lost its run: the lease expired, a person intervened, or the workflow was
// cancelled. The refused request has written nothing. Run is the live run of the workflow; nil when there is none.
type LostRunError struct {
	Current workflow.Workflow
	Run     *workflow.Run
	IsYours bool // Run is the caller's
}

func (e *LostRunError) Error() string {
	text := fmt.Sprintf("The run is over or not yours: the state of the workflow is %q, at version %d.",
		e.Current.State, e.Current.Version)
	if e.Run != nil {
		text += fmt.Sprintf(" The run with the token %d holds it now.", e.Run.Token)
	}
	return text
}

// Kind is LOST_RUN.
func (*LostRunError) Kind() fault.Kind { return fault.LostRun }

// UnbookedError reports a known cost of a call that could not be booked.
type UnbookedError struct {
	CallID uuid.UUID
	cause  error
}

func (e *UnbookedError) Error() string {
	return fmt.Sprintf("the cost of call %s is known and not booked: %v", e.CallID, e.cause)
}

// Unwrap returns what stopped the booking.
func (e *UnbookedError) Unwrap() error { return e.cause }

func notFound(thing string) error {
	return fault.Missing(nil, thing)
}

func forbidden(who caller.Caller, permission caller.Permission) error {
	return fault.New(fault.Forbidden, "%s", who.Denied(permission))
}

func mismatch() error {
	return fault.New(fault.IdempotencyMismatch,
		"This idempotency key was used for something else. Use a new key for a new request.")
}
