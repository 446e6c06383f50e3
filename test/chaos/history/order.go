package history

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
)

// orderLimit is how long the order of one workflow's operations is looked for. What is not decided by then is no
// violation: the search is exponential in what was under way at once.
const orderLimit = 10 * time.Second

// forever is the end of an operation that was never answered: it may happen until the end.
const forever = math.MaxInt64

// input is what an operation does to the register that a workflow is: a state and a version.
type input struct {
	made   *Row      // compare and set, successful: the journal says which version it made
	read   *Standing // the answer of a read
	notAt  *Standing // the workflow was elsewhere: in another state, or at another version
	either bool      // notAt compares the version too
}

// register is a workflow as a register with compare-and-set.
var register = porcupine.Model{
	Init: func() any { return Standing{Version: -1} },
	Step: func(state, in, _ any) (bool, any) {
		now, ok := state.(Standing)
		op, known := in.(input)
		if !ok || !known {
			return false, state
		}
		switch {
		case op.made != nil:
			return now.Version == op.made.Version-1 && now.State == op.made.From,
				Standing{State: op.made.To, Version: op.made.Version}
		case op.read != nil:
			return now == *op.read, now
		default:
			return now.State != op.notAt.State || op.either && now.Version != op.notAt.Version, now
		}
	},
}

// order checks of each workflow that its operations, as long as each was under way, could have happened one after the
// other: transitions as compare-and-set of state and version, refusals and queries as reads. What was never answered is
// under way until the end, and what the engine's own workers did at any time.
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
			if a.Outcome == Refused || a.Replayed { // What a first answer says is what the change itself made.
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
		add(r.Flow, input{read: &r.Standing}, r.Sent, int64(r.Answered))
	}
	for _, flow := range c.Flows {
		if porcupine.CheckOperationsTimeout(register, histories[flow.ID], orderLimit) == porcupine.Illegal {
			c.violated(RuleOrder, "the %d operations on workflow %s cannot have happened one after the other",
				len(histories[flow.ID]), flow.ID)
		}
	}
}

// acknowledged is when an operation was first known to have happened.
func (o Op) acknowledged() int64 {
	first := int64(forever)
	for _, a := range o.Attempts {
		if a.Outcome == Done {
			first = min(first, int64(a.Answered))
		}
	}
	return first
}

// expected is where an operation wanted the workflow to be; nil when it did not say.
func (o Op) expected() *Standing {
	if o.Verb != Move {
		return nil
	}
	at := &Standing{State: o.From}
	if o.Version != nil {
		at.Version = *o.Version
	}
	return at
}
