package history

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
)

// orderLimit is the longest search for an order of one workflow's operations. The search is exponential in concurrent
// operations, so a timeout is not a violation.
const orderLimit = 10 * time.Second

// forever is the end of an operation without an answer: it may take effect at any later time.
const forever = math.MaxInt64

// input is the effect of an operation on the register of a workflow: a state and a version.
type input struct {
	made   *Row      // a successful compare-and-set, with its row in the journal
	read   *Position // the answer of a read
	notAt  *Position // a refusal: the workflow was in another state, or at another version
	either bool      // notAt compares the version too
}

// register models a workflow as a register with compare-and-set.
var register = porcupine.Model{
	Init: func() any { return Position{Version: -1} },
	Step: func(state, in, _ any) (bool, any) {
		now, ok := state.(Position)
		op, known := in.(input)
		if !ok || !known {
			return false, state
		}
		switch {
		case op.made != nil:
			return now.Version == op.made.Version-1 && now.State == op.made.From,
				Position{State: op.made.To, Version: op.made.Version}
		case op.read != nil:
			return now == *op.read, now
		default:
			return now.State != op.notAt.State || op.either && now.Version != op.notAt.Version, now
		}
	},
}

// order checks that the operations on each workflow are linearizable: transitions as compare-and-set of state and
// version, refusals and queries as reads. An operation without an answer may take effect at any later time. A row of
// the engine's own workers may take effect at any time.
func (c *checker) order() {
	histories := map[uuid.UUID][]porcupine.Operation{}
	add := func(flow uuid.UUID, in input, from time.Duration, to int64) {
		histories[flow] = append(histories[flow], porcupine.Operation{Input: in, Call: int64(from), Return: to})
	}
	attributed := map[string]bool{}
	for _, op := range c.Ops {
		if !op.Verb.moves() {
			continue
		}
		if rows := c.rowsOf[op.Actor]; len(rows) == 1 {
			attributed[op.Actor] = true
			add(rows[0].Flow, input{made: &rows[0]}, op.Attempts[0].Sent, op.acknowledged())
		}
		for _, a := range op.Attempts {
			if a.Now == nil || a.Outcome == Unknown {
				continue
			}
			if a.Outcome == Refused || a.Replayed { // A replay reads no state: its answer is that of the first attempt.
				add(op.Flow, input{read: a.Now}, a.Sent, int64(a.Answered))
			}
			if at := op.expected(); a.Outcome == Refused && at != nil {
				add(op.Flow, input{notAt: at, either: op.Version != nil}, a.Sent, int64(a.Answered))
			}
		}
	}
	for _, row := range c.Rows {
		if !attributed[row.Actor] {
			add(row.Flow, input{made: &row}, 0, forever)
		}
	}
	for _, r := range c.Reads {
		add(r.Flow, input{read: &r.Position}, r.Sent, int64(r.Answered))
	}
	for _, flow := range c.Flows {
		if porcupine.CheckOperationsTimeout(register, histories[flow.ID], orderLimit) == porcupine.Illegal {
			c.violated(RuleOrder, "the %d operations on workflow %s are not linearizable",
				len(histories[flow.ID]), flow.ID)
		}
	}
}

// acknowledged returns the time of the first acknowledgement of an operation.
func (o Op) acknowledged() int64 {
	first := int64(forever)
	for _, a := range o.Attempts {
		if a.Outcome == Done {
			first = min(first, int64(a.Answered))
		}
	}
	return first
}

// expected returns the position that an operation requires, or nil.
func (o Op) expected() *Position {
	if o.Verb != Move {
		return nil
	}
	at := &Position{State: o.From}
	if o.Version != nil {
		at.Version = *o.Version
	}
	return at
}
