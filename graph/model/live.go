package model

// TransitionEvent is a transition as it happens. In a resync there is none.
type TransitionEvent struct {
	Workflow   *Workflow
	Transition *Transition
	Resync     bool
}

// SpendEvent is a movement of money as it happens, with the balance after it.
type SpendEvent struct {
	Spend Spend
	Entry LedgerEntry
}
