package model

import (
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// Problem is what every user error has, and all that some have.
type Problem struct {
	Code    fault.Kind
	Message string
	Field   []string
}

// IsUserError says that a mutation can be expected to fail of it.
func (Problem) IsUserError() {}

// The user errors that say no more than that.
type (
	InvalidInput        struct{ Problem }
	NotFound            struct{ Problem }
	Conflict            struct{ Problem }
	IdempotencyMismatch struct{ Problem }
)

// StaleState carries the workflow as it stands now.
type StaleState struct {
	Problem
	Current *Workflow
}

// IllegalTransition carries the edge that is not there, and those that are.
type IllegalTransition struct {
	Problem
	From, To workflow.State
	Allowed  []workflow.State
}

// TerminalState carries the workflow as it ended; nil when nobody looked at it.
type TerminalState struct {
	Problem
	Current *Workflow
}

// DuplicateName carries the workflow that has the name.
type DuplicateName struct {
	Problem
	Existing *Workflow
}

// DuplicateGeneration carries the call that the answer was charged to.
type DuplicateGeneration struct {
	Problem
	Existing Call
}

// PriceUnknown carries the model without a price.
type PriceUnknown struct {
	Problem
	Model string
}

// BudgetRefused carries the account that had no room.
type BudgetRefused struct {
	Problem
	cost.Refusal
}

// Limit is nil when there is none.
func (b BudgetRefused) Limit() *cost.Pico { return limit(b.Balance.Limit) }

// Settled is what the account has spent.
func (b BudgetRefused) Settled() cost.Pico { return b.Balance.Settled }

// Held is what the account holds.
func (b BudgetRefused) Held() cost.Pico { return b.Balance.Held }
