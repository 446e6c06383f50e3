package engine

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// DecideInput ends the quarantine of a price. The reason stays with the proposal.
type DecideInput struct {
	ProposalID     uuid.UUID
	Reason         string
	IdempotencyKey string
}

// Decided is a proposal after its decision.
type Decided struct {
	Proposal cost.Proposal
	Replayed bool
}

// AcceptPrice lets a doubted price come into force, a PriceNotice from now if its model was known. Accepting an
// accepted price again changes nothing; one that was rejected or superseded is a CONFLICT.
func (e *Engine) AcceptPrice(ctx context.Context, who caller.Caller, in DecideInput) (Decided, error) {
	return e.decide(ctx, who, in, proposalDecision{"acceptPrice", cost.ProposalAccepted})
}

// RejectPrice drops a doubted price. Rejecting a rejected price again changes nothing; one that was accepted or
// superseded is a CONFLICT.
func (e *Engine) RejectPrice(ctx context.Context, who caller.Caller, in DecideInput) (Decided, error) {
	return e.decide(ctx, who, in, proposalDecision{"rejectPrice", cost.ProposalRejected})
}

// proposalDecision is the new state of a proposal, with the operation that sets it.
type proposalDecision struct {
	operation string
	to        cost.ProposalState
}

func (e *Engine) decide(ctx context.Context, who caller.Caller, in DecideInput, v proposalDecision) (Decided, error) {
	if n := utf8.RuneCountInString(in.Reason); n < 1 || n > 2000 {
		return Decided{}, fault.Invalid([]string{"reason"}, "A decision needs a reason of 1 to 2000 characters.")
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	var out Decided
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: v.operation,
		content:   in,
		at:        e.now(),
	}, func(tx *postgres.Store) error {
		if err := tx.LockPrices(ctx, who); err != nil {
			return err
		}
		p, there, err := tx.Proposal(ctx, who, in.ProposalID)
		if p, err = found(p, there, err, "proposed price"); err != nil {
			return err
		}
		if p.State != cost.ProposalPending {
			out = Decided{Proposal: p, Replayed: true}
			return checkDecided(p, v.to)
		}
		out.Proposal, err = e.decideIn(ctx, tx, who, decision{DecideInput: in, proposal: p, to: v.to})
		return err
	})
	if err != nil {
		return Decided{}, fmt.Errorf("decide on proposed price %s: %w", in.ProposalID, err)
	}
	if replay != nil { // A decision is final.
		p, err := e.PriceProposal(ctx, who, in.ProposalID)
		return Decided{Proposal: p, Replayed: true}, err
	}
	return out, nil
}

// checkDecided refuses a decision that differs from an earlier one.
func checkDecided(p cost.Proposal, to cost.ProposalState) error {
	if p.State == to {
		return nil
	}
	return fault.New(fault.Conflict, "The proposed price is %s since %s.", inWords(p.State),
		p.DecidedAt.Format(time.RFC3339))
}

type decision struct {
	DecideInput
	proposal cost.Proposal
	to       cost.ProposalState
}

// decideIn writes a decision about a pending proposal within its transaction.
func (e *Engine) decideIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, d decision,
) (cost.Proposal, error) {
	at := e.now()
	written := postgres.Decision{
		ID:     d.ProposalID,
		State:  d.to,
		Reason: d.Reason,
		At:     at,
	}
	if d.to == cost.ProposalAccepted {
		open, err := tx.OpenPrices(ctx, who, 2*cost.MaxListPrices)
		if err != nil {
			return cost.Proposal{}, fmt.Errorf("read the open prices: %w", err)
		}
		p := d.proposal
		accepted := cost.Comparison{OrganizationID: who.OrganizationID, Open: open, At: at}.Accept(cost.ListedPrice{
			Model:           p.Model,
			Component:       p.Component,
			MinPromptTokens: p.MinPromptTokens,
			Unit:            p.Unit,
		})
		new := postgres.NewPrices{Changes: []cost.PriceChange{accepted}, Source: p.Source, At: at}
		if err := tx.AddPrices(ctx, who, new); err != nil {
			return cost.Proposal{}, err
		}
		written.AcceptedFrom = &accepted.Begins
	}
	p, decided, err := tx.DecideProposal(ctx, who, written)
	if err == nil && !decided {
		err = fmt.Errorf("proposal %s was decided under a lock", d.ProposalID)
	}
	return p, err
}
