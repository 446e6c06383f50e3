package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// checkRun is when a sweeper first looks after a call that a run of ours reserved.
	checkRun = 45 * time.Second
	// checkOutside is how long a program outside may take before the outcome of its call counts as unknown.
	checkOutside = time.Hour
)

// errNoRoom ends the transaction of a reservation that an account refused.
type errNoRoom struct{ account uuid.UUID }

// Charged is a call after something happened to its money, with the workflow that pays.
type Charged struct {
	Call     cost.Call
	Workflow workflow.Workflow
	Replayed bool
}

// ReserveInput asks for money before a call. Either Amount or Estimate says how much.
type ReserveInput struct {
	WorkflowID uuid.UUID
	Step       workflow.StepKey // the step the workflow stands in when empty
	// RunToken is the run that makes the call; nil for a program outside.
	RunToken *int
	// Visit and Part name the answer of a step that the call is for; nil and "" when it is for none.
	Visit          *int
	Part           string
	Amount         *cost.Pico
	Estimate       *cost.Estimate
	IdempotencyKey string
}

func (errNoRoom) Error() string { return "the account refused the hold" }

// Reserve takes money for a call before it is made: from the workflow's account and from the month's, both or neither.
// What is returned may be spent. Refusals are *cost.RefusedError; *cost.PriceUnknownError when an estimate names a
// model without a price; *TerminalError when the workflow is over; *LostRunError when RunToken is not its version any
// more.
func (e *Engine) Reserve(ctx context.Context, who caller.Caller, in ReserveInput) (_ Charged, err error) {
	ctx, end := e.begin(ctx, "Reserve")
	defer end(&err)
	at := e.now()
	hold, estimate, err := e.hold(ctx, who, in, at)
	if err != nil {
		return Charged{}, err
	}
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return Charged{}, err
	}
	var month cost.Account
	if !flow.IsTerminal() { // A reservation that will be refused opens no month; a replay needs none.
		if month, err = e.month(ctx, who, at); err != nil {
			return Charged{}, fmt.Errorf("find the month: %w", err)
		}
	}
	new := postgres.NewCall{
		ID:         e.newID(),
		WorkflowID: in.WorkflowID,
		MonthID:    month.ID,
		Step:       stepFor(flow, in.Step),
		RunToken:   in.RunToken,
		Estimate:   estimate,
		Hold:       hold,
		At:         at,
		CheckAt:    at.Add(checkOutside),
		Visit:      in.Visit,
		Part:       in.Part,
	}
	if in.RunToken != nil {
		new.CheckAt = at.Add(checkRun)
	}
	return e.reserve(ctx, who, in, new)
}

func (e *Engine) reserve(
	ctx context.Context, who caller.Caller, in ReserveInput, new postgres.NewCall,
) (Charged, error) {
	var call postgres.Call
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "reserveUsage",
		content:   in,
		flow:      in.WorkflowID,
		call:      &new.ID,
		at:        new.At,
	}, func(tx *postgres.Store) error {
		reserved := false
		var err error
		if call, reserved, err = tx.ReserveCall(ctx, who, new); err != nil || !reserved {
			return lostUnless(reserved, err)
		}
		for _, account := range []uuid.UUID{new.WorkflowID, new.MonthID} {
			_, held, err := tx.Hold(ctx, who, postgres.Hold{
				AccountID: account,
				CallID:    new.ID,
				Amount:    new.Hold,
				At:        new.At,
			})
			if err != nil {
				return err
			}
			if !held {
				return errNoRoom{account}
			}
		}
		return nil
	})
	var refused errNoRoom
	switch {
	case errors.As(err, &refused):
		return Charged{}, e.explainRefused(ctx, who, refused.account, new.Hold)
	case errors.Is(err, errLost) && in.RunToken != nil:
		return Charged{}, e.lost(ctx, who, workflow.Run{WorkflowID: in.WorkflowID})
	case err != nil:
		return Charged{}, e.explainLost(ctx, who, in.WorkflowID, err)
	case replay != nil:
		return e.replayCharged(ctx, who, *replay)
	}
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	return Charged{Call: call.Call, Workflow: flow}, err
}

// stepFor is the step that a call is made for: the one that was named, or the one the workflow stands in. A cancelled
// workflow stands in none; its calls are the first step's.
func stepFor(flow workflow.Workflow, named workflow.StepKey) workflow.StepKey {
	switch step := flow.Step(); {
	case named != "":
		return named
	case step != nil:
		return step.Key
	}
	return workflow.Steps()[0].Key
}

// lostUnless is what failed, or that nothing did and somebody else was first.
func lostUnless(won bool, err error) error {
	if err != nil || won {
		return err
	}
	return errLost
}

// hold is how much a reservation needs: the amount that was named, or the upper bound of the estimate.
func (e *Engine) hold(
	ctx context.Context, who caller.Caller, in ReserveInput, at time.Time,
) (cost.Pico, cost.Estimate, error) {
	switch {
	case (in.Amount == nil) == (in.Estimate == nil):
		return 0, cost.Estimate{}, fault.Invalid([]string{"amount"}, "Name either an amount or an estimate.")
	case in.Amount != nil && *in.Amount < 0:
		return 0, cost.Estimate{}, fault.Invalid([]string{"amount"}, "An amount cannot be negative.")
	case in.Amount != nil:
		return *in.Amount, cost.Estimate{}, nil
	}
	if err := in.Estimate.Check(); err != nil {
		return 0, *in.Estimate, err
	}
	prices, err := e.store.Prices(ctx, who.OrganizationID, in.Estimate.Models, at)
	if err != nil {
		return 0, *in.Estimate, fmt.Errorf("read prices: %w", err)
	}
	hold, err := cost.Hold(prices, *in.Estimate, at)
	return hold, *in.Estimate, err
}

// explainRefused says why an account refused a hold, as the account is now.
func (e *Engine) explainRefused(ctx context.Context, who caller.Caller, id uuid.UUID, needed cost.Pico) error {
	account, there, err := e.store.Account(ctx, who, id)
	if account, err = found(account, there, err, "account"); err != nil {
		return err
	}
	return cost.Refuse(account.Kind, account.Balance, needed)
}

func (e *Engine) replayCharged(ctx context.Context, who caller.Caller, key postgres.IdempotencyRecord) (Charged, error) {
	if key.CallID == nil {
		return Charged{}, mismatch()
	}
	return e.charged(ctx, who, *key.CallID, true)
}

// charged returns a call as it is, with its workflow.
func (e *Engine) charged(ctx context.Context, who caller.Caller, id uuid.UUID, replayed bool) (Charged, error) {
	call, err := e.Call(ctx, who, id)
	if err != nil {
		return Charged{}, err
	}
	flow, err := e.Workflow(ctx, who, call.WorkflowID)
	return Charged{Call: call, Workflow: flow, Replayed: replayed}, err
}
