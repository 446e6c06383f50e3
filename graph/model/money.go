package model

import (
	"encoding/hex"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Spend is a balance in an answer: of a workflow, or of the running month when Workflow is nil.
type Spend struct {
	cost.Balance
	Workflow *Workflow
}

// Limit is nil when there is none.
func (s Spend) Limit() *cost.Pico { return limit(s.Balance.Limit) }

// Remaining is nil when there is no limit.
func (s Spend) Remaining() *cost.Figure {
	remaining, limited := s.Balance.Remaining()
	if !limited {
		return nil
	}
	return &remaining
}

// Organization is an organization in an answer.
type Organization struct{ engine.Organization }

// IsNode marks a type that the field node finds.
func (Organization) IsNode() {}

// ID returns the public id.
func (o Organization) ID() publicid.ID { return publicid.New(publicid.Organization, o.Organization.ID) }

// WorkflowLimit is nil when there is none.
func (o Organization) WorkflowLimit() *cost.Pico { return limit(o.Organization.WorkflowLimit) }

// MonthLimit is nil when there is none.
func (o Organization) MonthLimit() *cost.Pico { return limit(o.Organization.MonthLimit) }

// Month returns the current month. The account of a month always has a period.
func (o Organization) Month() cost.Period { return *o.Organization.Month.Period }

// Spend returns the balance of the current month.
func (o Organization) Spend() Spend { return Spend{Balance: o.Organization.Month.Balance} }

// Call is a call in an answer, with the workflow that pays.
type Call struct {
	cost.Call
	Workflow *Workflow
}

// IsNode marks a type that the field node finds.
func (Call) IsNode() {}

// ArticleID is nil for a call that is for no article.
func (c Call) ArticleID() *publicid.ID {
	if c.Call.ArticleID == nil {
		return nil
	}
	id := publicid.New(publicid.Article, *c.Call.ArticleID)
	return &id
}

// ID returns the public id.
func (c Call) ID() publicid.ID { return publicid.New(publicid.Call, c.Call.ID) }

// Step is nil when no step made the call.
func (c Call) Step() *workflow.StepKey { return given(workflow.StepKey(c.Call.Step)) }

// Provider is nil until the call is sent.
func (c Call) Provider() *string { return given(c.Call.Provider) }

// GenerationID is nil until it is known.
func (c Call) GenerationID() *string { return given(c.Call.GenerationID) }

// AnsweredModel is nil until it is known.
func (c Call) AnsweredModel() *string { return given(c.Call.AnsweredModel) }

// FailureCode is nil when the answer could be used.
func (c Call) FailureCode() *workflow.FailureCode {
	return given(workflow.FailureCode(c.Call.FailureCode))
}

// Usage is nil until the cost is known.
func (c Call) Usage() *cost.Usage {
	if c.Cost == nil {
		return nil
	}
	return &c.Call.Usage
}

// LedgerEntry is a row of the ledger in an answer.
type LedgerEntry struct{ cost.Entry }

// IsNode marks a type that the field node finds.
func (LedgerEntry) IsNode() {}

// ID returns the public id.
func (e LedgerEntry) ID() publicid.ID {
	return publicid.NewNumbered(publicid.LedgerEntry, e.AccountID, e.Sequence)
}

// CallID is nil when the entry is about no call.
func (e LedgerEntry) CallID() *publicid.ID {
	if e.Entry.CallID == nil {
		return nil
	}
	id := publicid.New(publicid.Call, *e.Entry.CallID)
	return &id
}

// CorrectsEntryID is nil when the entry was not made to correct another one.
func (e LedgerEntry) CorrectsEntryID() *publicid.ID {
	if e.Corrects == nil {
		return nil
	}
	id := publicid.NewNumbered(publicid.LedgerEntry, e.AccountID, *e.Corrects)
	return &id
}

// SettledBefore is the spent money before the entry.
func (e LedgerEntry) SettledBefore() cost.Pico { return e.Before.Settled }

// SettledDelta is the change of the spent money.
func (e LedgerEntry) SettledDelta() cost.Pico { return e.Delta.Settled }

// SettledAfter is the spent money after the entry.
func (e LedgerEntry) SettledAfter() cost.Pico { return e.After.Settled }

// HeldBefore is the reserved money before the entry.
func (e LedgerEntry) HeldBefore() cost.Pico { return e.Before.Held }

// HeldDelta is the change of the reserved money.
func (e LedgerEntry) HeldDelta() cost.Pico { return e.Delta.Held }

// HeldAfter is the reserved money after the entry.
func (e LedgerEntry) HeldAfter() cost.Pico { return e.After.Held }

// LimitBefore is nil when there was no limit.
func (e LedgerEntry) LimitBefore() *cost.Pico { return limit(e.Before.Limit) }

// LimitDelta is nil when there was no limit or is none: the difference to no limit is no amount.
func (e LedgerEntry) LimitDelta() *cost.Pico {
	delta, isAmount := e.Entry.LimitDelta()
	if !isAmount {
		return nil
	}
	return &delta
}

// LimitAfter is nil when there is no limit.
func (e LedgerEntry) LimitAfter() *cost.Pico { return limit(e.After.Limit) }

// StoppedAfter reports whether the account admits no further call.
func (e LedgerEntry) StoppedAfter() bool { return e.After.Stopped }

// Reason is nil when none was given.
func (e LedgerEntry) Reason() *string { return given(e.Entry.Reason) }

// OccurredAt returns the time of the entry.
func (e LedgerEntry) OccurredAt() time.Time { return e.At }

// Hash returns the hash in hexadecimal.
func (e LedgerEntry) Hash() string { return hex.EncodeToString(e.Entry.Hash) }

// PreviousHash returns the hash in hexadecimal; it is empty for the first entry of an account.
func (e LedgerEntry) PreviousHash() string { return hex.EncodeToString(e.Entry.PreviousHash) }

// limit returns the amount of a limit, nil when there is none.
func limit(l cost.Limit) *cost.Pico {
	amount, limited := l.Amount()
	if !limited {
		return nil
	}
	return &amount
}

// NewWorkflowForecast is what a new workflow can do, in an answer.
type NewWorkflowForecast struct{ engine.NewWorkflowForecast }

// Limit is nil for no limit.
func (f NewWorkflowForecast) Limit() *cost.Pico { return limit(f.NewWorkflowForecast.Limit) }
