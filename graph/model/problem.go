package model

import (
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// Problem has the fields of every user error.
type Problem struct {
	Code    fault.Kind
	Message string
	Field   []string
}

// IsUserError marks a type of user errors.
func (Problem) IsUserError() {}

// The user errors without fields of their own.
type (
	InvalidInput        struct{ Problem }
	NotFound            struct{ Problem }
	Conflict            struct{ Problem }
	IdempotencyMismatch struct{ Problem }
)

// StaleState carries the present workflow.
type StaleState struct {
	Problem
	Current *Workflow
}

// StaleBatch carries the present preview of a batch.
type StaleBatch struct {
	Problem
	Preview BatchPreview
}

// RevisionConflict carries the last version of the article; of a brief, its revision, author, actor and time.
type RevisionConflict struct {
	Problem
	content.ArticleVersion
}

// IllegalTransition carries the missing edge, and the states that have one.
type IllegalTransition struct {
	Problem
	From, To workflow.State
	Allowed  []workflow.State
}

// TerminalState carries the workflow; nil when it was not read.
type TerminalState struct {
	Problem
	Current *Workflow
}

// DuplicateName carries the workflow with the name.
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

// BudgetRefused carries the account without room.
type BudgetRefused struct {
	Problem
	cost.Refusal
}

// Limit is nil for an account without a limit.
func (b BudgetRefused) Limit() *cost.Pico { return limit(b.Balance.Limit) }

// Settled returns the settled amount of the account.
func (b BudgetRefused) Settled() cost.Pico { return b.Balance.Settled }

// Held returns the held amount of the account.
func (b BudgetRefused) Held() cost.Pico { return b.Balance.Held }
