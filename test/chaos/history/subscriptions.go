package history

import (
	"time"

	"github.com/google/uuid"
)

// subscriptions checks that each subscriber saw each number of a journal or ledger once and in order.
func (c *checker) subscriptions() {
	for _, s := range c.Subscriptions {
		what, length := "versions", len(c.journal[s.Flow])
		if s.Ledger {
			what, length = "ledger entries", len(c.entriesOf[s.Flow])
		}
		for i, e := range s.Events {
			if e.Number != i {
				c.violated(RuleSeen, "a subscriber of the %s of %s saw number %d, want %d", what, s.Flow,
					e.Number, i)
				break
			}
			if !s.Ledger {
				c.agrees(s.Flow, e)
			}
		}
		if len(s.Events) < length {
			c.violated(RuleSeen, "a subscriber of the %s of %s saw %d of %d", what, s.Flow, len(s.Events), length)
		}
	}
}

// agrees compares an event with the journal.
func (c *checker) agrees(flow uuid.UUID, e Event) {
	rows := c.journal[flow]
	if e.Number >= len(rows) || rows[e.Number].From != e.From || rows[e.Number].To != e.To {
		c.violated(RuleSeen, "a subscriber of %s received version %d as %s → %s, which is not in the journal", flow,
			e.Number, e.From, e.To)
	}
}

// feeds checks that each subscriber of an organization saw all transitions of each workflow once and in order.
func (c *checker) feeds() {
	began := c.beginnings()
	for _, f := range c.Feeds {
		last := map[uuid.UUID]int{}
		first := map[uuid.UUID]int{}
		for _, e := range f.Events {
			if before, seen := last[e.Flow]; !seen {
				first[e.Flow] = e.Number
			} else if e.Number != before+1 {
				c.violated(RuleSeen, "a subscriber of the organization saw version %d of %s after version %d", e.Number,
					e.Flow, before)
			}
			last[e.Flow] = e.Number
			c.agrees(e.Flow, e)
		}
		if !f.ToTheEnd {
			continue
		}
		for _, row := range c.Rows {
			from, seen := first[row.Flow]
			sent, ours := began[row.Actor]
			due := seen && row.Version >= from || ours && sent > f.Since
			if due && (!seen || row.Version < from || row.Version > last[row.Flow]) {
				c.violated(RuleSeen, "a subscriber of the organization never saw version %d of %s", row.Version, row.Flow)
			}
		}
	}
}

// beginnings returns the time of the first attempt of each operation.
func (c *checker) beginnings() map[string]time.Duration {
	began := map[string]time.Duration{}
	for _, op := range c.Ops {
		if len(op.Attempts) > 0 {
			began[op.Actor] = op.Attempts[0].Sent
		}
	}
	return began
}
