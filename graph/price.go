package graph

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

const (
	maxImportPrices     = 1000
	maxModels           = 100 // in a query of prices
	maxSourceCharacters = 2048
)

// The kinds of the cursors of prices.
const (
	priceList    = "price"
	proposalList = "price proposal"
)

// pricePage is a requested page of prices.
type pricePage struct {
	list scalar.List
	window
	input engine.PriceListInput
}

func decodePrices(
	who caller.Caller, models []string, at *scalar.WrittenDateTime, page paging,
) (pricePage, error) {
	var d decoder
	w := d.window(page)
	in := engine.PriceListInput{Models: models, Backward: w.backward, First: w.size + 1}
	if len(models) > maxModels {
		d.note(fault.New(fault.InvalidInput, "Name at most %d models.", maxModels), []string{"models"})
	}
	for i, name := range models {
		d.text(name, maxNameCharacters, "models", strconv.Itoa(i))
	}
	if at != nil {
		read, err := at.Time()
		d.note(err, []string{"at"})
		in.At = &read
	}
	list := scalar.List{Kind: priceList, Organization: who.OrganizationID}
	if w.cursor != nil {
		position, err := list.ParseText(*w.cursor)
		d.noteCursor(w, err)
		in.After = priceAt(position)
	}
	return pricePage{list, w, in}, d.err()
}

// positionOf returns the position of a price in the list; priceAt reads it. No part of it contains the separator.
func positionOf(p *model.Price) string {
	return strings.Join([]string{
		p.Model, string(p.Component), strconv.FormatInt(p.MinPromptTokens, 10), p.OrganizationID.String(),
	}, "\x00")
}

func priceAt(position string) *cost.Price {
	parts := strings.SplitN(position, "\x00", 4)
	for len(parts) < 4 {
		parts = append(parts, "")
	}
	size, _ := strconv.ParseInt(parts[2], 10, 64) // The checksum proves that this program wrote it.
	list, _ := uuid.Parse(parts[3])
	return &cost.Price{
		Model:           parts[0],
		Component:       cost.Component(parts[1]),
		MinPromptTokens: size,
		OrganizationID:  list,
	}
}

// prices returns a page of the prices in force.
func (r *Resolver) prices(ctx context.Context, asked pricePage) (*model.PriceConnection, error) {
	who, in := caller.From(ctx), asked.input
	found, err := r.Engine.PriceList(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(p cost.Price) *model.Price { return &model.Price{Price: p} }
	return page(found, asked.window, wrap, model.Page[*model.Price]{
		Cursor: func(p *model.Price) string { return asked.list.Text(positionOf(p)) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountPrices(ctx, who, in) },
	}), nil
}

// proposals returns a page of the organization's prices in quarantine.
func (r *Resolver) proposals(
	ctx context.Context, states []cost.ProposalState, asked moments,
) (*model.PriceProposalConnection, error) {
	who := caller.From(ctx)
	in := engine.ProposalsInput{
		States:   states,
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	}
	found, err := r.Engine.PriceProposals(ctx, who, in)
	if err != nil {
		return nil, err
	}
	wrap := func(p cost.Proposal) *model.PriceProposal { return &model.PriceProposal{Proposal: p} }
	return page(found, asked.window, wrap, model.Page[*model.PriceProposal]{
		Cursor: func(p *model.PriceProposal) string { return asked.list.Moment(p.ProposedAt, p.Proposal.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountPriceProposals(ctx, who, in) },
	}), nil
}

func decodeImportPrices(input model.ImportPricesInput) (in decoded[engine.ImportPricesInput]) {
	in.value = engine.ImportPricesInput{
		Source: in.text(input.Source, maxSourceCharacters, "source"), Apply: input.Apply,
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if n := len(input.Prices); n < 1 || n > maxImportPrices {
		in.note(fault.New(fault.InvalidInput, "Give 1 to %d prices.", maxImportPrices), []string{"prices"})
		return in
	}
	for i, p := range input.Prices {
		field := []string{"prices", strconv.Itoa(i)}
		amount, err := p.Amount.Pico()
		in.note(err, append(field, "amount"))
		in.value.List.Prices = append(in.value.List.Prices, cost.ListedPrice{
			Model:           in.text(p.Model, maxNameCharacters, append(field, "model")...),
			Component:       p.Component,
			MinPromptTokens: int64(p.MinPromptTokens),
			Unit:            amount,
		})
	}
	return in
}

func decodeAccept(input model.AcceptPriceInput) decoded[engine.DecideInput] {
	return decodeDecision(input)
}

func decodeReject(input model.RejectPriceInput) decoded[engine.DecideInput] {
	return decodeDecision(model.AcceptPriceInput(input))
}

// decodeDecision reads either decision. Both inputs have the same fields.
func decodeDecision(input model.AcceptPriceInput) (in decoded[engine.DecideInput]) {
	in.blames(fault.NotFound, "proposalId")
	in.blames(fault.Conflict, "proposalId")
	in.value = engine.DecideInput{
		ProposalID:     in.id(input.ProposalID, publicid.PriceProposal, "proposalId"),
		Reason:         in.text(input.Reason, maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// imported returns the changes of a payload.
func imported(done engine.PriceImport) []model.PriceChange {
	changes := make([]model.PriceChange, len(done.Changes))
	for i, c := range done.Changes {
		changes[i] = model.PriceChange{PlannedPrice: c}
	}
	return changes
}

// decidedPrice returns the proposal of a payload; nil without a decision.
func decidedPrice(d engine.Decided) *model.PriceProposal {
	if d.Proposal.ID == uuid.Nil {
		return nil
	}
	return &model.PriceProposal{Proposal: d.Proposal}
}

func importPricesPayload(done engine.PriceImport, problems []model.UserError) *model.ImportPricesPayload {
	return &model.ImportPricesPayload{
		Changes:    imported(done),
		Applied:    done.Applied,
		Replayed:   done.Replayed,
		UserErrors: problems,
	}
}

// acceptPayload returns the payload of a decision. Both decisions have payloads with the same fields.
func acceptPayload(d engine.Decided, problems []model.UserError) *model.AcceptPricePayload {
	return &model.AcceptPricePayload{Proposal: decidedPrice(d), Replayed: d.Replayed, UserErrors: problems}
}

func rejectPayload(d engine.Decided, problems []model.UserError) *model.RejectPricePayload {
	return (*model.RejectPricePayload)(acceptPayload(d, problems))
}
