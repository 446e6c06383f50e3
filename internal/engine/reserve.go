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
	// checkRun is the time after which a sweeper first checks a call that a run reserved.
	checkRun = 45 * time.Second
	// checkOutside is the time after which the outcome of a call of an external program counts as unknown.
	checkOutside = time.Hour
)

// errNoRoom ends the transaction of a reservation that an account refused, or the budget of an article.
type errNoRoom struct {
	id      uuid.UUID
	article bool
}

func (errNoRoom) Error() string { return "the account refused the hold" }

// Charged is a call after a change of its money, with the workflow that pays.
type Charged struct {
	Call     cost.Call
	Workflow workflow.Workflow
	Replayed bool
}

// ReserveInput reserves money for a call. Either Amount or Estimate is set.
type ReserveInput struct {
	WorkflowID uuid.UUID
	Step       workflow.StepKey // the workflow's present step when empty
	// RunToken is the run that makes the call; nil for an external program.
	RunToken *int
	// Unit is the attempt at a unit that makes the call. RunToken is nil then.
	Unit *workflow.UnitAttempt `json:",omitempty"`
	// Fence is the token of the caller's run, for an external program. A caller without the permission OPERATE needs it.
	Fence *int `json:",omitempty"`
	// Visit and Part name the answer of a step that the call is for; nil and "" when it is for none.
	// Without them the fingerprint is that of earlier programs, whose keys still count.
	Visit *int   `json:",omitempty"`
	Part  string `json:",omitempty"`
	// ArticleID is the article whose budget must admit the hold as well; nil for none.
	ArticleID      *uuid.UUID `json:",omitempty"`
	Amount         *cost.Pico
	Estimate       *cost.Estimate
	IdempotencyKey string
}

// Reserve holds money for a call before it is made: on the workflow's account and on the month's, both or neither. A
// call for an article is held on the article's budget as well. After success the caller may spend the hold. The error
// is *cost.RefusedError when an account or the budget has no room, NOT_FOUND for an article without a budget,
// *cost.PriceUnknownError when an estimate names a model without a price, *TerminalError when the workflow is over,
// and *LostRunError when RunToken is no longer its version or the attempt at Unit is over.
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
	if err := e.fenced(ctx, who, in); err != nil {
		return Charged{}, err
	}
	var month cost.Account
	if !flow.IsTerminal() { // Reserve on a workflow that is over opens no month.
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
		Fence:      in.Fence,
		Estimate:   estimate,
		Hold:       hold,
		At:         at,
		CheckAt:    at.Add(checkOutside),
		Visit:      in.Visit,
		Part:       in.Part,
		Unit:       in.Unit,
		ArticleID:  in.ArticleID,
	}
	if in.RunToken != nil || in.Unit != nil {
		new.CheckAt = at.Add(checkRun)
	}
	return e.reserve(ctx, who, in, new)
}

// fenced checks that the run of a reservation is the caller's and live. The reservation repeats the token.
func (e *Engine) fenced(ctx context.Context, who caller.Caller, in ReserveInput) error {
	if in.Fence == nil && who.Role == caller.Worker {
		return fault.Invalid([]string{"token"}, "A worker reserves for its run: name its token.")
	}
	if in.Fence == nil {
		return nil
	}
	_, err := e.liveRun(ctx, who, in.WorkflowID, *in.Fence)
	return err
}

// checkStep refuses a new reservation for another step than that of the caller's run.
func checkStep(ctx context.Context, tx *postgres.Store, who caller.Caller, in ReserveInput) error {
	if in.Fence == nil || in.Step == "" {
		return nil
	}
	run, there, err := tx.Run(ctx, who, in.WorkflowID, *in.Fence)
	if err == nil && there && in.Step != run.Step {
		err = fault.Invalid([]string{"step"}, "Your run is of the step %s.", run.Step)
	}
	return err
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
		if err := checkStep(ctx, tx, who, in); err != nil {
			return err
		}
		reserved := false
		var err error
		if call, reserved, err = tx.ReserveCall(ctx, who, new); err != nil || !reserved {
			return lostUnless(reserved, err)
		}
		return holdAll(ctx, tx, who, new)
	})
	var refused errNoRoom
	switch {
	case errors.As(err, &refused):
		return Charged{}, e.explainRefused(ctx, who, refused, new.Hold)
	case errors.Is(err, errLost) && (in.RunToken != nil || in.Unit != nil || in.Fence != nil):
		return Charged{}, e.lost(ctx, who, workflow.Run{WorkflowID: in.WorkflowID})
	case err != nil:
		return Charged{}, e.explainLost(ctx, who, in.WorkflowID, err)
	case replay != nil:
		return e.replayCharged(ctx, who, *replay)
	}
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	return Charged{Call: call.Call, Workflow: flow}, err
}

// holdAll holds a call on the budget of its article, on its workflow's account and on its month's, in the order in
// which all transactions lock them.
func holdAll(ctx context.Context, tx *postgres.Store, who caller.Caller, new postgres.NewCall) error {
	if new.ArticleID != nil {
		held, err := tx.HoldOnArticle(ctx, who, new)
		if err != nil {
			return err
		}
		if !held {
			return errNoRoom{id: *new.ArticleID, article: true}
		}
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
			return errNoRoom{id: account}
		}
	}
	return nil
}

// stepFor returns the named step of a call, or the workflow's present step. A cancelled workflow has no step; its calls
// belong to the first one.
func stepFor(flow workflow.Workflow, named workflow.StepKey) workflow.StepKey {
	switch step := flow.Step(); {
	case named != "":
		return named
	case step != nil:
		return step.Key
	}
	return workflow.Steps()[0].Key
}

// lostUnless returns the error, or errLost for a change without a row.
func lostUnless(won bool, err error) error {
	if err != nil || won {
		return err
	}
	return errLost
}

// hold returns the amount of a reservation: the named amount, or the upper bound of the estimate.
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

// explainRefused returns the reason of a refusal, from the present balance of the account or the budget.
func (e *Engine) explainRefused(ctx context.Context, who caller.Caller, by errNoRoom, needed cost.Pico) error {
	if by.article {
		budgets, err := e.store.ArticleBudgets(ctx, who, []uuid.UUID{by.id})
		budget, there := budgets[by.id]
		if budget, err = found(budget, there, err, "budget of the article"); err != nil {
			return err
		}
		return cost.Refuse(cost.AccountArticle, budget.Balance(), needed)
	}
	account, there, err := e.store.Account(ctx, who, by.id)
	if account, err = found(account, there, err, "account"); err != nil {
		return err
	}
	return cost.Refuse(account.Kind, account.Balance, needed)
}

func (e *Engine) replayCharged(
	ctx context.Context, who caller.Caller, key postgres.IdempotencyRecord,
) (Charged, error) {
	if key.CallID == nil {
		return Charged{}, mismatch()
	}
	return e.charged(ctx, who, *key.CallID, true)
}

// charged returns the present state of a call and of its workflow.
func (e *Engine) charged(ctx context.Context, who caller.Caller, id uuid.UUID, replayed bool) (Charged, error) {
	call, err := e.Call(ctx, who, id)
	if err != nil {
		return Charged{}, err
	}
	flow, err := e.Workflow(ctx, who, call.WorkflowID)
	return Charged{Call: call, Workflow: flow, Replayed: replayed}, err
}
