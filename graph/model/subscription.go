package model

// TransitionEvent is an event of a subscription: a transition, or a resync, which has none.
type TransitionEvent struct {
	Workflow   *Workflow
	Transition *Transition
	Resync     bool
}

// SpendEvent is an event of a subscription: a ledger entry, with the balance after it.
type SpendEvent struct {
	Spend Spend
	Entry LedgerEntry
}
