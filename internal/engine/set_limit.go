package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Limited is an account after its limit was set, with the ledger entry of the change.
type Limited struct {
	Account      cost.Account
	Entry        cost.Entry
	Workflow     *workflow.Workflow // of a workflow's account
	Organization *Organization      // of a month's
	Replayed     bool
}

// SetWorkflowLimitInput is a new limit of one workflow.
type SetWorkflowLimitInput struct {
	WorkflowID     uuid.UUID
	Limit          cost.Limit
	Reason         string
	IdempotencyKey string
}

// SetMonthlyLimitInput is a new limit of the organization's running month and of all that follow.
type SetMonthlyLimitInput struct {
	Limit          cost.Limit
	Reason         string
	IdempotencyKey string
}

// SetWorkflowLimit sets the limit of a workflow's account, also of a workflow that is over. A lower limit disturbs no
// call in flight: the remainder may become negative, and the next hold is refused. A higher limit takes effect at
// once, also on an account that an overage has stopped.
func (e *Engine) SetWorkflowLimit(
	ctx context.Context, who caller.Caller, in SetWorkflowLimitInput,
) (_ Limited, err error) {
	ctx, end := e.begin(ctx, "SetWorkflowLimit")
	defer end(&err)
	if err := checkLimit(in.Limit, in.Reason); err != nil {
		return Limited{}, err
	}
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return Limited{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	limited, err := e.limit(ctx, who, limitChange{
		request: request{
			key:       key,
			operation: "setWorkflowLimit",
			content:   in,
			flow:      flow.ID,
			at:        e.now(),
		},
		limit:  in.Limit,
		reason: in.Reason,
		lock: func(ctx context.Context, tx *postgres.Store) ([]cost.Account, error) {
			account, there, err := tx.LockAccount(ctx, who, flow.ID)
			account, err = found(account, there, err, "account")
			return []cost.Account{account}, err
		},
	})
	limited.Workflow = &flow
	return limited, err
}

// SetMonthlyLimit sets the limit of the organization's running month and of all later months, also of one that a
// server with a fast clock has opened. It opens the running month if it has no account yet.
func (e *Engine) SetMonthlyLimit(
	ctx context.Context, who caller.Caller, in SetMonthlyLimitInput,
) (_ Limited, err error) {
	ctx, end := e.begin(ctx, "SetMonthlyLimit")
	defer end(&err)
	if err := checkLimit(in.Limit, in.Reason); err != nil {
		return Limited{}, err
	}
	at := e.now()
	month, err := e.month(ctx, who, at)
	if err != nil {
		return Limited{}, fmt.Errorf("find the month: %w", err)
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	limited, err := e.limit(ctx, who, limitChange{
		request: request{
			key:       key,
			operation: "setMonthlyLimit",
			content:   in,
			at:        at,
		},
		limit:  in.Limit,
		reason: in.Reason,
		// All verbs lock the organization before its accounts.
		lock: func(ctx context.Context, tx *postgres.Store) ([]cost.Account, error) {
			err := e.changeIn(ctx, tx, who, settingsChange{
				reason: in.Reason, at: at, apply: func(o *postgres.Organization) { o.MonthLimit = in.Limit },
			})
			if err != nil {
				return nil, err
			}
			return tx.LockMonths(ctx, who, month.Period.Start)
		},
	})
	if err != nil {
		return Limited{}, err
	}
	organization, err := e.Organization(ctx, who)
	limited.Organization = &organization
	return limited, err
}

func checkLimit(limit cost.Limit, reason string) error {
	if limit < 0 {
		return fault.Invalid([]string{"limit"}, "A limit cannot be negative.")
	}
	return checkReason(reason)
}

// limitChange is a new limit for the accounts that lock returns, locked. The result shows the first one.
type limitChange struct {
	request
	limit  cost.Limit
	reason string
	lock   func(context.Context, *postgres.Store) ([]cost.Account, error)
}

func (e *Engine) limit(ctx context.Context, who caller.Caller, c limitChange) (Limited, error) {
	var made Limited
	replay, err := e.once(ctx, who, c.request, func(tx *postgres.Store) error {
		accounts, err := c.lock(ctx, tx)
		if err != nil {
			return err
		}
		moves := make([]postgres.Movement, len(accounts))
		for i, account := range accounts {
			if moves[i], err = tx.Limit(ctx, who, account, c.limit, c.reason, c.at); err != nil {
				return err
			}
			accounts[i] = moves[i].Account
		}
		if err := e.watch(ctx, tx, moves); err != nil {
			return err
		}
		if made.Account = accounts[0]; c.key == "" {
			return nil
		}
		return tx.CompleteIdempotencyRecord(ctx, who, c.key, postgres.Made{
			AccountID: &made.Account.ID, Sequence: &made.Account.Sequence,
		})
	})
	if err != nil {
		return Limited{}, fmt.Errorf("set a limit: %w", err)
	}
	if replay != nil {
		return e.replayLimited(ctx, who, *replay)
	}
	made.Entry, err = e.EntryAt(ctx, who, made.Account.ID, made.Account.Sequence)
	return made, err
}

// replayLimited returns the entry of an earlier request with the same key, and the present account.
func (e *Engine) replayLimited(
	ctx context.Context, who caller.Caller, key postgres.IdempotencyRecord,
) (Limited, error) {
	if key.AccountID == nil || key.Sequence == nil {
		return Limited{}, mismatch()
	}
	account, there, err := e.store.Account(ctx, who, *key.AccountID)
	if account, err = found(account, there, err, "account"); err != nil {
		return Limited{}, err
	}
	entry, err := e.EntryAt(ctx, who, *key.AccountID, *key.Sequence)
	return Limited{Account: account, Entry: entry, Replayed: true}, err
}
