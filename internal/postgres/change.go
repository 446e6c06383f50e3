package postgres

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// Change says that a commit has added a row to a journal that somebody may be following: a workflow's transition, or an
// entry in the ledger of the workflow's account. One kind of change is in no journal, see Suspected.
type Change struct {
	OrganizationID, WorkflowID uuid.UUID
	// Ledger says which of the two: true for an entry, false for a transition.
	Ledger bool
	// Number is the version of the transition, or the sequence number of the entry.
	Number int64
	// Moved is what the transition was, Booked what the entry was; the other one is zero.
	Moved  ToldMove
	Booked ToldEntry
	// Suspected says that the outcome of a call of the workflow has become unknown. Nothing was booked for it, and
	// nothing else of the change is set.
	Suspected bool
}

// ToldMove is a transition in short.
type ToldMove struct {
	From, To workflow.State // From is "" for the first
	// Step and Failure say which run has failed and why; "" when none has.
	Step    workflow.StepKey
	Failure workflow.FailureCode
}

// ToldEntry is an entry in short.
type ToldEntry struct {
	Kind    cost.EntryKind
	Delta   cost.Delta
	Overage bool
}

// Telling returns a store that calls tell after each commit of its own that has added rows to followed journals, with
// all of them. What is rolled back is never told; a commit whose outcome the server did not learn is not told either.
// tell is called by whoever committed, and must not block.
func (s *Store) Telling(tell func([]Change)) *Store {
	telling := *s
	telling.tell = tell
	return &telling
}

// note keeps a change until the transaction commits, or tells it at once when its statement was the transaction.
func (s *Store) note(c Change) {
	switch {
	case s.tell == nil:
	case s.tx == nil:
		s.tell([]Change{c})
	default:
		s.changes = append(s.changes, c)
	}
}

func (s *Store) noteMove(flow workflow.Workflow, moved ToldMove) {
	if moved.Failure != "" && moved.From.Step() != nil {
		moved.Step = moved.From.Step().Key
	}
	s.note(Change{
		OrganizationID: flow.OrganizationID, WorkflowID: flow.ID, Number: int64(flow.Version), Moved: moved,
	})
}

// noteEntry notes an entry of a workflow's account. Nobody follows a month.
func (s *Store) noteEntry(a cost.Account, booked ToldEntry) {
	if a.Kind == cost.AccountWorkflow {
		s.note(Change{
			OrganizationID: a.OrganizationID, WorkflowID: a.ID, Ledger: true, Number: a.Sequence, Booked: booked,
		})
	}
}
