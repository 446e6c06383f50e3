package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// PublicationsOf returns the publications that a visit of the step PUBLISH works on: those that the last decision at
// the gate asked for. A visit that no decision opened has none.
func (e *Engine) PublicationsOf(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) ([]workflow.Publication, error) {
	_, pending := workflow.GatePublish.Edge()
	approval, err := e.store.LastAdvanceInto(ctx, who, postgres.AdvanceInto{
		WorkflowID: flow, State: pending, UpTo: visit,
	})
	if err != nil || approval == 0 {
		return nil, err
	}
	publications, err := e.store.PublicationsOfApproval(ctx, who, flow, approval)
	if err != nil {
		return nil, fmt.Errorf("read the publications of workflow %s: %w", flow, err)
	}
	return publications, nil
}

// PublicationOfUnit returns the publication that a unit of the step PUBLISH works on, or NOT_FOUND.
func (e *Engine) PublicationOfUnit(
	ctx context.Context, who caller.Caller, unit workflow.Unit,
) (workflow.Publication, error) {
	publications, err := e.PublicationsOf(ctx, who, unit.WorkflowID, unit.Visit)
	for _, p := range publications {
		if p.UnitOf(unit.Visit) == unit.ID {
			return p, nil
		}
	}
	return found(workflow.Publication{}, false, err, "publication")
}

// Publication returns one publication, or NOT_FOUND.
func (e *Engine) Publication(ctx context.Context, who caller.Caller, id uuid.UUID) (workflow.Publication, error) {
	p, there, err := e.store.Publication(ctx, who, id)
	if err == nil && there {
		there, err = e.reaches(ctx, who, p.WorkflowID)
	}
	return found(p, there, err, "publication")
}

// MovePublicationInput is a move of a publication by an attempt at its unit.
type MovePublicationInput struct {
	Unit          workflow.Unit
	Before, After workflow.Publication
	Kind          workflow.PublicationMove
}

// MovePublication writes a move of a publication. A move that lets a request go out needs an attempt that is live, so
// that a cancelled workflow and a second worker send nothing. A move that records what a site has answered does not.
// The error is *LostRunError when the attempt is over or another one has moved the publication.
func (e *Engine) MovePublication(ctx context.Context, who caller.Caller, in MovePublicationInput) (err error) {
	ctx, end := e.begin(ctx, "MovePublication")
	defer end(&err)
	in.After.FailureMessage = storable(in.After.FailureMessage)
	won, err := e.store.MovePublication(ctx, who, postgres.PublicationMove{
		Before: in.Before,
		After:  in.After,
		Kind:   in.Kind,
		Unit:   in.Unit.Run().Unit,
		Live:   in.Kind.Sends(),
	})
	if err != nil {
		return fmt.Errorf("move publication %s by %s: %w", in.After.ID, in.Kind, err)
	}
	if won {
		return nil
	}
	return e.lost(ctx, who, in.Unit.Run())
}

// MayPublish reports whether an article may go to a target: one that the sandbox made goes only to a site of the
// sandbox or to a file.
func MayPublish(t PublishTarget, synthetic bool) bool {
	return !synthetic || t.Kind == workflow.TargetFile || t.SiteName == SandboxSite
}

// Publications returns the publications of each workflow, the oldest first.
func (e *Engine) Publications(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]workflow.Publication, error) {
	found, err := e.store.Publications(ctx, who, postgres.PublicationPage{Workflows: flows, First: mostPublications})
	if err != nil {
		return nil, fmt.Errorf("read publications: %w", err)
	}
	return found, nil
}

// PublicationEvents returns the last events of each publication, the last first.
func (e *Engine) PublicationEvents(
	ctx context.Context, who caller.Caller, publications []uuid.UUID,
) (map[uuid.UUID][]workflow.PublicationEvent, error) {
	events, err := e.store.PublicationEvents(ctx, who, publications)
	if err != nil {
		return nil, fmt.Errorf("read the events of publications: %w", err)
	}
	return events, nil
}
