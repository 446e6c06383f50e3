package cost

import (
	"errors"
	"math/big"

	"github.com/google/uuid"
)

// AccountKind is the kind of thing that an account belongs to.
type AccountKind string

// The kinds of account. Every call is held on the workflow's and on the month's, in this order. A call for an article
// is held on the article's budget before both.
const (
	AccountArticle  AccountKind = "ARTICLE"
	AccountWorkflow AccountKind = "WORKFLOW"
	AccountMonth    AccountKind = "MONTH"
)

// AccountKinds returns all kinds of account.
func AccountKinds() []AccountKind {
	return []AccountKind{AccountArticle, AccountWorkflow, AccountMonth}
}

// Account counts the money of a workflow, or of an organization's month, under a limit.
type Account struct {
	OrganizationID, ID uuid.UUID
	Kind               AccountKind
	Period             *Period // of a month
	Sequence           int64   // of the last entry
	LimitSequence      int64   // of the entry that set the limit
	Balance            Balance // after the last entry
	Hash               []byte  // of the last entry
}

// Balance is the state of an account at one moment.
type Balance struct {
	Settled Pico  // spent
	Held    Pico  // reserved by open calls
	Limit   Limit // the most that Settled and Held together may be when a hold is added
	// Stopped says that a call cost more than its hold. The account admits no further hold until its limit is set again.
	Stopped bool
}

// Remaining returns limit − settled − held, the most that a next call may cost, and false when there is no limit. It is
// negative when the limit was lowered or a call cost more than its hold.
func (b Balance) Remaining() (remaining Figure, limited bool) {
	limit, limited := b.Limit.Amount()
	if !limited {
		return Figure{}, false
	}
	return Figure{new(big.Int).Sub(big.NewInt(int64(limit)), b.used().pico)}, true
}

// used returns settled + held.
func (b Balance) used() Figure {
	return Figure{new(big.Int).Add(big.NewInt(int64(b.Settled)), big.NewInt(int64(b.Held)))}
}

// Admits reports whether a hold would be admitted: the account is not stopped, and settled + held + hold ≤ limit. The
// database enforces the same rule. This copy is for questions and protects nothing.
func (b Balance) Admits(hold Pico) bool {
	used, err := b.Settled.Add(b.Held)
	if err != nil {
		return false
	}
	used, err = used.Add(hold)
	return err == nil && hold >= 0 && !b.Stopped && b.Limit.Allows(used)
}

// Covers reports whether settled + held + amount ≤ limit, also for a stopped account.
func (b Balance) Covers(amount Pico) bool {
	b.Stopped = false
	return b.Admits(amount)
}

// Room has the two balances that must admit a hold: of the workflow's account and of the month's.
type Room struct{ Workflow, Month Balance }

// Admits reports whether both accounts would admit a hold. Like Balance.Admits it protects nothing.
func (r Room) Admits(hold Pico) bool { return r.Workflow.Admits(hold) && r.Month.Admits(hold) }

// Delta is the change of a balance by one entry. Limit is the difference of the stored numbers: see Entry.LimitDelta.
type Delta struct {
	Settled, Held Pico
	Limit         Limit
}

// Plus returns the balance after a change, with Stopped unchanged. An amount beyond the range of Pico, and a negative
// hold or limit, are errors.
func (b Balance) Plus(d Delta) (Balance, error) {
	settled, err := b.Settled.Add(d.Settled)
	if err != nil {
		return Balance{}, err
	}
	held, err := b.Held.Add(d.Held)
	if err != nil {
		return Balance{}, err
	}
	limit, err := b.Limit.plus(d.Limit)
	if err != nil {
		return Balance{}, err
	}
	if held < 0 || limit < 0 {
		return Balance{}, errors.New("the hold and the limit of a balance cannot be negative")
	}
	return Balance{
		Settled: settled,
		Held:    held,
		Limit:   limit,
		Stopped: b.Stopped,
	}, nil
}
