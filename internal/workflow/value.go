package workflow

import (
	"time"

	"github.com/google/uuid"
)

// Company is the subject of a workflow.
type Company struct {
	Name        string
	URL         string
	LinkedInURL string // "" when none was given
}

// Workflow is one run of the seven steps for one company, at one moment. Version is the number of its transitions.
type Workflow struct {
	ID, OrganizationID uuid.UUID
	Name               string
	Company            Company
	State              State
	Version            int
	GraphVersion       int
	CreatedBy          string
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// Step is State.Step.
func (w Workflow) Step() *Step { return w.State.Step() }

// Status is State.Status.
func (w Workflow) Status() Status { return w.State.Status() }

// Progress is State.Progress.
func (w Workflow) Progress() int { return w.State.Progress() }

// IsTerminal is State.IsTerminal.
func (w Workflow) IsTerminal() bool { return w.State.IsTerminal() }

// NextStates is State.NextStates.
func (w Workflow) NextStates() []State { return w.State.NextStates() }

// CanAccessStep is State.CanAccessStep.
func (w Workflow) CanAccessStep(k StepKey) bool { return w.State.CanAccessStep(k) }

// LeftBy returns the workflow after one of its transitions.
func (w Workflow) LeftBy(t Transition) Workflow {
	w.State, w.Version, w.UpdatedAt = t.To, t.Version, t.At
	return w
}

// Transition is one row of the journal: one use of an edge of the graph. Version is the workflow's version after it. At
// version 0, Kind is CREATE and From is empty.
type Transition struct {
	OrganizationID, WorkflowID uuid.UUID
	Version                    int
	GraphVersion               int
	Kind                       EdgeKind
	From, To                   State
	Actor                      string
	Reason                     string // "" when none was given
	At                         time.Time
	PreviousHash, Hash         []byte // PreviousHash is empty at version 0
}

// Run is one visit to a processing state by one worker. Token is the version that entered the state, and the fencing
// token: every write for the run names it, and fails when the workflow has moved on.
type Run struct {
	OrganizationID, WorkflowID uuid.UUID
	Token                      int
	Step                       StepKey
	Worker                     string
	Attempt                    int // from 1
	StartedAt, LeaseExpiresAt  time.Time
	EndedAt                    *time.Time // nil while it runs
	Failure                    FailureCode
	FailureMessage             string
	RetryAt                    *time.Time // nil when no automatic retry follows
	// Parked reports that units do the work of the run, and that no worker waits for them.
	Parked bool
	// Unit is the attempt at a unit that the run stands for; nil for the run of a whole step.
	Unit *UnitAttempt
}

// ResultSource says which program produced the result of a step.
type ResultSource string

// The sources.
const (
	ResultOfEngine ResultSource = "ENGINE" // a worker of the engine
	ResultOfWorker ResultSource = "WORKER" // a program outside
)
