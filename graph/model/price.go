package model

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// Price is a price in an answer.
type Price struct{ cost.Price }

// Amount returns the price of one token, request or search.
func (p Price) Amount() cost.Pico { return p.Unit }

// IsOwn reports whether the price is in the organization's own list.
func (p Price) IsOwn() bool { return p.OrganizationID != uuid.Nil }

// PriceProposal is a price in quarantine in an answer.
type PriceProposal struct{ cost.Proposal }

// IsNode marks a type that the field node finds.
func (PriceProposal) IsNode() {}

// ID returns the public id.
func (p PriceProposal) ID() publicid.ID { return publicid.New(publicid.PriceProposal, p.Proposal.ID) }

// Amount returns the proposed price of one token, request or search.
func (p PriceProposal) Amount() cost.Pico { return p.Unit }

// Previous returns the price that it was compared with, or nil.
func (p PriceProposal) Previous() *cost.Pico { return p.Compared }

// ProposedBy returns the actor who imported the list.
func (p PriceProposal) ProposedBy() string { return p.Actor }

// DecidedBy is nil while it is pending.
func (p PriceProposal) DecidedBy() *string { return given(p.Proposal.DecidedBy) }

// Reason is nil while it is pending, and when a later list decided.
func (p PriceProposal) Reason() *string { return given(p.Proposal.Reason) }

// ValidFrom returns the time at which an accepted price begins; nil for another one.
func (p PriceProposal) ValidFrom() *time.Time { return p.AcceptedFrom }

// PriceChange is one line of the difference between a list and the prices in force.
type PriceChange struct{ engine.PlannedPrice }

// Amount returns the price in the list.
func (c PriceChange) Amount() cost.Pico { return c.Unit }

// Previous returns the price before, or nil.
func (c PriceChange) Previous() *cost.Pico { return c.Old }

// Factor is nil without a price before, or with one of nothing.
func (c PriceChange) Factor() *float64 {
	factor := c.PriceChange.Factor()
	if c.Old == nil || math.IsInf(factor, 0) || math.IsNaN(factor) {
		return nil
	}
	return &factor
}

// Doubt is nil when the price is believed.
func (c PriceChange) Doubt() *cost.Doubt { return given(c.PriceChange.Doubt) }

// ValidFrom is nil when nothing begins.
func (c PriceChange) ValidFrom() *time.Time {
	if !c.Taken() {
		return nil
	}
	return &c.Begins
}

// ProposalID is nil when nothing waits.
func (c PriceChange) ProposalID() *publicid.ID {
	if c.PlannedPrice.ProposalID == uuid.Nil {
		return nil
	}
	id := publicid.New(publicid.PriceProposal, c.PlannedPrice.ProposalID)
	return &id
}

// The lists of prices.
type (
	PriceConnection         = Connection[*Price]
	PriceEdge               = Edge[*Price]
	PriceProposalConnection = Connection[*PriceProposal]
	PriceProposalEdge       = Edge[*PriceProposal]
)
