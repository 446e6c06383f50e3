package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// Operator returns the caller whose price list is valid for every organization. It belongs to no organization, so no
// token can have it.
func Operator(actor string) caller.Caller { return caller.Caller{Actor: actor, Role: caller.Admin} }

// Prices returns the prices of models that are in force now for the caller's organization: its own and the operator's.
// cost decides which of them count.
func (e *Engine) Prices(ctx context.Context, who caller.Caller, models []string) ([]cost.Price, error) {
	prices, err := e.store.Prices(ctx, who.OrganizationID, models, e.now())
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	return prices, nil
}

// PriceListInput selects prices, ordered by model, component, size of prompt and list. No models are all models, and
// no At is now. After is the last price of the page before.
type PriceListInput struct {
	Models   []string
	At       *time.Time
	Backward bool
	After    *cost.Price
	First    int
}

// PriceList returns at most First prices that were in force at a time: the caller's own and the operator's.
func (e *Engine) PriceList(ctx context.Context, who caller.Caller, in PriceListInput) ([]cost.Price, error) {
	prices, err := e.store.PricePage(ctx, who, e.pricePage(in))
	if err != nil {
		return nil, fmt.Errorf("list prices: %w", err)
	}
	return prices, nil
}

// CountPrices counts the prices that PriceList selects.
func (e *Engine) CountPrices(ctx context.Context, who caller.Caller, in PriceListInput) (int, error) {
	n, err := e.store.CountPrices(ctx, who, e.pricePage(in))
	if err != nil {
		return 0, fmt.Errorf("count prices: %w", err)
	}
	return n, nil
}

func (e *Engine) pricePage(in PriceListInput) postgres.PricePage {
	page := postgres.PricePage{
		Models:     in.Models,
		Descending: in.Backward,
		After:      in.After,
		First:      int32(in.First),
	}
	if in.At == nil {
		page.At = e.now()
	} else {
		page.At = *in.At
	}
	return page
}

// ProposalsInput selects proposals in some states, the oldest first; no states are all.
type ProposalsInput struct {
	States   []cost.ProposalState
	Backward bool
	After    *Cursor
	First    int
}

func (in ProposalsInput) states() []cost.ProposalState {
	if len(in.States) == 0 {
		return cost.ProposalStates()
	}
	return in.States
}

// PriceProposals returns at most First proposals of the caller's list.
func (e *Engine) PriceProposals(ctx context.Context, who caller.Caller, in ProposalsInput) ([]cost.Proposal, error) {
	from := in.After.from(in.Backward)
	proposals, err := e.store.Proposals(ctx, who, postgres.ProposalPage{
		States:     in.states(),
		Descending: in.Backward,
		At:         from.At,
		ID:         from.ID,
		First:      int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list proposed prices: %w", err)
	}
	return proposals, nil
}

// CountPriceProposals counts the proposals in some states.
func (e *Engine) CountPriceProposals(ctx context.Context, who caller.Caller, in ProposalsInput) (int, error) {
	n, err := e.store.CountProposals(ctx, who, in.states())
	if err != nil {
		return 0, fmt.Errorf("count proposed prices: %w", err)
	}
	return n, nil
}

// PriceProposal returns one proposal of the caller's list.
func (e *Engine) PriceProposal(ctx context.Context, who caller.Caller, id uuid.UUID) (cost.Proposal, error) {
	p, there, err := e.store.Proposal(ctx, who, id)
	return found(p, there, err, "proposed price")
}
