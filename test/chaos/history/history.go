// Package history compares the answers that clients got with the database and the model provider after quiescence. It
// is pure: it takes a history and returns violations. It shares only the table of edges and the arithmetic of money
// with the engine. It refuses to explain why a promise was broken.
package history

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
)

// The rules that a history can break.
const (
	RulePath         = "path"         // a journal is one gapless path of the graph and ends in the workflow's state
	RuleAcknowledged = "acknowledged" // an acknowledged change is in the database
	RuleOnce         = "once"         // a change without an answer is there at most once, a refused change is not there
	RuleFence        = "fence"        // a change that names a version acts on that version
	RuleRun          = "run"          // a run has one outcome, made by its own worker
	RuleLimit        = "limit"        // at every admission settled + held ≤ limit
	RuleLedger       = "ledger"       // an account is the sum of its entries, a call has one hold and one outcome
	RuleHolds        = "holds"        // after quiescence nothing is held
	RuleCharge       = "charge"       // the ledger equals the provider's charges
	RuleSeen         = "seen"         // a subscriber sees each number once, in order, without a gap
	RuleOrder        = "order"        // the operations on a workflow are linearizable
	RuleUnit         = "unit"         // an attempt at a unit has one outcome, made by its own worker
	RulePosted       = "posted"       // the site has one post for each publication, public when that is LIVE
	RulePaid         = "paid"         // an answer is paid again only when it was lost on its way
)

// Violation is a broken rule.
type Violation struct{ Rule, Detail string }

// String returns one line.
func (v Violation) String() string { return v.Rule + ": " + v.Detail }

// History is everything that happened in one organization until quiescence.
type History struct {
	// The rows of the database.
	Flows    []Flow
	Rows     []Row
	Runs     []Run
	Accounts []Account
	Entries  []cost.Entry
	Calls    []Call
	// The charges of the provider.
	Charges []Charge
	// The operations of clients and their answers.
	Ops           []Op
	Reads         []Read
	Subscriptions []Subscription
	Feeds         []Feed
	// What a round of posts has beside these.
	Publications []Publication
	Posts        []Post
	Units        []UnitEvent
	Answers      []Answer
}

// Flow is the current state of a workflow.
type Flow struct {
	ID      uuid.UUID
	Company string
	State   workflow.State
	Version int
}

// Row is a row of a workflow's journal.
type Row struct {
	Flow     uuid.UUID
	Version  int
	Kind     workflow.EdgeKind
	From, To workflow.State // From is empty in the first row
	Actor    string
}

// Run is one visit to a processing state.
type Run struct {
	Flow    uuid.UUID
	Token   int
	Worker  string
	Ended   *int // the version that ended it
	Failure string
	Results int // number of its results
}

// Account is the account of a workflow or of a month.
type Account struct {
	ID      uuid.UUID
	Month   bool
	Balance cost.Balance
	Last    int64 // sequence of its last entry
}

// Call is the row of one request to a model.
type Call struct {
	ID, Flow, Month uuid.UUID
	OfRun           bool // true for a call of the engine, false for a client's call
	State           cost.CallState
	Hold            cost.Pico
	Cost            *cost.Pico
	Generation      string
	Actor           string
}

// Charge is the provider's charge for one answer, and its cost at the published prices.
type Charge struct {
	Generation, Company string
	Cost, Published     cost.Pico
}

// Verb is the kind of an operation.
type Verb string

// The verbs.
const (
	Create   Verb = "createWorkflow"
	Generate Verb = "generateIcp"
	Move     Verb = "transitionWorkflow"
	Cancel   Verb = "cancelWorkflow"
	Reserve  Verb = "reserveUsage"
	Settle   Verb = "settleUsage"
	Release  Verb = "releaseUsage"
)

// moves reports whether the verb writes a row of a journal.
func (v Verb) moves() bool { return v == Create || v == Generate || v == Move || v == Cancel }

// Op is one change that a client has requested, once or several times with one idempotency key. Its actor is unique, so
// that all rows of the operation can be counted.
type Op struct {
	Actor    string
	Verb     Verb
	Flow     uuid.UUID      // zero for a creation without an answer
	From, To workflow.State // of a Move
	Version  *int           // the version that the client named
	Call     uuid.UUID      // of Settle and Release
	Amount   cost.Pico      // hold of a Reserve, cost of a Settle
	Attempts []Attempt
}

// String returns the name of an operation for a violation.
func (o Op) String() string {
	text := fmt.Sprintf("%s by %s of %s", o.Verb, o.Actor, o.Flow)
	if o.Verb == Move {
		text += fmt.Sprintf(" from %s to %s", o.From, o.To)
	}
	if o.Version != nil {
		text += fmt.Sprintf(" at version %d", *o.Version)
	}
	return text
}

// Outcome is the result of one attempt.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown" // no answer, or one that does not decide
)

// Attempt is one attempt of an operation. Times are relative to the beginning of the history.
type Attempt struct {
	Sent, Answered time.Duration
	Outcome        Outcome
	Replayed       bool
	Flow, Call     uuid.UUID // named by the answer
	Version        *int      // version of the change in the answer
	Now            *Position // position of the workflow in the answer
}

// Position is the state and version of a workflow at one time.
type Position struct {
	State   workflow.State
	Version int
}

// Read is a query for the position of a workflow.
type Read struct {
	Flow           uuid.UUID
	Sent, Answered time.Duration
	Position       Position
}

// Subscription has all events that a subscriber of one workflow received, over all its connections.
type Subscription struct {
	Flow   uuid.UUID
	Ledger bool // true for entries of the ledger, false for transitions
	Events []Event
}

// Event is one message of a subscription.
type Event struct {
	Flow     uuid.UUID
	Number   int
	From, To workflow.State // of a transition
}

// Feed has the events that a subscriber of an organization received on one connection, from one resync to the next.
type Feed struct {
	Since  time.Duration // arrival of the resync
	Events []Event
	// ToTheEnd is true when the feed lasted until quiescence.
	ToTheEnd bool
}

// Missed returns the events that feeds to the end should have and have not. Some may still arrive.
func Missed(h History) []Violation {
	c := newChecker(h)
	c.feeds()
	return c.found
}

// Check returns the violations in a history.
func Check(h History) []Violation {
	c := newChecker(h)
	c.journals()
	c.operations()
	c.runs()
	c.ledger()
	c.charges()
	c.subscriptions()
	c.feeds()
	c.order()
	c.posts()
	c.units()
	c.answers()
	return c.found
}
