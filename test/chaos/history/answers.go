package history

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
)

// operations compares the answers of clients with the database: an acknowledged change is there, a change without an
// answer is there at most once, a refused change is not there.
func (c *checker) operations() {
	entries := map[string][]cost.Entry{}
	for _, e := range c.Entries {
		entries[e.Actor] = append(entries[e.Actor], e)
	}
	for _, op := range c.Ops {
		switch {
		case op.Verb.moves():
			c.moved(op)
		case op.Verb == Reserve:
			c.reserved(op)
		default:
			c.ended(op, entries[op.Actor])
		}
	}
}

// refused reports whether every attempt was refused.
func (o Op) refused() bool {
	for _, a := range o.Attempts {
		if a.Outcome != Refused {
			return false
		}
	}
	return true
}

// moved checks a change of a workflow.
func (c *checker) moved(op Op) {
	rows := c.rowsOf[op.Actor]
	if len(rows) > 1 {
		c.violated(RuleOnce, "%s is in the journal %d times", op, len(rows))
	}
	if len(rows) > 0 && op.refused() {
		c.violated(RuleOnce, "%s was refused, and made version %d", op, rows[0].Version)
	}
	for _, a := range op.Attempts {
		if a.Outcome != Done {
			continue
		}
		switch {
		case len(rows) == 0:
			c.violated(RuleAcknowledged, "%s was acknowledged, and is not in the journal", op)
			return
		case a.Version == nil || *a.Version != rows[0].Version || a.Flow != rows[0].Flow:
			c.violated(RuleAcknowledged, "%s was acknowledged as another version than %d of %s, which it made", op,
				rows[0].Version, rows[0].Flow)
		}
	}
	if len(rows) == 0 {
		return
	}
	row := rows[0]
	if op.Version != nil && row.Version != *op.Version+1 {
		c.violated(RuleFence, "%s made version %d", op, row.Version)
	}
	if op.Verb == Move && (row.Flow != op.Flow || row.From != op.From || row.To != op.To) {
		c.violated(RuleAcknowledged, "%s is in the journal as %s → %s of %s", op, row.From, row.To, row.Flow)
	}
}

// reserved checks a reservation.
func (c *checker) reserved(op Op) {
	calls := c.callsOf[op.Actor]
	if len(calls) > 1 {
		c.violated(RuleOnce, "%s has made %d calls", op, len(calls))
	}
	if len(calls) > 0 && op.refused() {
		c.violated(RuleOnce, "%s was refused, and has made the call %s", op, calls[0].ID)
	}
	for _, a := range op.Attempts {
		if a.Outcome != Done {
			continue
		}
		if len(calls) == 0 {
			c.violated(RuleAcknowledged, "%s was acknowledged, and there is no call", op)
			return
		}
		if a.Call != calls[0].ID || calls[0].Hold != op.Amount || calls[0].Flow != op.Flow {
			c.violated(RuleAcknowledged, "%s of %s was acknowledged as the call %s, the ledger has %s with %s", op,
				op.Amount, a.Call, calls[0].ID, calls[0].Hold)
		}
	}
}

// ended checks a settlement or a release.
func (c *checker) ended(op Op, entries []cost.Entry) {
	times := map[uuid.UUID]int{}
	for _, e := range entries {
		if times[e.AccountID]++; times[e.AccountID] == 2 {
			c.violated(RuleOnce, "%s of call %s is in the ledger twice", op, op.Call)
		}
	}
	if len(entries) > 0 && op.refused() {
		c.violated(RuleOnce, "%s of call %s was refused, and is in the ledger", op, op.Call)
	}
	for _, a := range op.Attempts {
		if a.Outcome != Done {
			continue
		}
		call, there := c.calls[op.Call]
		want := cost.CallSettled
		if op.Verb == Release {
			want = cost.CallReleased
		}
		switch {
		case !there || call.State != want:
			c.violated(RuleAcknowledged, "%s of call %s was acknowledged, and the call is %s", op, op.Call, call.State)
		case op.Verb == Settle && (call.Cost == nil || *call.Cost != op.Amount):
			c.violated(RuleAcknowledged, "%s of call %s at %s was acknowledged, and another cost was booked", op, op.Call,
				op.Amount)
		}
	}
}
