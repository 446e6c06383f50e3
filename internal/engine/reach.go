package engine

import (
	"context"
	"fmt"
	"reflect"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// maxReached limits the workflows in the list of a worker: those of its live runs.
const maxReached = 1000

// reachesAll reports whether the caller reaches every workflow of its organization.
func reachesAll(who caller.Caller) bool { return who.Has(caller.ReadAll) }

// reaches reports whether the caller may see a workflow. A caller with one workflow reaches that one. Any other
// caller without the permission READ_ALL is a worker: it reaches the workflows in which it has, or had, a run, so that
// it can settle a late call and see why it has lost a run.
func (e *Engine) reaches(ctx context.Context, who caller.Caller, flow uuid.UUID) (bool, error) {
	if who.WorkflowID != uuid.Nil || reachesAll(who) {
		return who.WorkflowID == uuid.Nil || who.WorkflowID == flow, nil
	}
	has, err := e.store.HasRun(ctx, who, flow)
	if err != nil {
		return false, fmt.Errorf("look for a run of %s in workflow %s: %w", who.Actor, flow, err)
	}
	return has, nil
}

// reach returns NOT_FOUND for a workflow that the caller does not reach.
func (e *Engine) reach(ctx context.Context, who caller.Caller, flow uuid.UUID, thing string) error {
	reached, err := e.reaches(ctx, who, flow)
	if err == nil && !reached {
		err = notFound(thing)
	}
	return err
}

// reached returns the workflows of a list for a caller that does not reach all.
func (e *Engine) reached(ctx context.Context, who caller.Caller) ([]uuid.UUID, error) {
	if who.WorkflowID != uuid.Nil {
		return []uuid.UUID{who.WorkflowID}, nil
	}
	flows, err := e.store.LiveWorkflows(ctx, who, maxReached)
	if err != nil {
		return nil, fmt.Errorf("list the workflows of %s: %w", who.Actor, err)
	}
	return flows, nil
}

// Within checks the input of a verb before the verb, for a caller that does not reach all workflows. An input about a
// workflow out of reach is NOT_FOUND. A caller with one workflow is FORBIDDEN every input about more than a workflow.
// An input that names a call passes: Call has the check. An unknown input is refused, so no new verb is forgotten.
func (e *Engine) Within(ctx context.Context, who caller.Caller, input any) error {
	if reachesAll(who) {
		return nil
	}
	switch in := input.(type) {
	case ClaimWorkInput, SettleInput, ReleaseInput: // They look for themselves.
		return nil
	case AdjustInput:
		return e.reach(ctx, who, in.AccountID, "ledger entry")
	}
	if field := reflect.ValueOf(input).FieldByName("WorkflowID"); field.IsValid() {
		if flow, is := field.Interface().(uuid.UUID); is {
			return e.reach(ctx, who, flow, "workflow")
		}
	}
	if field := reflect.ValueOf(input).FieldByName("ArticleID"); field.IsValid() {
		if article, is := field.Interface().(uuid.UUID); is {
			flows, err := e.store.WorkflowsOfArticles(ctx, who, []uuid.UUID{article})
			if err != nil {
				return fmt.Errorf("read the workflow of article %s: %w", article, err)
			}
			return e.reach(ctx, who, flows[article], "article")
		}
	}
	return fault.New(fault.Forbidden, "%s", who.Denied(caller.ReadAll))
}

// liveRun returns the live run of the caller with the token, or an error.
func (e *Engine) liveRun(
	ctx context.Context, who caller.Caller, flow uuid.UUID, token int,
) (workflow.Run, error) {
	run, err := e.ownRun(ctx, who, flow, token)
	if err == nil && run.EndedAt != nil {
		err = e.lost(ctx, who, workflow.Run{WorkflowID: flow})
	}
	return run, err
}
