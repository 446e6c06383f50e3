package cost

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// CallState is where a call to a model stands. States only move forward; each call has one outcome.
type CallState string

// The states of a call.
const (
	CallReserved   CallState = "RESERVED"   // its hold is taken, nothing was sent
	CallDispatched CallState = "DISPATCHED" // it was, or is just being, sent
	CallSettled    CallState = "SETTLED"    // it cost what the ledger says
	CallReleased   CallState = "RELEASED"   // proved to have cost nothing
	CallUnknown    CallState = "UNKNOWN"    // sent, and nobody knows what it cost: the hold stays
	CallAssumed    CallState = "ASSUMED"    // nobody ever said: booked as if it had cost its hold
)

// callMoves is the whole life of a call: a state that is no key is an outcome. What becomes known about an ASSUMED call
// later is an ADJUST entry in the ledger, not another state.
var callMoves = map[CallState][]CallState{
	CallReserved:   {CallDispatched, CallSettled, CallReleased, CallUnknown},
	CallDispatched: {CallSettled, CallReleased, CallUnknown},
	CallUnknown:    {CallSettled, CallReleased, CallAssumed},
}

// CallStates returns all states of a call.
func CallStates() []CallState {
	return []CallState{CallReserved, CallDispatched, CallSettled, CallReleased, CallUnknown, CallAssumed}
}

// Known reports whether s is one of the states.
func (s CallState) Known() bool { return slices.Contains(CallStates(), s) }

// Open reports whether a call in this state holds money.
func (s CallState) Open() bool { return len(callMoves[s]) > 0 }

// MayBecome reports whether a call may go from this state to the next.
func (s CallState) MayBecome(next CallState) bool { return slices.Contains(callMoves[s], next) }

// Call is one request to a language model, from its hold to its outcome.
type Call struct {
	OrganizationID, ID, WorkflowID uuid.UUID

	Step   string   // the key of the step that made it, "" when none did
	Models []string // the models that may answer
	State  CallState

	Hold     Pico  // the most it can cost
	Cost     *Pico // what it cost; nil until known
	ListCost *Pico // the price table's figure; nil until known, and when the table has none
	Overage  bool  // it cost more than its hold

	Provider      string
	GenerationID  string // the provider's name for the answer, "" until it is known
	AnsweredModel string // the model that answered, "" until it is known
	FailureCode   string // why the answer was of no use, "" when it was
	Actor         string // who reserved it

	Usage               Usage
	PromptBytes         int64
	MaxCompletionTokens int64

	ReservedAt            time.Time
	DispatchedAt, EndedAt *time.Time
}
