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

// ImportPricesInput is a price list for the caller's own prices, or for the operator's.
type ImportPricesInput struct {
	List cost.PriceList
	// Source is the place where the list was published.
	Source string
	// Apply writes the changes. Without it the import returns the plan only, and the key stays unused.
	Apply          bool
	IdempotencyKey string
}

// PriceImport is the result of an import, or its plan.
type PriceImport struct {
	Changes []PlannedPrice
	Skipped []cost.SkippedModel
	Applied bool
	At      time.Time
	// Replayed reports that this is the result of an earlier request with the same key.
	Replayed bool
}

// PlannedPrice is a change with the proposal that it has made.
type PlannedPrice struct {
	cost.PriceChange
	// ProposalID names the quarantine of a doubted price; the nil UUID when it is not doubted or nothing was written.
	ProposalID uuid.UUID
}

// ImportPrices compares a list with the prices in force and, with Apply, writes the changes: plausible prices come
// into force, doubtful ones become proposals. A pending proposal of the same price stays pending; one that the list
// has overtaken becomes SUPERSEDED. Prices of earlier times do not change. Of concurrent imports of one list one
// writes, and the others find nothing to write. INVALID_INPUT when the list is not valid.
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
		key:       key,
		operation: "importPrices",
		content:   in,
		at:        e.now(),
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
		if err := e.alert(ctx, tx, plan.quarantined(who.OrganizationID)...); err != nil || key == "" {
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

// plan is an import with the rows to write.
type plan struct {
	PriceImport
	taken, doubted []cost.PriceChange
	proposals      []uuid.UUID // of the doubted, at the same places
	superseded     []uuid.UUID
}

// plan reads the present prices and decides about each. It reads the clock here, after the lock.
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
		return plan{}, fmt.Errorf("read the pending proposals: %w", err)
	}
	p := plan{PriceImport: PriceImport{Skipped: in.List.Skipped, At: e.now()}}
	waiting := make(map[pricedThing]cost.Proposal, len(pending))
	for _, w := range pending {
		waiting[pricedThing{w.Model, w.Component, w.MinPromptTokens}] = w
	}
	comparison := cost.Comparison{
		OrganizationID: who.OrganizationID,
		Open:           open,
		List:           in.List,
		At:             p.At,
	}
	for _, c := range comparison.Compare() {
		planned := PlannedPrice{PriceChange: c}
		w, waits := waiting[pricedThing{c.Model, c.Component, c.MinPromptTokens}]
		switch {
		case c.Kind == cost.PriceGone: // The list does not contain it.
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

// pricedThing identifies one price of a list, and its proposal.
type pricedThing struct {
	model     string
	component cost.Component
	size      int64
}

// add adds a change to the rows to write and returns the id of its proposal.
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
			OrganizationID: list,
			Kind:           cost.AlertQuarantined,
			At:             p.At,
			ProposalID:     &p.proposals[i],
		})
	}
	return alerts
}
