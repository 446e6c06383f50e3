package engine

import (
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// Moved is a transition that happened: the workflow after it and the journal row.
type Moved struct {
	Workflow   workflow.Workflow
	Transition workflow.Transition
	// Replayed says that the same request had been carried out before and nothing was done now.
	Replayed bool
}

// Charged is a call after something happened to its money, with the workflow that pays.
type Charged struct {
	Call     cost.Call
	Workflow workflow.Workflow
	Replayed bool
}

// CreateInput is what a workflow begins with.
type CreateInput struct {
	Name           string
	Company        workflow.Company
	Limit          *cost.Pico // the organization's default when nil
	IdempotencyKey string     // none when empty; the same in all inputs
}

// TransitionInput asks for one edge.
type TransitionInput struct {
	WorkflowID uuid.UUID
	From, To   workflow.State
	// Version makes the compare-and-set stricter than the state alone; a run's token when it ends a run.
	Version        *int
	Reason         string
	IdempotencyKey string
}

// CancelInput asks for the end.
type CancelInput struct {
	WorkflowID     uuid.UUID
	Reason         string
	IdempotencyKey string
}

// GenerateICPInput asks for the first step.
type GenerateICPInput struct {
	WorkflowID     uuid.UUID
	IdempotencyKey string
}

// RenewLeaseInput keeps a run that a program outside drives.
type RenewLeaseInput struct {
	WorkflowID     uuid.UUID
	Token          int
	IdempotencyKey string
}

// ReserveInput asks for money before a call. Either Amount or Estimate says how much.
type ReserveInput struct {
	WorkflowID uuid.UUID
	Step       workflow.StepKey // the step the workflow stands in when empty
	// RunToken is the run that makes the call; nil for a program outside.
	RunToken       *int
	Amount         *cost.Pico
	Estimate       *cost.Estimate
	IdempotencyKey string
}

// SettleInput says what a call cost.
type SettleInput struct {
	CallID uuid.UUID
	Model  string
	Usage  cost.Usage
	// Cost is what the provider reported; the price table's figure counts when nil.
	Cost           *cost.Pico
	Provider       string
	GenerationID   string
	Failure        workflow.FailureCode // why the answer could not be used; "" when it could
	IdempotencyKey string
}

// ReleaseInput says why a call was not charged.
type ReleaseInput struct {
	CallID         uuid.UUID
	Reason         string
	Failure        workflow.FailureCode
	IdempotencyKey string
}

// Filter chooses workflows; zero fields choose all.
type Filter struct {
	States       []workflow.State
	Steps        []workflow.StepKey
	Statuses     []workflow.Status
	NameContains string
	CreatedFrom  *time.Time
	CreatedTo    *time.Time // exclusive
	CreatedBy    string
}

// OrderField is what a list of workflows is ordered by.
type OrderField string

// The orders.
const (
	ByCreated OrderField = "CREATED_AT"
	ByUpdated OrderField = "UPDATED_AT"
)

// Cursor is a place in a list that is ordered by time and id.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// ListInput asks for a page of workflows. After is the key of the last item seen: its CreatedAt or UpdatedAt, as
// OrderBy says.
type ListInput struct {
	Filter     Filter
	OrderBy    OrderField
	Descending bool
	After      *Cursor
	First      int
}

// CallsInput asks for the first calls of each workflow after a key.
type CallsInput struct {
	Workflows []uuid.UUID
	After     *Cursor
	First     int
}

// TransitionsInput asks for the first journal rows of each workflow after a version; −1 begins at the beginning.
type TransitionsInput struct {
	Workflows []uuid.UUID
	After     int
	First     int
}

// EntriesInput asks for the first ledger entries of each account after a sequence number; −1 begins at the beginning.
// The account of a workflow has the workflow's id.
type EntriesInput struct {
	Accounts []uuid.UUID
	After    int64
	First    int
}

// Result is what a step produced.
type Result struct {
	Token           int
	Step            workflow.StepKey
	Content         []byte // JSON
	Provider, Model string
	At              time.Time
}

// Organization is the tenant with its running month.
type Organization struct {
	ID                        uuid.UUID
	TimeZone                  string
	WorkflowLimit, MonthLimit cost.Limit
	CreatedAt                 time.Time
	WebhookURL                string // "" when it has none
	// Month is the account of the running month. Before the first call of a month nothing is written for it: then its
	// ID is the nil UUID and its balance is zero with the organization's limit.
	Month cost.Account
}

// ActivityCode is one answer to "why is it not moving?".
type ActivityCode string

// The answers.
const (
	NotStarted       ActivityCode = "NOT_STARTED"
	WaitingForWorker ActivityCode = "WAITING_FOR_WORKER"
	WaitingOutside   ActivityCode = "WAITING_FOR_OUTSIDE_DRIVER"
	AwaitingReview   ActivityCode = "AWAITING_REVIEW"
	Running          ActivityCode = "RUNNING"
	RetryScheduled   ActivityCode = "RETRY_SCHEDULED"
	Failed           ActivityCode = "FAILED"
	StepFinished     ActivityCode = "STEP_FINISHED"
	Finished         ActivityCode = "FINISHED"
	WasCancelled     ActivityCode = "CANCELLED"
)

// Activity says what a workflow is doing or waiting for.
type Activity struct {
	Code           ActivityCode
	Sentence       string // for a person
	Since          time.Time
	Who            string // who or what made it so
	NextRetryAt    *time.Time
	LeaseExpiresAt *time.Time
}
