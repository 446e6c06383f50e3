// Package history decides whether what clients were told about workflows, runs and money agrees with what the database
// and the model provider hold afterwards, when everything is at rest. It is pure: it takes a history and returns what
// is wrong with it. It shares no code with what it judges but the table of edges and the arithmetic of money, and it
// refuses to explain: why a promise was broken is for whoever reads the violation.
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
	RulePath         = "path"         // a journal is one gapless path of the graph, and ends where the workflow stands
	RuleAcknowledged = "acknowledged" // what a client was told is there
	RuleOnce         = "once"         // what a client was not told is there once or not at all, what was refused is not
	RuleFence        = "fence"        // who names a version acts on that version
	RuleRun          = "run"          // a run has one outcome, which is its own
	RuleLimit        = "limit"        // at every admission settled + held ≤ limit
	RuleLedger       = "ledger"       // an account is the sum of its entries, a call has one hold and one outcome
	RuleHolds        = "holds"        // at rest nothing is held
	RuleCharge       = "charge"       // what the provider has charged is what the ledger has booked
	RuleSeen         = "seen"         // a subscriber sees the journal: each number once, in order, without a gap
	RuleOrder        = "order"        // the operations on a workflow could have happened one after the other
)

// Violation is a broken rule.
type Violation struct{ Rule, Detail string }

// String is one line.
func (v Violation) String() string { return v.Rule + ": " + v.Detail }

// History is what happened in one organization until everything was at rest.
type History struct {
	// What the database holds.
	Flows    []Flow
	Rows     []Row
	Runs     []Run
	Accounts []Account
	Entries  []cost.Entry
	Calls    []Call
	// What the provider has charged.
	Charges []Charge
	// What clients have asked for and were told.
	Ops       []Op
	Reads     []Read
	Sightings []Sighting
	Feeds     []Feed
}

// Flow is where a workflow stands.
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
	Results int // how many results were kept for it
}

// Account is what a workflow's or a month's account says.
type Account struct {
	ID      uuid.UUID
	Month   bool
	Balance cost.Balance
	Last    int64 // its last entry
}

// Call is one request to a model as the database has it.
type Call struct {
	ID, Flow, Month uuid.UUID
	OfRun           bool // the engine made it; otherwise a client did
	State           cost.CallState
	Hold            cost.Pico
	Cost            *cost.Pico
	Generation      string
	Actor           string
}

// Charge is what an answer has cost in the provider's books, and what it costs at the published prices.
type Charge struct {
	Generation, Company string
	Cost, Published     cost.Pico
}

// Verb is what an operation asks for.
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

// Op is one change that a client has asked for, once or, under an idempotency key, several times. Actor is the name it
// signed with: its own, so that everything it wrote can be counted.
type Op struct {
	Actor    string
	Verb     Verb
	Flow     uuid.UUID      // zero while nobody knows it: a creation without an answer
	From, To workflow.State // of a Move
	Version  *int           // that the caller named
	Call     uuid.UUID      // of Settle and Release
	Amount   cost.Pico      // the hold of a Reserve, the cost of a Settle
	Attempts []Attempt
}

// String names an operation in a violation.
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

// Outcome is what a client knows after one attempt.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown" // no answer, or one that leaves it open
)

// Attempt is an operation sent once. Times are counted from the beginning of the history.
type Attempt struct {
	Sent, Answered time.Duration
	Outcome        Outcome
	Replayed       bool
	Flow, Call     uuid.UUID // that the answer names
	Version        *int      // that the change made, by the answer
	Now            *Standing // where the workflow stands, by the answer
}

// Standing is where a workflow stood at a moment.
type Standing struct {
	State   workflow.State
	Version int
}

// Read is a query for where a workflow stands.
type Read struct {
	Flow           uuid.UUID
	Sent, Answered time.Duration
	Standing       Standing
}

// Sighting is what a subscriber of one workflow was told from the first number on, over as many connections as it took.
type Sighting struct {
	Flow   uuid.UUID
	Ledger bool // entries of the ledger; otherwise transitions
	Events []Event
}

// Event is one message of a subscription.
type Event struct {
	Flow     uuid.UUID
	Number   int
	From, To workflow.State // of a transition
}

// Feed is what a subscriber of a whole organization was told on one connection, from one resync to the next.
type Feed struct {
	Since  time.Duration // when the resync had arrived
	Events []Event
	// ToTheEnd says that the feed was followed until everything was at rest.
	ToTheEnd bool
}

// Missed returns what feeds that are followed to the end have not told, of what the rows and the operations say they
// should. Whoever follows may still be told.
func Missed(h History) []Violation {
	c := newChecker(h)
	c.feeds()
	return c.found
}

// Check returns what is wrong with a history: nothing, if every promise was kept.
func Check(h History) []Violation {
	c := newChecker(h)
	c.journals()
	c.operations()
	c.runs()
	c.ledger()
	c.charges()
	c.sightings()
	c.feeds()
	c.order()
	return c.found
}
