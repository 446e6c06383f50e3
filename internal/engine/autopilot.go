package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// autopilotName is the actor of the decisions at gates that are AUTO.
	autopilotName = "autopilot"
	// autopilotSeeds is how many keywords the autopilot selects, the best ones.
	autopilotSeeds = 10
	// autopilotTries is how often the autopilot reads a gate that people change at the same time.
	autopilotTries = 3
)

// Autopilot decides about a workflow that waits at a gate whose mode is AUTO. It uses the verbs that people use, under
// a name of its own. decided is false when the workflow does not wait at such a gate, or when another caller was first.
// When a person changes what it has read, it reads again. An error with a kind says why the gate stays closed: a person
// must decide.
func (e *Engine) Autopilot(ctx context.Context, organization, flow uuid.UUID) (decided bool, err error) {
	ctx, end := e.begin(ctx, "Autopilot")
	defer end(&err)
	who := caller.Caller{Actor: autopilotName, OrganizationID: organization, Role: caller.Operator}
	for range autopilotTries {
		decided, err = e.autoDecide(ctx, who, flow)
		switch fault.KindOf(err) {
		case fault.StaleState, fault.RevisionConflict, fault.Conflict:
		default:
			return decided, err
		}
	}
	return decided, err
}

// autoDecide reads the gate at which a workflow waits, and decides once.
func (e *Engine) autoDecide(ctx context.Context, who caller.Caller, flow uuid.UUID) (decided bool, err error) {
	current, err := e.Workflow(ctx, who, flow)
	if err != nil {
		return false, err
	}
	gate, waits := gateAt(current.State)
	if !waits {
		return false, nil
	}
	settings, err := e.GateSettings(ctx, who)
	if err != nil || settings.Mode(gate) != workflow.GateAuto {
		return false, err
	}
	switch gate {
	case workflow.GateSeeds:
		err = e.autoSeeds(ctx, who, current)
	case workflow.GatePlan:
		err = e.autoPlan(ctx, who, current)
	default:
		err = e.autoPublish(ctx, who, current)
	}
	return err == nil, err
}

// gateAt returns the gate that a state waits at.
func gateAt(state workflow.State) (workflow.Gate, bool) {
	for _, gate := range workflow.Gates() {
		if from, _ := gate.Edge(); from == state {
			return gate, true
		}
	}
	return "", false
}

// autoSeeds approves the selection; when it is too small, the best keywords that no person has rejected join it.
func (e *Engine) autoSeeds(ctx context.Context, who caller.Caller, flow workflow.Workflow) error {
	all, err := e.Keywords(ctx, who, []uuid.UUID{flow.ID})
	if err != nil {
		return err
	}
	selection := content.SelectionOf(all[flow.ID])
	if selection.Count < content.FewestSeeds {
		var chosen []uuid.UUID
		for _, k := range all[flow.ID] {
			if k.Choice != content.ChoiceRejected && len(chosen) < autopilotSeeds {
				chosen = append(chosen, k.ID)
			}
		}
		if len(chosen) > 0 {
			reviewed, err := e.DecideKeywords(ctx, who, DecideKeywordsInput{
				WorkflowID: flow.ID, IDs: chosen, Choice: content.ChoiceSelected,
			})
			if err != nil {
				return err
			}
			selection = reviewed.Selection
		}
	}
	_, err = e.ApproveSeeds(ctx, who, ApproveSeedsInput{
		WorkflowID: flow.ID, ExpectedVersion: flow.Version, SelectionDigest: selection.Digest[:],
	})
	return err
}

// autoPlan approves the VALID articles that no person has decided about, and then the plan.
func (e *Engine) autoPlan(ctx context.Context, who caller.Caller, flow workflow.Workflow) error {
	plans, err := e.Plans(ctx, who, []uuid.UUID{flow.ID})
	if err != nil {
		return err
	}
	plan := plans[flow.ID]
	selection := plan.Selection()
	var items []PlanItemInput
	for _, item := range plan.Items {
		if item.Verdict.Verdict == content.VerdictValid && item.Plan.Revision > 0 && item.Plan.Choice == "" &&
			selection.Count+len(items) < content.MostArticles {
			items = append(items, PlanItemInput{ArticleID: item.Page.ID, Choice: content.PlanApproved})
		}
	}
	if len(items) > 0 {
		planned, err := e.DecideArticlePlans(ctx, who, DecideArticlePlansInput{WorkflowID: flow.ID, Items: items})
		if err != nil {
			return err
		}
		selection = planned.Selection
	}
	_, err = e.ApproveArticlePlan(ctx, who, ApproveArticlePlanInput{
		WorkflowID: flow.ID, ExpectedVersion: flow.Version, Digest: selection.Digest[:],
	})
	return err
}

// autoPublish approves the articles that need no review for all targets that can be used.
func (e *Engine) autoPublish(ctx context.Context, who caller.Caller, flow workflow.Workflow) error {
	all, err := e.Articles(ctx, who, []uuid.UUID{flow.ID})
	if err != nil {
		return err
	}
	targets, err := e.PublishTargets(ctx, who)
	if err != nil {
		return err
	}
	in := ApprovePublishingInput{
		WorkflowID:      flow.ID,
		ExpectedVersion: flow.Version,
		Policy:          workflow.PublishNow,
	}
	decisions, err := e.ArticleDecisions(ctx, who, all[flow.ID])
	if err != nil {
		return err
	}
	synthetic := false
	for _, a := range all[flow.ID] {
		if isPublishable(a) && !a.Last.NeedsReview && !isRejected(a, decisions[a.ID]) {
			text := ApprovedText{ArticleID: a.ID, ExpectedRevision: a.Last.Revision}
			in.Articles, synthetic = append(in.Articles, text), synthetic || a.Last.IsSynthetic
		}
	}
	for _, t := range targets {
		if t.State == workflow.TargetReady && MayPublish(t, synthetic) {
			in.TargetIDs = append(in.TargetIDs, t.ID)
		}
	}
	_, err = e.ApprovePublishing(ctx, who, in)
	return err
}

// wakeAutopilot adds a job to a transition that leads to a gate whose mode is AUTO.
func (e *Engine) wakeAutopilot(ctx context.Context, tx *postgres.Store, who caller.Caller, move *change) error {
	gate, waits := gateAt(move.To)
	if !waits {
		return nil
	}
	settings, err := tx.GateSettings(ctx, who)
	if err == nil && settings.Mode(gate) == workflow.GateAuto {
		move.wake(move.At)
	}
	return err
}
