package cost

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// CallState is the state of a call to a model. States only move forward; each call has one outcome.
type CallState string

// The states of a call.
const (
	CallReserved   CallState = "RESERVED"   // its hold is taken, and nothing was sent
	CallDispatched CallState = "DISPATCHED" // it was sent, or is being sent
	CallSettled    CallState = "SETTLED"    // its cost is booked
	CallReleased   CallState = "RELEASED"   // it is proved that nothing was charged
	CallUnknown    CallState = "UNKNOWN"    // it was sent and its cost is unknown: the hold stays
	CallAssumed    CallState = "ASSUMED"    // its cost stayed unknown for a day: the hold is booked as the cost
)

// callMoves has the next states of each state; a state that is no key is an outcome. A cost that becomes known of an
// ASSUMED call is an ADJUST entry in the ledger, not another state.
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

// Call is one request to a language model or a service, from its hold to its outcome.
type Call struct {
	OrganizationID, ID, WorkflowID uuid.UUID
	// ArticleID is the article whose budget it is held on as well; nil for none.
	ArticleID *uuid.UUID

	Step   string   // the key of the step that made it, "" when none did
	Models []string // the models that may answer, or the service
	State  CallState

	Hold     Pico  // the most it can cost
	Cost     *Pico // what it cost; nil until known
	ListCost *Pico // the price table's figure; nil until known, and when the table has none
	Overage  bool  // it cost more than its hold

	Provider      string
	GenerationID  string // the provider's name for the answer, "" until it is known
	AnsweredModel string // the model that answered, "" until it is known
	FailureCode   string // why the answer was not used, "" when it was
	Actor         string // who reserved it

	Usage               Usage
	PromptBytes         int64
	MaxCompletionTokens int64
	MaxItems            int64 // the most items of a service's answer

	ReservedAt            time.Time
	DispatchedAt, EndedAt *time.Time
}
