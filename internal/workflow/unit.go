package workflow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// UnitState is the state of a unit.
type UnitState string

// The states.
const (
	UnitPending UnitState = "PENDING" // it waits for a worker, a free place or its next attempt
	UnitRunning UnitState = "RUNNING"
	UnitDone    UnitState = "DONE"
	UnitFailed  UnitState = "FAILED"  // no attempt follows by itself
	UnitSkipped UnitState = "SKIPPED" // a person left it out
)

// UnitStates returns all states. The caller may change the slice.
func UnitStates() []UnitState {
	return []UnitState{UnitPending, UnitRunning, UnitDone, UnitFailed, UnitSkipped}
}

// IsOpen reports whether work on the unit goes on or will begin.
func (s UnitState) IsOpen() bool { return s == UnitPending || s == UnitRunning }

// UnitMove is the kind of an event of a unit.
type UnitMove string

// The moves.
const (
	UnitPlan     UnitMove = "PLAN"     // the first event
	UnitClaim    UnitMove = "CLAIM"    // a worker has begun an attempt
	UnitProgress UnitMove = "PROGRESS" // a part of the unit is finished
	UnitFinish   UnitMove = "FINISH"
	UnitRetry    UnitMove = "RETRY" // the attempt failed, and another one follows
	UnitFail     UnitMove = "FAIL"  // the attempt failed, and none follows
	UnitSkip     UnitMove = "SKIP"
	UnitReopen   UnitMove = "REOPEN" // a person wants another attempt
)

// UnitMoves returns all moves. The caller may change the slice.
func UnitMoves() []UnitMove {
	return []UnitMove{
		UnitPlan, UnitClaim, UnitProgress, UnitFinish, UnitRetry, UnitFail, UnitSkip, UnitReopen,
	}
}

// UnitEdge is a legal move of a unit.
type UnitEdge struct {
	From, To UnitState
	Kind     UnitMove
}

// unitEdges are the moves after the plan, as the table legal_unit_moves has them.
var unitEdges = []UnitEdge{
	{UnitPending, UnitRunning, UnitClaim},
	{UnitPending, UnitSkipped, UnitSkip},
	{UnitPending, UnitPending, UnitReopen},
	{UnitRunning, UnitRunning, UnitProgress},
	{UnitRunning, UnitDone, UnitFinish},
	{UnitRunning, UnitPending, UnitRetry},
	{UnitRunning, UnitFailed, UnitFail},
	{UnitRunning, UnitPending, UnitReopen},
	{UnitFailed, UnitPending, UnitReopen},
	{UnitFailed, UnitSkipped, UnitSkip},
	{UnitSkipped, UnitPending, UnitReopen},
	{UnitDone, UnitPending, UnitReopen},
}

// UnitEdges returns the legal moves. The caller may change the slice.
func UnitEdges() []UnitEdge { return slices.Clone(unitEdges) }

// Unit is a part of a long step that succeeds, fails and waits for itself, such as one article. Token is the version of
// the workflow for which it is open or has ended. Token and Attempt are its fencing token: every write of an attempt
// names both, and fails when the workflow has moved on or another attempt has begun.
type Unit struct {
	OrganizationID, WorkflowID, ID uuid.UUID
	Step                           StepKey
	Visit                          int
	Position                       int // from 1
	Label                          string
	Lane                           uuid.UUID // shared by units that must not run side by side; uuid.Nil for none
	State                          UnitState
	Version                        int // counts the events
	Attempt                        int // counts the claims
	Token                          int
	Tries                          int    // the claims since the plan or the last REOPEN
	Worker                         string // "" unless it is RUNNING
	LeaseExpiresAt                 *time.Time
	RetryAt                        *time.Time // when the next attempt may begin; nil for at once
	WakeAt                         *time.Time // when a sweeper inserts the next job; nil without a place
	Done, Total                    int        // finished parts, and all that are known
	Failure                        FailureCode
	FailureMessage                 string
	ChangedAt                      time.Time
}

// UnitAttempt names one attempt at a unit.
type UnitAttempt struct {
	ID      uuid.UUID
	Attempt int
}

// Run returns the attempt as a run, whose token is that of the unit.
func (u Unit) Run() Run {
	run := Run{
		OrganizationID: u.OrganizationID,
		WorkflowID:     u.WorkflowID,
		Token:          u.Token,
		Step:           u.Step,
		Worker:         u.Worker,
		Attempt:        u.Tries,
		StartedAt:      u.ChangedAt,
		Unit:           &UnitAttempt{ID: u.ID, Attempt: u.Attempt},
	}
	if u.LeaseExpiresAt != nil {
		run.LeaseExpiresAt = *u.LeaseExpiresAt
	}
	return run
}

// UnitEvent is one row of the journal of a workflow's units, with the unit as the event left it.
type UnitEvent struct {
	Unit     Unit
	Sequence int // counts the events of the workflow's units, from 0
	Kind     UnitMove
	From     UnitState // "" for the plan
	Actor    string
	Reason   string
}

// IllegalUnitMoveError reports that a unit cannot move so from its state.
type IllegalUnitMoveError struct {
	From UnitState
	Kind UnitMove
}

func (e *IllegalUnitMoveError) Error() string {
	return fmt.Sprintf("A unit that is %s cannot %s.", e.From.Words(), e.Kind.Words())
}

// to returns the unit after a move, without a worker and without any planned time.
func (u Unit) to(state UnitState, kind UnitMove, at time.Time) (Unit, error) {
	if !slices.Contains(unitEdges, UnitEdge{u.State, state, kind}) {
		return u, &IllegalUnitMoveError{From: u.State, Kind: kind}
	}
	u.State, u.ChangedAt = state, at
	u.Version++
	u.Worker, u.LeaseExpiresAt, u.RetryAt, u.WakeAt = "", nil, nil, nil
	u.Failure, u.FailureMessage = "", ""
	return u, nil
}

// Claim begins an attempt of a worker.
func (u Unit) Claim(worker string, lease, at time.Time) (Unit, error) {
	next, err := u.to(UnitRunning, UnitClaim, at)
	if err != nil {
		return u, err
	}
	next.Attempt++
	next.Tries++
	next.Worker, next.LeaseExpiresAt = worker, &lease
	return next, nil
}

// Progress counts a finished part. total is the number of parts that are known now; it never falls below the finished
// ones.
func (u Unit) Progress(total int, at time.Time) (Unit, error) {
	next, err := u.to(UnitRunning, UnitProgress, at)
	if err != nil {
		return u, err
	}
	next.Worker, next.LeaseExpiresAt = u.Worker, u.LeaseExpiresAt
	next.Done++
	next.Total = max(total, next.Done)
	return next, nil
}

// Finish ends the unit with a result.
func (u Unit) Finish(at time.Time) (Unit, error) {
	next, err := u.to(UnitDone, UnitFinish, at)
	if err != nil {
		return u, err
	}
	next.Total = next.Done
	return next, nil
}

// UnitFailure says why an attempt failed.
type UnitFailure struct {
	Code    FailureCode
	Message string
	// RetryAt is the time of the next attempt; nil when none follows.
	RetryAt *time.Time
}

// Fail ends an attempt without a result. With a RetryAt another one follows.
func (u Unit) Fail(f UnitFailure, at time.Time) (Unit, UnitMove, error) {
	state, kind := UnitFailed, UnitFail
	if f.RetryAt != nil {
		state, kind = UnitPending, UnitRetry
	}
	next, err := u.to(state, kind, at)
	if err != nil {
		return u, kind, err
	}
	next.Failure, next.FailureMessage, next.RetryAt = f.Code, f.Message, f.RetryAt
	return next, kind, nil
}

// Skip leaves the unit out.
func (u Unit) Skip(at time.Time) (Unit, error) { return u.to(UnitSkipped, UnitSkip, at) }

// Reopen makes the unit wait for another attempt, for the version token of the workflow.
func (u Unit) Reopen(token int, at time.Time) (Unit, error) {
	next, err := u.to(UnitPending, UnitReopen, at)
	if err != nil {
		return u, err
	}
	next.Token, next.Tries = token, 0
	return next, nil
}

// UnitsEnd is how far the units of a visit are.
type UnitsEnd string

// The ends.
const (
	UnitsOpen      UnitsEnd = "OPEN"      // at least one may still run
	UnitsCompleted UnitsEnd = "COMPLETED" // all are done or skipped, and at least one is done
	UnitsFailed    UnitsEnd = "FAILED"    // none can run, and at least one has failed
	UnitsEmpty     UnitsEnd = "EMPTY"     // all are skipped, or there are none
)

// EndOf applies the completion rule to the units of a visit.
func EndOf(units []Unit) UnitsEnd {
	counts := CountUnits(units)
	switch {
	case counts[UnitPending]+counts[UnitRunning] > 0:
		return UnitsOpen
	case counts[UnitFailed] > 0:
		return UnitsFailed
	case counts[UnitDone] > 0:
		return UnitsCompleted
	}
	return UnitsEmpty
}

// CountUnits counts units by their states.
func CountUnits(units []Unit) map[UnitState]int {
	counts := map[UnitState]int{}
	for _, u := range units {
		counts[u.State]++
	}
	return counts
}

// namedUnits is how many failed units a sentence names.
const namedUnits = 5

// NameFailed returns the names of the units that have failed, the first few of them.
func NameFailed(units []Unit) string {
	var names []string
	failed := 0
	for _, u := range units {
		if u.State != UnitFailed {
			continue
		}
		if failed++; failed <= namedUnits {
			names = append(names, fmt.Sprintf("%q (%s)", u.Label, u.Failure))
		}
	}
	if failed > namedUnits {
		names = append(names, fmt.Sprintf("%d more", failed-namedUnits))
	}
	return strings.Join(names, ", ")
}

// HasUnits reports whether the step is done in units: articles are written, and published, one by one.
func (k StepKey) HasUnits() bool { return k == StepArticle || k == StepPublish }
