package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// ActivityCode is one answer to "why is it not moving?".
type ActivityCode string

// The answers.
const (
	NotStarted       ActivityCode = "NOT_STARTED"
	WaitingForWorker ActivityCode = "WAITING_FOR_WORKER"
	WaitingOutside   ActivityCode = "WAITING_FOR_OUTSIDE_DRIVER"
	AwaitingReview   ActivityCode = "AWAITING_REVIEW"
	Running          ActivityCode = "RUNNING"
	RetryScheduled   ActivityCode = "RETRY_SCHEDULED"
	Failed           ActivityCode = "FAILED"
	StepFinished     ActivityCode = "STEP_FINISHED"
	Finished         ActivityCode = "FINISHED"
	WasCancelled     ActivityCode = "CANCELLED"
	UnitsRunning     ActivityCode = "UNITS_RUNNING"
	NeedsDecision    ActivityCode = "NEEDS_DECISION"

	AwaitingPlanApproval    ActivityCode = "AWAITING_PLAN_APPROVAL"
	AwaitingPublishApproval ActivityCode = "AWAITING_PUBLISH_APPROVAL"
)

// Activity is the present work or wait of a workflow.
type Activity struct {
	Code           ActivityCode
	Sentence       string // for a person
	Since          time.Time
	Who            string // the actor of the last transition
	NextRetryAt    *time.Time
	LeaseExpiresAt *time.Time
}

// Activities returns the activity of each workflow. It runs three statements for any number of workflows, two more when
// one of them is parked over units, and one more when one of them is at a gate.
func (e *Engine) Activities(
	ctx context.Context, who caller.Caller, flows []workflow.Workflow,
) (map[uuid.UUID]Activity, error) {
	ids := make([]uuid.UUID, len(flows))
	for i, flow := range flows {
		ids[i] = flow.ID
	}
	last, err := e.store.LastTransitions(ctx, who, ids)
	if err != nil {
		return nil, fmt.Errorf("read the last transitions: %w", err)
	}
	runs, err := e.store.LastRuns(ctx, who, ids)
	if err != nil {
		return nil, fmt.Errorf("read the last runs: %w", err)
	}
	units, err := e.parkedUnits(ctx, who, flows, runs)
	if err != nil {
		return nil, err
	}
	around, err := e.surroundings(ctx, who, slices.ContainsFunc(flows, func(flow workflow.Workflow) bool {
		_, waits := gateAt(flow.State)
		return waits && flow.Status() == workflow.StatusStepCompleted
	}))
	if err != nil {
		return nil, err
	}
	activities := make(map[uuid.UUID]Activity, len(flows))
	for _, flow := range flows {
		var run workflow.Run
		if r := runs[flow.ID]; len(r) > 0 {
			run = r[0]
		}
		reason := ""
		if t := last[flow.ID]; len(t) > 0 && who.Has(caller.Actors) {
			reason = t[0].Reason
		}
		activity := e.activity(flow.State, run, reason, around)
		if own := units[flow.ID]; len(own) > 0 {
			activity = overUnits(activity, *flow.Step(), own)
		}
		activity.Since, activity.Who = flow.UpdatedAt, flow.CreatedBy
		if t := last[flow.ID]; len(t) > 0 {
			activity.Since, activity.Who = t[0].At, t[0].Actor
		}
		activities[flow.ID] = activity
	}
	return activities, nil
}

// surroundings are the settings of an organization that decide about activities.
type surroundings struct {
	outside OutsideSteps
	gates   GateSettings
}

// surroundings reads the settings, those of the gates only if they are wanted.
func (e *Engine) surroundings(ctx context.Context, who caller.Caller, gates bool) (s surroundings, err error) {
	if s.outside, err = e.OutsideSteps(ctx, who); err != nil || !gates {
		return s, err
	}
	s.gates, err = e.GateSettings(ctx, who)
	return s, err
}

// activity is total: every state has an answer. The reason is that of the last transition; "" for a caller that may not
// read reasons.
func (e *Engine) activity(state workflow.State, run workflow.Run, reason string, around surroundings) Activity {
	step := state.Step()
	switch state.Status() {
	case workflow.StatusCreated:
		return Activity{Code: NotStarted, Sentence: "The first step has not been started yet."}
	case workflow.StatusPending:
		if !e.drives[step.Key] || around.outside.Has(step.Key) {
			return Activity{
				Code:     WaitingOutside,
				Sentence: fmt.Sprintf("%s waits for a program outside to drive it.", step.Label),
			}
		}
		return Activity{Code: WaitingForWorker, Sentence: fmt.Sprintf("%s waits for a free worker.", step.Label)}
	case workflow.StatusAwaitingReview:
		return Activity{Code: AwaitingReview, Sentence: fmt.Sprintf("%s waits for a person.", step.Label)}
	case workflow.StatusProcessing:
		return running(*step, run)
	case workflow.StatusFailed:
		return failed(*step, run, reason)
	case workflow.StatusStepCompleted:
		if code := around.approvalAt(state); code != "" {
			return Activity{
				Code: code, Sentence: fmt.Sprintf("%s is finished; the next step waits for an approval.", step.Label),
			}
		}
		return Activity{
			Code: StepFinished, Sentence: fmt.Sprintf("%s is finished; the next step was not started yet.", step.Label),
		}
	case workflow.StatusCompleted:
		return Activity{Code: Finished, Sentence: "All steps are finished."}
	default:
		return Activity{Code: WasCancelled, Sentence: "The workflow was cancelled."}
	}
}

// approvalAt returns the activity of a workflow whose next step waits for a decision at a gate; "" for none.
func (s surroundings) approvalAt(state workflow.State) ActivityCode {
	gate, waits := gateAt(state)
	mode := s.gates.Mode(gate)
	switch {
	case !waits || mode == "" || mode == workflow.GateOff:
		return ""
	case gate == workflow.GatePlan:
		return AwaitingPlanApproval
	}
	return AwaitingPublishApproval
}

// ofRuns are the activities that the run of a state decides. run_activity in the database returns the same.
var ofRuns = []ActivityCode{Running, WaitingForWorker, UnitsRunning, Failed, RetryScheduled, NeedsDecision}

// mayBe reports whether a workflow in a state may have one of some activities.
func (e *Engine) mayBe(state workflow.State, codes []ActivityCode, around surroundings) bool {
	switch state.Status() {
	case workflow.StatusProcessing:
		return containsAny(codes, Running, WaitingForWorker, UnitsRunning)
	case workflow.StatusFailed:
		return containsAny(codes, Failed, RetryScheduled, NeedsDecision)
	}
	return slices.Contains(codes, e.activity(state, workflow.Run{}, "", around).Code)
}

func containsAny(codes []ActivityCode, wanted ...ActivityCode) bool {
	return slices.ContainsFunc(wanted, func(code ActivityCode) bool { return slices.Contains(codes, code) })
}

// runActivities returns the answers of run_activity that a filter by activity accepts; none when every answer will do.
func runActivities(codes []ActivityCode) []string {
	accepted := []string{""} // of a state without a run
	for _, code := range ofRuns {
		if slices.Contains(codes, code) {
			accepted = append(accepted, string(code))
		}
	}
	if len(accepted) == 1 || len(accepted) == 1+len(ofRuns) {
		return nil
	}
	return accepted
}

func running(step workflow.Step, run workflow.Run) Activity {
	if run.Parked {
		return Activity{Code: UnitsRunning, Sentence: fmt.Sprintf("%s runs in units.", step.Label)}
	}
	lease := run.LeaseExpiresAt
	if run.Worker == "" {
		return Activity{
			Code: WaitingForWorker, Sentence: fmt.Sprintf("%s is to be tried again and waits for a free worker.", step.Label),
			LeaseExpiresAt: &lease,
		}
	}
	return Activity{
		Code: Running, Sentence: fmt.Sprintf("%s runs, attempt %d.", step.Label, run.Attempt), LeaseExpiresAt: &lease,
	}
}

// maxShownReason is the longest part of a reason in a sentence, in characters. The journal has all of it.
const maxShownReason = 200

// why returns the end of "the step failed" and a full stop: the words of the code, the reason, or both.
func why(code workflow.FailureCode, reason string) string {
	reason = strings.TrimPrefix(reason, string(code)+": ") // A worker's reason begins with its code.
	if reason == string(code) {
		reason = ""
	}
	if shown := []rune(reason); len(shown) > maxShownReason {
		reason = string(shown[:maxShownReason]) + "…"
	}
	switch {
	case reason == "" && code == "":
		return " for the reason in the journal."
	case reason == "":
		return ": " + code.Words() + "."
	case code == "":
		return ": " + ended(reason)
	}
	return fmt.Sprintf(": %s (%s).", code.Words(), strings.TrimSuffix(reason, "."))
}

// ended returns a sentence with its end.
func ended(text string) string {
	if last, _ := utf8.DecodeLastRuneInString(text); strings.ContainsRune(".!?…", last) {
		return text
	}
	return text + "."
}

func failed(step workflow.Step, run workflow.Run, reason string) Activity {
	why := why(run.Failure, reason)
	if run.RetryAt != nil {
		return Activity{
			Code: RetryScheduled, NextRetryAt: run.RetryAt,
			Sentence: fmt.Sprintf("%s failed%s It will be tried again.", step.Label, why),
		}
	}
	if run.Failure == workflow.FailureUnitsFailed {
		return Activity{
			Code: NeedsDecision, Sentence: fmt.Sprintf("%s: units have failed. Retry the step, or skip them.", step.Label),
		}
	}
	return Activity{
		Code: Failed, Sentence: fmt.Sprintf("%s failed%s It waits for a person.", step.Label, why),
	}
}
