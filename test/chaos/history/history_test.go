package history_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

const cent = cost.Dollar / 100

var (
	flow  = uuid.MustParse("00000000-0000-7000-8000-000000000001")
	month = uuid.MustParse("00000000-0000-7000-8000-000000000002")
	paid  = uuid.MustParse("00000000-0000-7000-8000-000000000003") // a call of the engine
	own   = uuid.MustParse("00000000-0000-7000-8000-000000000004") // a call of a client
	lost  = uuid.MustParse("00000000-0000-7000-8000-000000000005") // a call without an answer
)

func number(n int) *int { return &n }

func at(s workflow.State, version int) *history.Position {
	return &history.Position{State: s, Version: version}
}

// answered returns an attempt that took one second.
func answered(second int, outcome history.Outcome) history.Attempt {
	return history.Attempt{
		Sent:     time.Duration(second) * time.Second,
		Answered: time.Duration(second+1) * time.Second,
		Outcome:  outcome,
		Flow:     flow,
	}
}

// made returns an acknowledged change of the workflow.
func made(second, version int, to workflow.State) history.Attempt {
	a := answered(second, history.Done)
	a.Version, a.Now = number(version), at(to, version)
	return a
}

// ledgerOf returns the entries of one account about the three calls: each is held, then settled, settled and assumed.
func ledgerOf(account uuid.UUID) (entries []cost.Entry, last cost.Balance) {
	balance := cost.Balance{}
	add := func(kind cost.EntryKind, call *uuid.UUID, actor string, delta cost.Delta) {
		after, err := balance.Plus(delta)
		if err != nil {
			panic(err)
		}
		entries = append(entries, cost.Entry{
			AccountID: account,
			Sequence:  int64(len(entries)),
			Kind:      kind,
			CallID:    call,
			Actor:     actor,
			Before:    balance,
			After:     after,
			Delta:     delta,
		})
		balance = after
	}
	add(cost.EntryOpen, nil, "anna", cost.Delta{Limit: cost.Limit(100 * cent)})
	add(cost.EntryReserve, &paid, "worker", cost.Delta{Held: 5 * cent})
	add(cost.EntryReserve, &own, "carl", cost.Delta{Held: 3 * cent})
	add(cost.EntrySettle, &paid, "worker", cost.Delta{Settled: 2 * cent, Held: -5 * cent})
	add(cost.EntrySettle, &own, "dora", cost.Delta{Settled: cent, Held: -3 * cent})
	add(cost.EntryReserve, &lost, "worker", cost.Delta{Held: 5 * cent})
	add(cost.EntryAssume, &lost, "sweeper", cost.Delta{Settled: 5 * cent, Held: -5 * cent})
	return entries, balance
}

// good returns a history without violations. Anna creates a workflow and starts its first step. One worker dies,
// another one completes the step. Bert is refused, Carl and Dora pay for a call. There are two subscribers.
func good() history.History {
	h := history.History{
		Flows: []history.Flow{{
			ID:      flow,
			Company: "Company 1",
			State:   workflow.CompetitorPending,
			Version: 6,
		}},
		Runs: []history.Run{
			{
				Flow:    flow,
				Token:   2,
				Worker:  "silent",
				Ended:   number(3),
				Failure: "LEASE_EXPIRED",
			},
			{
				Flow:    flow,
				Token:   4,
				Worker:  "worker",
				Ended:   number(5),
				Results: 1,
			},
		},
		Calls: []history.Call{
			{
				ID:         paid,
				Flow:       flow,
				Month:      month,
				OfRun:      true,
				State:      cost.CallSettled,
				Hold:       5 * cent,
				Generation: "gen-1",
				Actor:      "worker",
				Cost:       pico(2 * cent),
			},
			{
				ID:    own,
				Flow:  flow,
				Month: month,
				State: cost.CallSettled,
				Hold:  3 * cent,
				Actor: "carl",
				Cost:  pico(cent),
			},
			{
				ID:    lost,
				Flow:  flow,
				Month: month,
				OfRun: true,
				State: cost.CallAssumed,
				Hold:  5 * cent,
				Actor: "worker",
			},
		},
		Charges: []history.Charge{
			{Generation: "gen-1", Company: "Company 1", Cost: 2 * cent},
			{Generation: "gen-2", Company: "Company 1", Cost: 4 * cent},
		},
		Reads: []history.Read{
			{
				Flow:     flow,
				Sent:     3 * time.Second,
				Answered: 4 * time.Second,
				Position: *at(workflow.ICPPending, 1),
			},
		},
	}
	for version, step := range []struct {
		to    workflow.State
		actor string
	}{
		{workflow.Created, "anna"},
		{workflow.ICPPending, "anna.2"},
		{workflow.ICPProcessing, "silent"},
		{workflow.ICPFailed, "sweeper"},
		{workflow.ICPProcessing, "worker"},
		{workflow.ICPCompleted, "worker"},
		{workflow.CompetitorPending, "anna.3"},
	} {
		row := history.Row{
			Flow:    flow,
			Version: version,
			Kind:    workflow.Create,
			To:      step.to,
			Actor:   step.actor,
		}
		if version > 0 {
			row.From = h.Rows[version-1].To
			row.Kind, _ = workflow.CheckEdge(row.From, row.To)
		}
		h.Rows = append(h.Rows, row)
	}
	refused := answered(20, history.Refused)
	refused.Now = at(workflow.CompetitorPending, 6)
	reserved, settled := answered(21, history.Done), answered(22, history.Done)
	reserved.Call, settled.Call = own, own
	h.Ops = []history.Op{
		{
			Actor:    "anna",
			Verb:     history.Create,
			Flow:     flow,
			Attempts: []history.Attempt{made(0, 0, workflow.Created)},
		},
		{
			Actor: "anna.2",
			Verb:  history.Generate,
			Flow:  flow,
			Attempts: []history.Attempt{
				answered(1, history.Unknown), made(2, 1, workflow.ICPPending),
			},
		},
		{
			Actor:    "anna.3",
			Verb:     history.Move,
			Flow:     flow,
			From:     workflow.ICPCompleted,
			To:       workflow.CompetitorPending,
			Version:  number(5),
			Attempts: []history.Attempt{made(10, 6, workflow.CompetitorPending)},
		},
		{
			Actor:    "bert",
			Verb:     history.Move,
			Flow:     flow,
			From:     workflow.ICPCompleted,
			To:       workflow.CompetitorPending,
			Attempts: []history.Attempt{refused},
		},
		{
			Actor:    "carl",
			Verb:     history.Reserve,
			Flow:     flow,
			Amount:   3 * cent,
			Attempts: []history.Attempt{reserved},
		},
		{
			Actor:    "dora",
			Verb:     history.Settle,
			Flow:     flow,
			Call:     own,
			Amount:   cent,
			Attempts: []history.Attempt{settled},
		},
		{
			Actor:    "emil",
			Verb:     history.Cancel,
			Flow:     flow,
			Attempts: []history.Attempt{answered(23, history.Unknown)},
		},
	}
	for _, account := range []uuid.UUID{flow, month} {
		entries, balance := ledgerOf(account)
		h.Entries = append(h.Entries, entries...)
		h.Accounts = append(h.Accounts, history.Account{
			ID:      account,
			Month:   account == month,
			Balance: balance,
			Last:    int64(len(entries) - 1),
		})
	}
	seen, bill := history.Subscription{Flow: flow}, history.Subscription{Flow: flow, Ledger: true}
	for _, row := range h.Rows {
		seen.Events = append(seen.Events, history.Event{
			Flow:   flow,
			Number: row.Version,
			From:   row.From,
			To:     row.To,
		})
	}
	for i := range 7 {
		bill.Events = append(bill.Events, history.Event{Flow: flow, Number: i})
	}
	h.Subscriptions = []history.Subscription{seen, bill}
	h.Feeds = []history.Feed{{Since: 5 * time.Second, Events: slices.Clone(seen.Events[2:]), ToTheEnd: true}}
	return h
}

func pico(p cost.Pico) *cost.Pico { return &p }

func TestCheck_FindsNothingInAGoodHistory(t *testing.T) {
	t.Parallel()
	for _, v := range history.Check(good()) {
		t.Error(v)
	}
}

// bad are histories with one broken promise, and its rule.
var bad = map[string]struct {
	rule   string
	damage func(*history.History)
}{
	"a gap in the journal": {history.RulePath, func(h *history.History) {
		h.Rows = slices.Delete(h.Rows, 3, 4)
	}},
	"two winners of one version": {history.RulePath, func(h *history.History) {
		second := h.Rows[6]
		second.Actor = "bert"
		h.Rows = append(h.Rows, second)
	}},
	"an illegal edge": {history.RulePath, func(h *history.History) {
		h.Rows[1].To, h.Rows[2].From = workflow.PublishPending, workflow.PublishPending
	}},
	"a change after a terminal state": {history.RulePath, func(h *history.History) {
		h.Rows[5].To, h.Rows[6].From = workflow.Cancelled, workflow.Cancelled
	}},
	"a workflow in another state than its journal": {history.RulePath, func(h *history.History) {
		h.Flows[0].State = workflow.CompetitorProcessing
	}},
	"a lost acknowledged change": {history.RuleAcknowledged, func(h *history.History) {
		h.Rows[6].Actor = "another actor"
	}},
	"a change acknowledged as another one": {history.RuleAcknowledged, func(h *history.History) {
		h.Ops[2].Attempts[0].Version = number(5)
	}},
	"two acknowledged winners": {history.RuleAcknowledged, func(h *history.History) {
		h.Ops[3].Attempts[0] = made(20, 6, workflow.CompetitorPending)
	}},
	"a change made twice": {history.RuleOnce, func(h *history.History) {
		h.Rows[5].Actor = "anna.3"
	}},
	"a refused change that was made": {history.RuleOnce, func(h *history.History) {
		h.Rows[6].Actor = "bert"
	}},
	"a change at another version than was named": {history.RuleFence, func(h *history.History) {
		h.Ops[2].Version = number(2)
	}},
	"a result of a lost run": {history.RuleRun, func(h *history.History) { h.Runs[0].Results = 1 }},
	"a run that never ended": {history.RuleRun, func(h *history.History) { h.Runs[1].Ended = nil }},
	"an admission beyond the limit": {history.RuleLimit, func(h *history.History) {
		for i := range h.Entries {
			h.Entries[i].Before.Limit, h.Entries[i].After.Limit = cost.Limit(7*cent), cost.Limit(7*cent)
		}
	}},
	"a call that still holds": {history.RuleHolds, func(h *history.History) { h.Calls[1].State = cost.CallReserved }},
	"a call that is booked twice": {history.RuleLedger, func(h *history.History) {
		again := h.Entries[3]
		again.Sequence = 7
		h.Entries = append(h.Entries, again)
	}},
	"a balance that no entry explains": {history.RuleLedger, func(h *history.History) {
		h.Accounts[0].Balance.Settled++
	}},
	"a settlement that is lost": {history.RuleAcknowledged, func(h *history.History) {
		h.Calls[1].State = cost.CallReleased
	}},
	"a charge without a call": {history.RuleCharge, func(h *history.History) {
		h.Charges = append(h.Charges, history.Charge{Generation: "gen-3", Company: "Company 1", Cost: cent})
	}},
	"an answer that was paid for twice": {history.RuleCharge, func(h *history.History) {
		h.Calls[2].Generation = "gen-1"
	}},
	"a cost that the provider did not charge": {history.RuleCharge, func(h *history.History) { h.Charges[0].Cost = cent }},
	"an event received twice": {history.RuleSeen, func(h *history.History) {
		h.Subscriptions[0].Events = slices.Insert(h.Subscriptions[0].Events, 3, h.Subscriptions[0].Events[2])
	}},
	"an event that was left out": {history.RuleSeen, func(h *history.History) {
		h.Subscriptions[1].Events = slices.Delete(h.Subscriptions[1].Events, 4, 5)
	}},
	"a subscriber that is behind": {history.RuleSeen, func(h *history.History) {
		h.Subscriptions[0].Events = h.Subscriptions[0].Events[:6]
	}},
	"a subscriber with another event": {history.RuleSeen, func(h *history.History) {
		h.Subscriptions[0].Events[6].To = workflow.Cancelled
	}},
	"a feed with a gap": {history.RuleSeen, func(h *history.History) {
		h.Feeds[0].Events = slices.Delete(h.Feeds[0].Events, 1, 2)
	}},
	"a feed that lost a late commit": {history.RuleSeen, func(h *history.History) {
		h.Feeds[0].Events = h.Feeds[0].Events[:4]
	}},
	"a read of an old state": {history.RuleOrder, func(h *history.History) {
		h.Reads[0].Sent, h.Reads[0].Answered = 30*time.Second, 31*time.Second
	}},
	"a read of a future state": {history.RuleOrder, func(h *history.History) {
		h.Reads[0].Sent, h.Reads[0].Answered = 0, time.Millisecond
	}},
	"a refusal without a reason": {history.RuleOrder, func(h *history.History) {
		h.Ops[3].From, h.Ops[3].To = workflow.CompetitorPending, workflow.CompetitorProcessing
	}},
}

func TestCheck_FindsABrokenPromise(t *testing.T) {
	t.Parallel()
	for name, b := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := good()
			b.damage(&h)
			found := history.Check(h)
			if !slices.ContainsFunc(found, func(v history.Violation) bool { return v.Rule == b.rule }) {
				t.Errorf("got %v, want a violation of the rule %q", found, b.rule)
			}
		})
	}
}
