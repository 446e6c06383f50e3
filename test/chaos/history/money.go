package history

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
)

// callEntries summarizes the entries of one account about one call.
type callEntries struct {
	held, booked cost.Pico
	outcomes     []cost.EntryKind
	holds        int
}

// outcomes has the kind of entry that ends a call, for each state.
var outcomes = map[cost.CallState]cost.EntryKind{
	cost.CallSettled: cost.EntrySettle, cost.CallReleased: cost.EntryRelease, cost.CallAssumed: cost.EntryAssume,
}

// ledger compares accounts, entries and calls with each other.
func (c *checker) ledger() {
	calls := map[uuid.UUID]map[uuid.UUID]*callEntries{} // indexed by account and call
	for _, account := range c.Accounts {
		calls[account.ID] = c.account(account)
	}
	for id := range c.entriesOf {
		if calls[id] == nil {
			c.violated(RuleLedger, "account %s has entries and no row", id)
		}
	}
	for _, call := range c.Calls {
		if call.State.Open() {
			c.violated(RuleHolds, "call %s of workflow %s by %s is %s after quiescence", call.ID, call.Flow,
				call.Actor, call.State)
		}
		for _, account := range []uuid.UUID{call.Flow, call.Month} {
			s := calls[account][call.ID]
			switch {
			case s == nil || s.holds != 1:
				c.violated(RuleLedger, "call %s has no hold, or several, on the account %s", call.ID, account)
			case len(s.outcomes) > 1:
				c.violated(RuleLedger, "call %s has the outcomes %v on the account %s", call.ID, s.outcomes, account)
			case !call.State.Open() && !slices.Equal(s.outcomes, []cost.EntryKind{outcomes[call.State]}):
				c.violated(RuleLedger, "call %s is %s, and its outcome on the account %s is %v", call.ID, call.State,
					account, s.outcomes)
			case !call.State.Open() && s.held != 0:
				c.violated(RuleHolds, "call %s is %s, and holds %s on the account %s", call.ID, call.State, s.held, account)
			}
		}
	}
}

// account checks the entries of one account, and returns a summary for each call.
func (c *checker) account(account Account) map[uuid.UUID]*callEntries {
	calls := map[uuid.UUID]*callEntries{}
	previous := cost.Entry{Sequence: -1}
	for _, e := range c.entriesOf[account.ID] {
		fail := func(rule, format string, args ...any) {
			c.violated(rule, "entry %d (%s by %s) of account %s %s", e.Sequence, e.Kind, e.Actor, account.ID,
				fmt.Sprintf(format, args...))
		}
		if e.Sequence != previous.Sequence+1 || e.Before != previous.After {
			fail(RuleLedger, "does not follow entry %d", previous.Sequence)
		}
		if e.Delta.Held > 0 {
			if used := e.Before.Settled + e.Before.Held + e.Delta.Held; !e.Before.Limit.Allows(used) || e.Before.Stopped {
				fail(RuleLimit, "is admitted at %s of %s (stopped: %t)", used, e.Before.Limit, e.Before.Stopped)
			}
		} else if err := e.Check(); err != nil {
			fail(RuleLedger, "is inconsistent: %v", err)
		}
		previous = e
		if e.CallID == nil {
			continue
		}
		s := calls[*e.CallID]
		if s == nil {
			s = &callEntries{}
			calls[*e.CallID] = s
		}
		s.held += e.Delta.Held
		s.booked += e.Delta.Settled
		switch e.Kind {
		case cost.EntryReserve:
			s.holds++
		case cost.EntrySettle, cost.EntryRelease, cost.EntryAssume, cost.EntryRecord:
			s.outcomes = append(s.outcomes, e.Kind)
		}
	}
	if account.Balance != previous.After || account.Last != previous.Sequence {
		c.violated(RuleLedger, "account %s has %+v, its last entry has %+v", account.ID, account.Balance, previous.After)
	}
	if account.Balance.Held != 0 {
		c.violated(RuleHolds, "account %s holds %s after quiescence", account.ID, account.Balance.Held)
	}
	return calls
}

// charges compares the provider's charges with the engine's calls: each answer is paid for once, at its cost. An answer
// without a known generation is covered by a call that is assumed to have cost its hold. The hold bounds the cost at
// the published prices only: a higher bill is found by reconciliation.
func (c *checker) charges() {
	booked := map[uuid.UUID]cost.Pico{}
	for _, e := range c.Entries {
		if e.CallID != nil && e.AccountID == c.calls[*e.CallID].Flow {
			booked[*e.CallID] += e.Delta.Settled
		}
	}
	charges := map[string]Charge{}
	for _, charge := range c.Charges {
		charges[charge.Generation] = charge
	}
	payers, assumed := map[string]Call{}, map[string][]cost.Pico{}
	for _, call := range c.Calls {
		if !call.OfRun {
			continue
		}
		if call.Generation == "" {
			if call.State == cost.CallAssumed {
				company := c.flows[call.Flow].Company
				assumed[company] = append(assumed[company], call.Hold)
			}
			continue
		}
		if other, twice := payers[call.Generation]; twice {
			c.violated(RuleCharge, "the answer %s is paid for by call %s and by call %s", call.Generation, other.ID, call.ID)
		}
		payers[call.Generation] = call
		charge, known := charges[call.Generation]
		if !known || charge.Cost != booked[call.ID] {
			c.violated(RuleCharge, "call %s of workflow %s (%s) is booked with %s, the provider has charged %s for %s",
				call.ID, call.Flow, call.State, booked[call.ID], charge.Cost, call.Generation)
		}
	}
	for _, charge := range c.Charges {
		if _, paid := payers[charge.Generation]; paid || charge.Cost == 0 {
			continue
		}
		holds := assumed[charge.Company]
		at := slices.IndexFunc(holds, func(hold cost.Pico) bool { return hold >= charge.Published })
		if at < 0 {
			c.violated(RuleCharge, "the provider has charged %s for the answer %s about %s, and no call has paid for it",
				charge.Cost, charge.Generation, charge.Company)
			continue
		}
		assumed[charge.Company] = slices.Delete(holds, at, at+1)
	}
}
