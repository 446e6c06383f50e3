package engine

import (
	"cmp"
	"context"
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
	payingStep := in.Step
	if in.Step == "" || in.Fence != nil { // An unknown workflow is NOT_FOUND, and no lost run.
		flow, err := e.Workflow(ctx, who, in.WorkflowID)
		if err != nil {
			return Charged{}, err
		}
		payingStep = stepFor(flow, in.Step)
	}
	step, err := e.fenced(ctx, who, in)
	if err != nil {
		return Charged{}, err
	}
	new := postgres.NewCall{
		OrganizationID: who.OrganizationID,
		ID:             e.newID(),
		WorkflowID:     in.WorkflowID,
		Step:           payingStep,
		RunToken:       in.RunToken,
		Fence:          in.Fence,
		Estimate:       estimate,
		Hold:           hold,
		At:             at,
		CheckAt:        at.Add(checkOutside),
		Visit:          in.Visit,
		Part:           in.Part,
		Unit:           in.Unit,
		ArticleID:      in.ArticleID,
		Actor:          who.Actor,
		Key:            in.IdempotencyKey,
	}
	if in.RunToken != nil || in.Unit != nil {
		new.CheckAt = at.Add(checkRun)
	}
	in.IdempotencyKey = ""
	r := request{key: new.Key, operation: "reserveUsage", content: in}
	if new.Fingerprint, err = fingerprintForKey(r); err != nil {
		return Charged{}, err
	}
	made, replay, err := e.reserve(ctx, who, new, step)
	switch {
	case err != nil:
		return Charged{}, err
	case replay != nil:
		return e.replayCharged(ctx, who, *replay)
	}
	return Charged{Call: made.Call.Call, Workflow: made.Flow}, nil
}

// fenced checks that the run of a reservation is the caller's and live, and returns its step. The reservation repeats
// the token. Without a token the step is "".
func (e *Engine) fenced(ctx context.Context, who caller.Caller, in ReserveInput) (workflow.StepKey, error) {
	if in.Fence == nil && who.Role == caller.Worker {
		return "", fault.Invalid([]string{"token"}, "A worker reserves for its run: name its token.")
	}
	if in.Fence == nil {
		return "", nil
	}
	run, err := e.liveRun(ctx, who, in.WorkflowID, *in.Fence)
	return run.Step, err
}

// reserveTries is the most attempts at a reservation. A refusal may have no reason left when explainNotReserved reads.
const reserveTries = 3

// reserve writes the call and its holds. replay is the record of an earlier reservation with the same key and content.
// step is that of the caller's run, "" without one: a new reservation is for no other step.
func (e *Engine) reserve(
	ctx context.Context, who caller.Caller, new postgres.NewCall, step workflow.StepKey,
) (made postgres.Reserved, replay *postgres.IdempotencyRecord, err error) {
	if step != "" && new.Step != step {
		if replay, err = e.usedBefore(ctx, who, new.Key, new.Fingerprint); err == nil && replay == nil {
			err = fault.Invalid([]string{"step"}, "Your run is of the step %s.", step)
		}
		return made, replay, err
	}
	for range reserveTries {
		made, err := e.bookings.reserve(ctx, new)
		if err != nil || made.Held {
			return made, nil, err
		}
		if replay, err = e.explainNotReserved(ctx, who, new); err != nil || replay != nil {
			return made, replay, err
		}
	}
	// Each time an account had no room, and had some again a moment later.
	account, there, err := e.store.Account(ctx, who, new.WorkflowID)
	if account, err = found(account, there, err, "account"); err == nil {
		err = cost.Refuse(account.Kind, account.Balance, new.Hold)
	}
	return made, nil, err
}

// explainNotReserved returns why a call was not reserved: its key was used, its run or its workflow is over, or the
// hold did not fit. It opens the month if none is open. It returns nil when nothing prevents another attempt.
func (e *Engine) explainNotReserved(
	ctx context.Context, who caller.Caller, new postgres.NewCall,
) (replay *postgres.IdempotencyRecord, err error) {
	if replay, err = e.usedBefore(ctx, who, new.Key, new.Fingerprint); err != nil || replay != nil {
		return replay, err
	}
	flow, err := e.Workflow(ctx, who, new.WorkflowID)
	if err != nil {
		return nil, err
	}
	token := cmp.Or(new.RunToken, new.Fence)
	switch {
	case token != nil && flow.Version != *token:
		return nil, e.lost(ctx, who, workflow.Run{WorkflowID: new.WorkflowID})
	case new.Unit != nil:
		unit, there, err := e.store.Unit(ctx, who, new.Unit.ID)
		if err != nil {
			return nil, fmt.Errorf("read unit %s: %w", new.Unit.ID, err)
		}
		if !there || unit.Token != flow.Version || unit.Attempt != new.Unit.Attempt || unit.LeaseExpiresAt == nil {
			return nil, e.lost(ctx, who, workflow.Run{WorkflowID: new.WorkflowID})
		}
	case flow.IsTerminal():
		return nil, &TerminalError{Current: flow}
	}
	return nil, e.explainNoRoom(ctx, who, new)
}

// explainNoRoom returns the refusal of the budget or the account that does not admit a hold. It returns nil when all
// admit it now: one has refused it before, and another call has ended since.
func (e *Engine) explainNoRoom(ctx context.Context, who caller.Caller, new postgres.NewCall) error {
	month, err := e.month(ctx, who, new.At)
	if err != nil {
		return fmt.Errorf("find the month: %w", err)
	}
	if new.ArticleID != nil {
		budgets, err := e.store.ArticleBudgets(ctx, who, []uuid.UUID{*new.ArticleID})
		budget, there := budgets[*new.ArticleID]
		there = there && budget.WorkflowID == new.WorkflowID
		if budget, err = found(budget, there, err, "budget of the article"); err != nil {
			return err
		}
		if !budget.Balance().Admits(new.Hold) {
			return cost.Refuse(cost.AccountArticle, budget.Balance(), new.Hold)
		}
	}
	account, there, err := e.store.Account(ctx, who, new.WorkflowID)
	if account, err = found(account, there, err, "account"); err != nil {
		return err
	}
	for _, a := range []cost.Account{account, month} {
		if !a.Balance.Admits(new.Hold) {
			return cost.Refuse(a.Kind, a.Balance, new.Hold)
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
