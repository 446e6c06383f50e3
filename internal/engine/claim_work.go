package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// maxClaimed limits the runs of one claim.
	maxClaimed = 50
	// maxLease limits the lease that a program outside asks for.
	maxLease = time.Hour
)

// ClaimWorkInput asks for runs. Steps are all steps that programs outside drive when empty. LeaseSeconds is the
// engine's lease when zero.
type ClaimWorkInput struct {
	Steps          []workflow.StepKey
	Max            int
	LeaseSeconds   int
	IdempotencyKey string
}

// ClaimedWork are the runs of a claim.
type ClaimedWork struct {
	Items    []WorkItem
	Replayed bool
}

// WorkItem is a run that a program outside has claimed.
type WorkItem struct {
	Workflow workflow.Workflow
	Run      workflow.Run
	Input    StepInput
	// Room is what the accounts of the workflow and the month admit. It is no promise.
	Room cost.Room
}

// ClaimWork hands out runs of automatic steps that no worker drives, those of the oldest workflows first, and at most
// one for each workflow. A caller with one workflow gets runs of that one only. Each claim is a transition into a
// processing state, so no two callers get the same run. The result may be empty. A replay returns the runs of the first
// answer that the caller still has.
func (e *Engine) ClaimWork(ctx context.Context, who caller.Caller, in ClaimWorkInput) (_ ClaimedWork, err error) {
	ctx, end := e.begin(ctx, "ClaimWork")
	defer end(&err)
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	lease, err := e.leaseOf(in.LeaseSeconds)
	if err != nil {
		return ClaimedWork{}, err
	}
	if in.Max < 1 || in.Max > maxClaimed {
		return ClaimedWork{}, fault.Invalid([]string{"max"}, "A claim has 1 to %d runs.", maxClaimed)
	}
	steps, err := e.claimable(ctx, who, in.Steps)
	if err != nil {
		return ClaimedWork{}, err
	}
	c := claim{
		query: postgres.WorkQuery{
			Steps:      steps,
			WorkflowID: who.WorkflowID,
			At:         at,
			First:      int32(in.Max),
		},
		lease: at.Add(lease),
	}
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "claimWork",
		content:   in,
		at:        at,
		perCaller: true,
	}, func(tx *postgres.Store) error {
		if err := e.claimIn(ctx, tx, who, &c); err != nil || key == "" {
			return err
		}
		answer, err := json.Marshal(c.claimed)
		if err != nil {
			return err
		}
		return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Answer: answer})
	})
	if err != nil {
		return ClaimedWork{}, fmt.Errorf("claim work: %w", err)
	}
	if replay != nil {
		if err := json.Unmarshal(replay.Answer, &c.claimed); err != nil {
			return ClaimedWork{}, fmt.Errorf("read the runs of an earlier claim: %w", err)
		}
	}
	items, err := e.workItems(ctx, who, c.claimed)
	return ClaimedWork{Items: items, Replayed: replay != nil}, err
}

// claim is a claim with its result.
type claim struct {
	query   postgres.WorkQuery
	lease   time.Time
	claimed []claimedRun
}

// claimedRun names a run.
type claimedRun struct {
	WorkflowID uuid.UUID
	Token      int
}

// leaseOf returns the lease that a caller asks for.
func (e *Engine) leaseOf(seconds int) (time.Duration, error) {
	lease := time.Duration(seconds) * time.Second
	switch {
	case seconds == 0:
		return e.lease, nil
	case seconds < 0 || lease > maxLease:
		return 0, fault.Invalid([]string{"leaseSeconds"}, "A lease has 1 to %d seconds.", int(maxLease.Seconds()))
	}
	return lease, nil
}

// claimable returns the named steps, or all that programs outside drive. It refuses a step that workers of the engine
// drive.
func (e *Engine) claimable(
	ctx context.Context, who caller.Caller, named []workflow.StepKey,
) (steps []workflow.Step, err error) {
	written := named
	if named, err = automatic(named, "steps"); err != nil {
		return nil, err
	}
	outside, err := e.OutsideSteps(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, step := range workflow.Steps() {
		ours := step.Kind != workflow.Automatic || e.drives[step.Key] && !outside.Has(step.Key)
		asked := slices.Contains(named, step.Key)
		switch {
		case ours && asked:
			return nil, fault.Invalid([]string{"steps", strconv.Itoa(slices.Index(written, step.Key))},
				"Workers of the engine drive %s here. setOutsideSteps changes that.", step.Key)
		case !ours && (asked || len(named) == 0):
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// claimIn claims the oldest work within a transaction. The locks of the work that it does not claim end with it.
func (e *Engine) claimIn(ctx context.Context, tx *postgres.Store, who caller.Caller, c *claim) error {
	if len(c.query.Steps) == 0 {
		return nil
	}
	var work []postgres.Work
	for _, list := range []func(context.Context, caller.Caller, postgres.WorkQuery) ([]postgres.Work, error){
		tx.OfferedWork, tx.RetryWork, tx.PendingWork,
	} {
		found, err := list(ctx, who, c.query)
		if err != nil {
			return err
		}
		work = append(work, found...)
	}
	slices.SortFunc(work, func(a, b postgres.Work) int {
		return cmp.Or(a.Workflow.CreatedAt.Compare(b.Workflow.CreatedAt),
			slices.Compare(a.Workflow.ID[:], b.Workflow.ID[:]))
	})
	c.claimed = []claimedRun{}
	for _, w := range work[:min(len(work), int(c.query.First))] {
		token, won, err := e.claimOne(ctx, tx, who, w, c)
		if err != nil {
			return err
		}
		if won {
			c.claimed = append(c.claimed, claimedRun{WorkflowID: w.Workflow.ID, Token: token})
		}
	}
	return nil
}

// claimOne claims one run. The transaction has locked its workflow, so won is false only when the run was adopted
// before.
func (e *Engine) claimOne(
	ctx context.Context, tx *postgres.Store, who caller.Caller, w postgres.Work, c *claim,
) (token int, won bool, err error) {
	flow, step, attempt, kind := w.Workflow, w.Workflow.Step(), 1, workflow.Advance
	if flow.State == step.Processing {
		_, won, err = tx.AdoptRun(ctx, who, *w.Run, c.lease)
		return w.Run.Token, won, err
	}
	if w.Run != nil {
		attempt, kind = w.Run.Attempt+1, workflow.Retry
	}
	move := e.moveTo(flow.ID, step.Processing, c.query.At)
	move.From, move.Kind, move.Version = flow.State, kind, &flow.Version
	move.Reason = fmt.Sprintf("attempt %d", attempt)
	move.Run = &postgres.NewRun{
		Step:           step.Key,
		Worker:         who.Actor,
		Attempt:        attempt,
		LeaseExpiresAt: c.lease,
	}
	moved, err := e.makeIn(ctx, tx, who, move)
	return moved.Workflow.Version, err == nil, err
}

// workItems reads runs with everything that a worker needs. It leaves out a run that the caller no longer has.
func (e *Engine) workItems(ctx context.Context, who caller.Caller, claimed []claimedRun) ([]WorkItem, error) {
	items, flows := []WorkItem{}, make([]uuid.UUID, 0, len(claimed))
	for _, c := range claimed {
		flow, err := e.Workflow(ctx, who, c.WorkflowID)
		if err != nil {
			return nil, err
		}
		run, there, err := e.store.Run(ctx, who, c.WorkflowID, c.Token)
		if err != nil {
			return nil, fmt.Errorf("read a claimed run: %w", err)
		}
		if !there || run.EndedAt != nil || run.Worker != who.Actor {
			continue
		}
		items, flows = append(items, WorkItem{Workflow: flow, Run: run}), append(flows, flow.ID)
	}
	if len(items) == 0 {
		return items, nil
	}
	rooms, err := e.Rooms(ctx, who, flows)
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		items[i].Room = rooms[item.Workflow.ID]
		if items[i].Input, err = e.StepInput(ctx, who, item.Run); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// AvailableWork returns the steps that have work to claim now: of the named ones, or of all that programs outside
// drive.
func (e *Engine) AvailableWork(
	ctx context.Context, who caller.Caller, named []workflow.StepKey,
) ([]workflow.StepKey, error) {
	steps, err := e.claimable(ctx, who, named)
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	found, err := e.store.AvailableWork(ctx, who, postgres.WorkQuery{
		Steps: steps, WorkflowID: who.WorkflowID, At: e.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("look for work: %w", err)
	}
	return found, nil
}
