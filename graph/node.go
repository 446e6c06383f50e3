package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

// node returns the object of a reference.
func (r *Resolver) node(ctx context.Context, ref publicid.Reference) (model.Node, error) {
	who := caller.From(ctx)
	if err := permit(who, nodePermissions[ref.Kind]); err != nil {
		return nil, err
	}
	switch ref.Kind {
	case publicid.Organization:
		return r.organization(ctx, ref.UUID)
	case publicid.Call:
		call, err := r.Engine.Call(ctx, who, ref.UUID)
		if err != nil {
			return nil, err
		}
		flow, err := r.Engine.Workflow(ctx, who, call.WorkflowID)
		return &model.Call{Call: call, Workflow: model.NewWorkflow(flow)}, err
	case publicid.APIKey:
		key, err := r.Engine.APIKey(ctx, who, ref.UUID)
		return &model.APIKey{APIKey: key}, err
	case publicid.PriceProposal:
		if err := permit(who, caller.ReadAll); err != nil {
			return nil, err
		}
		proposal, err := r.Engine.PriceProposal(ctx, who, ref.UUID)
		return &model.PriceProposal{Proposal: proposal}, err
	case publicid.Keyword:
		keyword, err := r.Engine.Keyword(ctx, who, ref.UUID)
		return &model.Keyword{SeedKeyword: keyword}, err
	case publicid.PublishTarget:
		target, err := r.Engine.PublishTarget(ctx, who, ref.UUID)
		return &model.PublishTarget{PublishTarget: target}, err
	case publicid.Unit:
		unit, err := r.Engine.Unit(ctx, who, ref.UUID)
		return &model.Unit{Unit: unit}, err
	case publicid.Article:
		return r.article(ctx, ref.UUID)
	case publicid.Batch:
		batch, err := r.Engine.Batch(ctx, who, ref.UUID)
		return model.NewOrderedBatch(batch), err
	case publicid.Verification:
		verification, err := r.Engine.Verification(ctx, who, ref.UUID)
		return model.NewVerification(verification), err
	case publicid.Publication:
		return r.publication(ctx, ref.UUID)
	case publicid.Alert:
		alert, err := r.Engine.Alert(ctx, who, ref.UUID)
		return &model.Alert{Alert: alert}, err
	case publicid.LedgerEntry:
		entry, err := r.Engine.EntryAt(ctx, who, ref.UUID, ref.Number)
		return &model.LedgerEntry{Entry: entry}, err
	}
	flow, err := r.Engine.Workflow(ctx, who, ref.UUID)
	if err != nil || ref.Kind == publicid.Workflow {
		return model.NewWorkflow(flow), err
	}
	transition, err := r.Engine.TransitionAt(ctx, who, ref.UUID, int(ref.Number))
	return &model.Transition{Transition: transition, Workflow: model.NewWorkflow(flow)}, err
}

// organization returns the caller's organization, and NOT_FOUND for every other.
func (r *Resolver) organization(ctx context.Context, id uuid.UUID) (*model.Organization, error) {
	who := caller.From(ctx)
	if id != who.OrganizationID {
		return nil, fault.New(fault.NotFound, "There is no such organization.")
	}
	found, err := r.Engine.Organization(ctx, who)
	return &model.Organization{Organization: found}, err
}

// absent reports whether err is NOT_FOUND, which a query answers with null.
func absent(err error) bool { return fault.KindOf(err) == fault.NotFound }
