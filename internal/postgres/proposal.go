package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// ProposePrices writes doubtful prices as proposals, each with the id at the same index.
func (s *Store) ProposePrices(ctx context.Context, who caller.Caller, new NewPrices, ids []uuid.UUID) error {
	columns := columnsOf(new.Changes)
	_, err := s.forTenant(who.OrganizationID).ProposalAdd(ctx, dbsqlc.ProposalAddParams{
		Ids:             ids,
		OrganizationID:  pointer(who.OrganizationID),
		Models:          columns.models,
		Components:      columns.components,
		MinPromptTokens: columns.sizes,
		UnitPicos:       columns.units,
		ComparedPicos:   columns.olds,
		Doubts:          columns.doubts,
		Source:          new.Source,
		Actor:           who.Actor,
		At:              new.At,
		Pending:         cost.ProposalPending,
	})
	return translate(err)
}

// ProposalPage selects proposals in some states: those after a cursor, the oldest first, or those before it, the newest
// first.
type ProposalPage struct {
	States     []cost.ProposalState
	Descending bool
	At         time.Time
	ID         uuid.UUID
	First      int32
}

// Proposals returns at most First proposals of the caller's list.
func (s *Store) Proposals(ctx context.Context, who caller.Caller, page ProposalPage) ([]cost.Proposal, error) {
	q := s.forTenant(who.OrganizationID)
	if page.Descending {
		rows, err := q.ProposalListDescending(ctx, dbsqlc.ProposalListDescendingParams{
			OrganizationID: who.OrganizationID,
			States:         texts(page.States),
			BeforeAt:       page.At,
			BeforeID:       page.ID,
			PageSize:       page.First,
		})
		return many(rows, err, toProposal)
	}
	rows, err := q.ProposalList(ctx, dbsqlc.ProposalListParams{
		OrganizationID: who.OrganizationID,
		States:         texts(page.States),
		AfterAt:        page.At,
		AfterID:        page.ID,
		PageSize:       page.First,
	})
	return many(rows, err, toProposal)
}

// CountProposals counts the proposals of the caller's list in some states.
func (s *Store) CountProposals(ctx context.Context, who caller.Caller, states []cost.ProposalState) (int, error) {
	n, err := s.forTenant(who.OrganizationID).ProposalCount(ctx, dbsqlc.ProposalCountParams{
		OrganizationID: who.OrganizationID, States: texts(states),
	})
	return int(n), translate(err)
}

// Proposal returns one proposal of the caller's list.
func (s *Store) Proposal(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (proposal cost.Proposal, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).ProposalGet(ctx, dbsqlc.ProposalGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toProposal)
}

// Decision is the new state of a proposal. AcceptedFrom is the begin of its price, nil without one.
type Decision struct {
	ID           uuid.UUID
	State        cost.ProposalState
	Reason       string
	AcceptedFrom *time.Time
	At           time.Time
}

// DecideProposal decides one proposal. decided is false when it is no longer pending.
func (s *Store) DecideProposal(
	ctx context.Context, who caller.Caller, d Decision,
) (proposal cost.Proposal, decided bool, err error) {
	row, err := s.forTenant(who.OrganizationID).ProposalDecide(ctx, dbsqlc.ProposalDecideParams{
		OrganizationID: who.OrganizationID,
		ID:             d.ID,
		State:          d.State,
		Reason:         d.Reason,
		AcceptedFrom:   d.AcceptedFrom,
		Actor:          who.Actor,
		At:             d.At,
		Pending:        cost.ProposalPending,
	})
	return one(row, err, toProposal)
}

// SupersedeProposals closes pending proposals that a later list has overtaken.
func (s *Store) SupersedeProposals(ctx context.Context, who caller.Caller, ids []uuid.UUID, at time.Time) error {
	_, err := s.forTenant(who.OrganizationID).ProposalSupersede(ctx, dbsqlc.ProposalSupersedeParams{
		OrganizationID: who.OrganizationID,
		Ids:            ids,
		Superseded:     cost.ProposalSuperseded,
		Pending:        cost.ProposalPending,
		Actor:          who.Actor,
		At:             at,
	})
	return translate(err)
}

func toProposal(r dbsqlc.ModelPriceProposal) cost.Proposal {
	return cost.Proposal{
		OrganizationID:  r.ListID,
		ID:              r.ID,
		Model:           r.Model,
		Component:       r.Component,
		MinPromptTokens: r.MinPromptTokens,
		Unit:            r.UnitPico,
		Compared:        r.ComparedPico,
		Doubt:           r.Doubt,
		Source:          r.Source,
		Actor:           r.Actor,
		ProposedAt:      r.ProposedAt.UTC(),
		State:           r.State,
		DecidedBy:       value(r.DecidedBy),
		Reason:          r.Reason,
		DecidedAt:       utc(r.DecidedAt),
		AcceptedFrom:    utc(r.AcceptedFrom),
	}
}
