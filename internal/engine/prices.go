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

// Operator returns the caller whose price list counts for every organization. It belongs to no organization, so no
// token can name it; and the server's role may not write its list, so only a command that works as the owner of the
// database can act on its behalf.
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

// PriceListInput asks for prices by model, component, size of prompt and list. No models are all models, and no At is
// now. After is the last price seen.
type PriceListInput struct {
	Models []string
	At     *time.Time
	After  *cost.Price
	First  int
}

// PriceList returns at most First prices that were in force at a time: the caller's own and the operator's.
func (e *Engine) PriceList(ctx context.Context, who caller.Caller, in PriceListInput) ([]cost.Price, error) {
	prices, err := e.store.PricePage(ctx, who, e.pricePage(in))
	if err != nil {
		return nil, fmt.Errorf("list prices: %w", err)
	}
	return prices, nil
}

// CountPrices counts what PriceList returns a part of.
func (e *Engine) CountPrices(ctx context.Context, who caller.Caller, in PriceListInput) (int, error) {
	n, err := e.store.CountPrices(ctx, who, e.pricePage(in))
	if err != nil {
		return 0, fmt.Errorf("count prices: %w", err)
	}
	return n, nil
}

func (e *Engine) pricePage(in PriceListInput) postgres.PricePage {
	page := postgres.PricePage{Models: in.Models, After: in.After, First: int32(in.First)}
	if in.At == nil {
		page.At = e.now()
	} else {
		page.At = *in.At
	}
	return page
}

// ImportPricesInput is a price list for the caller's own prices, or for the operator's.
type ImportPricesInput struct {
	List cost.PriceList
	// Source says where the list was published.
	Source string
	// Apply writes; without it the import only says what it would do, and the key stays unused.
	Apply          bool
	IdempotencyKey string
}

// PriceImport is what an import did, or would do.
type PriceImport struct {
	Changes []PlannedPrice
	Skipped []cost.SkippedModel
	Applied bool
	At      time.Time
	// Replayed says that this is what an earlier request with the same key did.
	Replayed bool
}

// PlannedPrice is a change with what became of it.
type PlannedPrice struct {
	cost.PriceChange
	// ProposalID names the quarantine of a doubted price; the nil UUID when it is not doubted or nothing was written.
	ProposalID uuid.UUID
}

// ImportPrices compares a list with the prices in force and, with Apply, writes what is new: believed prices come into
// force, doubted ones wait as proposals. A proposal that waits already and says the same goes on waiting; one that the
// list has overtaken is SUPERSEDED. Nothing changes that was in force at any earlier moment. Of several imports of one
// list at once, one writes and the others find everything written. INVALID_INPUT when the list cannot be kept.
func (e *Engine) ImportPrices(ctx context.Context, who caller.Caller, in ImportPricesInput) (_ PriceImport, err error) {
	ctx, end := e.begin(ctx, "ImportPrices")
	defer end(&err)
	if err := checkImport(in); err != nil {
		return PriceImport{}, err
	}
	if !in.Apply {
		plan, err := e.plan(ctx, e.store, who, in)
		return plan.PriceImport, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	var plan plan
	replay, err := e.once(ctx, who, request{
		key: key, operation: "importPrices", content: in, at: e.now(),
	}, func(tx *postgres.Store) (err error) {
		if err := tx.LockPrices(ctx, who); err != nil {
			return err
		}
		if plan, err = e.plan(ctx, tx, who, in); err != nil {
			return err
		}
		if err := plan.carryOut(ctx, tx, who, in.Source); err != nil {
			return err
		}
		if err := e.tell(ctx, tx, plan.quarantined(who.OrganizationID)...); err != nil || key == "" {
			return err
		}
		return keepImport(ctx, tx, who, key, plan.PriceImport)
	})
	if err != nil {
		return PriceImport{}, fmt.Errorf("import prices: %w", err)
	}
	if replay != nil {
		return replayImport(in, *replay)
	}
	plan.Applied = true
	return plan.PriceImport, nil
}

func checkImport(in ImportPricesInput) error {
	if n := utf8.RuneCountInString(in.Source); n < 1 || n > 2048 || !utf8.ValidString(in.Source) {
		return fault.Invalid([]string{"source"}, "The source of a price list has 1 to 2048 characters.")
	}
	return cost.CheckListed(in.List.Prices)
}

// plan is an import with what it has to write.
type plan struct {
	PriceImport
	taken, doubted []cost.PriceChange
	proposals      []uuid.UUID // of the doubted, at the same places
	superseded     []uuid.UUID
}

// plan reads what is there and decides what to do. The time is read here, after the lock.
func (e *Engine) plan(
	ctx context.Context, store *postgres.Store, who caller.Caller, in ImportPricesInput,
) (plan, error) {
	open, err := store.OpenPrices(ctx, who, 2*cost.MaxListPrices)
	if err != nil {
		return plan{}, fmt.Errorf("read the open prices: %w", err)
	}
	pending, err := store.Proposals(ctx, who, postgres.ProposalPage{
		States: []cost.ProposalState{cost.ProposalPending}, First: cost.MaxListPrices,
	})
	if err != nil {
		return plan{}, fmt.Errorf("read what is in quarantine: %w", err)
	}
	p := plan{PriceImport: PriceImport{Skipped: in.List.Skipped, At: e.now()}}
	waiting := make(map[pricedThing]cost.Proposal, len(pending))
	for _, w := range pending {
		waiting[pricedThing{w.Model, w.Component, w.MinPromptTokens}] = w
	}
	comparison := cost.Comparison{OrganizationID: who.OrganizationID, Open: open, List: in.List, At: p.At}
	for _, c := range comparison.Compare() {
		planned := PlannedPrice{PriceChange: c}
		w, waits := waiting[pricedThing{c.Model, c.Component, c.MinPromptTokens}]
		switch {
		case c.Kind == cost.PriceGone: // The list says nothing about it.
		case waits && c.Doubt != "" && w.Unit == c.Unit:
			planned.ProposalID = w.ID
		default:
			if waits {
				p.superseded = append(p.superseded, w.ID)
			}
			planned.ProposalID = p.add(c, e.newID, in.Apply)
		}
		p.Changes = append(p.Changes, planned)
	}
	return p, nil
}

// pricedThing is what a list has one price for, and one proposal.
type pricedThing struct {
	model     string
	component cost.Component
	size      int64
}

// add notes what has to be written for a change and returns the id of its proposal.
func (p *plan) add(c cost.PriceChange, newID func() uuid.UUID, apply bool) (proposal uuid.UUID) {
	switch {
	case c.Taken():
		p.taken = append(p.taken, c)
	case c.Doubt != "" && apply:
		proposal = newID()
		p.doubted = append(p.doubted, c)
		p.proposals = append(p.proposals, proposal)
	}
	return proposal
}

// carryOut writes a plan within its transaction.
func (p *plan) carryOut(ctx context.Context, tx *postgres.Store, who caller.Caller, source string) error {
	if len(p.superseded) > 0 {
		if err := tx.SupersedeProposals(ctx, who, p.superseded, p.At); err != nil {
			return err
		}
	}
	if len(p.taken) > 0 {
		taken := postgres.NewPrices{Changes: p.taken, Source: source, At: p.At}
		if err := tx.AddPrices(ctx, who, taken); err != nil {
			return err
		}
	}
	if len(p.doubted) == 0 {
		return nil
	}
	return tx.ProposePrices(ctx, who, postgres.NewPrices{Changes: p.doubted, Source: source, At: p.At}, p.proposals)
}

// quarantined are the alerts of the proposals that a plan writes.
func (p *plan) quarantined(list uuid.UUID) (alerts []cost.Alert) {
	for i := range p.proposals {
		alerts = append(alerts, cost.Alert{
			OrganizationID: list, Kind: cost.AlertQuarantined, At: p.At, ProposalID: &p.proposals[i],
		})
	}
	return alerts
}

// ProposalsInput asks for proposals in some states, the oldest first; no states are all.
type ProposalsInput struct {
	States []cost.ProposalState
	After  *Cursor
	First  int
}

func (in ProposalsInput) states() []cost.ProposalState {
	if len(in.States) == 0 {
		return cost.ProposalStates()
	}
	return in.States
}

// PriceProposals returns at most First proposals of the caller's list.
func (e *Engine) PriceProposals(ctx context.Context, who caller.Caller, in ProposalsInput) ([]cost.Proposal, error) {
	page := postgres.ProposalPage{States: in.states(), First: int32(in.First)}
	if in.After != nil {
		page.AfterAt, page.AfterID = in.After.At, in.After.ID
	}
	proposals, err := e.store.Proposals(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list proposed prices: %w", err)
	}
	return proposals, nil
}

// CountPriceProposals counts what PriceProposals returns a part of.
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

// proposalDecision is what becomes of a proposal, and the operation that says so.
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
		key: key, operation: v.operation, content: in, at: e.now(),
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
	if replay != nil { // What was decided stays as it is.
		p, err := e.PriceProposal(ctx, who, in.ProposalID)
		return Decided{Proposal: p, Replayed: true}, err
	}
	return out, nil
}

// checkDecided refuses a decision about what was decided otherwise.
func checkDecided(p cost.Proposal, to cost.ProposalState) error {
	if p.State == to {
		return nil
	}
	return fault.New(fault.Conflict, "The proposed price is %s since %s.", p.State, p.DecidedAt.Format(time.RFC3339))
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
	written := postgres.Decision{ID: d.ProposalID, State: d.to, Reason: d.Reason, At: at}
	if d.to == cost.ProposalAccepted {
		open, err := tx.OpenPrices(ctx, who, 2*cost.MaxListPrices)
		if err != nil {
			return cost.Proposal{}, fmt.Errorf("read the open prices: %w", err)
		}
		p := d.proposal
		accepted := cost.Comparison{OrganizationID: who.OrganizationID, Open: open, At: at}.Accept(cost.ListedPrice{
			Model: p.Model, Component: p.Component, MinPromptTokens: p.MinPromptTokens, Unit: p.Unit,
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
