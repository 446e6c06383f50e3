package postgres

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// Change says that a commit has added a row to a journal that somebody may be following: a workflow's transition, or an
// entry in the ledger of the workflow's account.
type Change struct {
	OrganizationID, WorkflowID uuid.UUID
	// Ledger says which of the two: true for an entry, false for a transition.
	Ledger bool
	// Number is the version of the transition, or the sequence number of the entry.
	Number int64
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

func (s *Store) noteMove(flow workflow.Workflow) {
	s.note(Change{OrganizationID: flow.OrganizationID, WorkflowID: flow.ID, Number: int64(flow.Version)})
}

// noteEntry notes an entry of a workflow's account. Nobody follows a month.
func (s *Store) noteEntry(a cost.Account) {
	if a.Kind == cost.AccountWorkflow {
		s.note(Change{OrganizationID: a.OrganizationID, WorkflowID: a.ID, Ledger: true, Number: a.Sequence})
	}
}
