package postgres

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// Change is one committed row of a journal that has subscribers: a transition of a workflow, an entry in the ledger of
// the workflow's account, an event of one of its units, or a result of a batch. A change with CallUnknown is in no
// journal.
type Change struct {
	// WorkflowID is the id of the batch for a result of a batch.
	OrganizationID, WorkflowID uuid.UUID
	// Ledger is true for an entry, Unit for an event of a unit, and Batch for a result of a batch. All are false for a
	// transition.
	Ledger, Unit, Batch bool
	// Number is the version of the transition, the sequence number of the entry or the event, or the position of the
	// last of several results.
	Number int64
	// Transition is zero but for a transition, and Entry but for an entry.
	Transition CommittedTransition
	Entry      CommittedEntry
	// CallUnknown reports that the outcome of a call has become unknown. Nothing was booked, and the fields above
	// except the ids are zero.
	CallUnknown bool
}

// CommittedTransition is a summary of a transition.
type CommittedTransition struct {
	From, To workflow.State // From is "" for the first
	// Step and Failure are the failed run's; "" when no run has failed.
	Step    workflow.StepKey
	Failure workflow.FailureCode
}

// CommittedEntry is a summary of a ledger entry.
type CommittedEntry struct {
	Kind    cost.EntryKind
	Delta   cost.Delta
	Overage bool
}

// OnCommit returns a store that calls a function after each of its commits that has added rows to the journals, with
// all of these rows. It does not call it after a rollback, or after a commit whose outcome it did not receive. The
// function runs in the goroutine of the commit and must not block.
func (s *Store) OnCommit(call func([]Change)) *Store {
	store := *s
	store.onCommit = call
	return &store
}

// note keeps a change until the transaction commits. Outside of a transaction the statement has committed already.
func (s *Store) note(c Change) {
	switch {
	case s.onCommit == nil:
	case s.tx == nil:
		s.onCommit([]Change{c})
	default:
		s.changes = append(s.changes, c)
	}
}

func (s *Store) noteTransition(flow workflow.Workflow, made CommittedTransition) {
	if made.Failure != "" && made.From.Step() != nil {
		made.Step = made.From.Step().Key
	}
	s.note(Change{
		OrganizationID: flow.OrganizationID,
		WorkflowID:     flow.ID,
		Number:         int64(flow.Version),
		Transition:     made,
	})
}

// noteEntry notes an entry of a workflow's account. The account of a month has no subscribers.
func (s *Store) noteEntry(a cost.Account, booked CommittedEntry) {
	if a.Kind == cost.AccountWorkflow {
		s.note(ledgerChange(a.OrganizationID, a.ID, a.Sequence, booked))
	}
}

// ledgerChange is an entry of a workflow's account as a change.
func ledgerChange(organization, flow uuid.UUID, sequence int64, booked CommittedEntry) Change {
	return Change{
		OrganizationID: organization,
		WorkflowID:     flow,
		Ledger:         true,
		Number:         sequence,
		Entry:          booked,
	}
}
