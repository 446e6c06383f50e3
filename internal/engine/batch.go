package engine

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// maxSelected limits the workflows of a batch, and maxNamed those that are named by their ids.
	maxSelected = 10_000
	maxNamed    = 1000
)

// Batch is one order to change many workflows, with its progress.
type Batch = postgres.Batch

// BatchInput orders a change of many workflows: of those in IDs, or of all that Filter selects. Without a Digest it is
// a dry run.
type BatchInput struct {
	Kind   workflow.BatchKind
	IDs    []uuid.UUID
	Filter *Filter
	// Step is the step to start; the next one of each workflow when empty.
	Step   workflow.StepKey
	Limit  cost.Limit
	Reason string
	// Digest is that of the dry run that the caller has seen.
	Digest         string
	IdempotencyKey string
}

// BatchPreview says what a batch would do.
type BatchPreview struct {
	// Selected counts the workflows, and Able those that can be changed: the items of the batch.
	Selected, Able int
	Refusals       []BatchRefusal
	Digest         string
}

// BatchRefusal counts the workflows that cannot be changed for one reason.
type BatchRefusal struct {
	Code    fault.Kind
	Message string
	Count   int
	// Examples are the first of them.
	Examples []uuid.UUID
}

// maxExamples limits the examples of a refusal.
const maxExamples = 5

// selection are the workflows of a batch, in the order of their ids.
type selection struct {
	preview BatchPreview
	flows   []uuid.UUID // that can be changed
	steps   []workflow.StepKey
	digest  [sha256.Size]byte
}

// permissionOf returns the permission that each change of a batch requires.
func permissionOf(kind workflow.BatchKind) caller.Permission {
	if kind == workflow.BatchLimit {
		return caller.Limits
	}
	return caller.Operate
}

// selectFor finds the workflows of a batch and which of them can be changed now.
func (e *Engine) selectFor(
	ctx context.Context, s *postgres.Store, who caller.Caller, in BatchInput,
) (*selection, error) {
	flows, err := e.selected(ctx, s, who, in)
	if err != nil {
		return nil, err
	}
	gates, err := s.GateSettings(ctx, who)
	if err != nil {
		return nil, err
	}
	chosen := &selection{preview: BatchPreview{Selected: len(flows)}}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s %d\n", in.Kind, in.Step, in.Limit)
	for _, flow := range flows {
		step, refusal := refusalOf(in, flow, gates)
		fmt.Fprintf(&text, "%s %s %s\n", flow.ID, step, fault.KindOf(refusal))
		if refusal != nil {
			chosen.refuse(flow.ID, refusal)
			continue
		}
		chosen.flows, chosen.steps = append(chosen.flows, flow.ID), append(chosen.steps, step)
	}
	chosen.preview.Able = len(chosen.flows)
	chosen.digest = sha256.Sum256(text.Bytes())
	chosen.preview.Digest = hex.EncodeToString(chosen.digest[:])
	slices.SortFunc(chosen.preview.Refusals, func(a, b BatchRefusal) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Code, b.Code))
	})
	return chosen, nil
}

// refuse counts a workflow that cannot be changed.
func (s *selection) refuse(flow uuid.UUID, refusal error) {
	code := fault.KindOf(refusal)
	i := slices.IndexFunc(s.preview.Refusals, func(r BatchRefusal) bool { return r.Code == code })
	if i < 0 {
		i = len(s.preview.Refusals)
		s.preview.Refusals = append(s.preview.Refusals, BatchRefusal{Code: code, Message: batchMessages[code]})
	}
	r := &s.preview.Refusals[i]
	if r.Count++; len(r.Examples) < maxExamples {
		r.Examples = append(r.Examples, flow)
	}
}

// batchMessages says why workflows cannot be changed.
var batchMessages = map[fault.Kind]string{
	fault.TerminalState: "The workflow is over.",
	fault.StaleState:    "The workflow is in another state than the change needs.",
	fault.GateClosed:    "Only a decision opens the gate before the step.",
}

// selected returns the named workflows, or those of the filter, in the order of their ids. NOT_FOUND when a named
// workflow does not exist.
func (e *Engine) selected(
	ctx context.Context, s *postgres.Store, who caller.Caller, in BatchInput,
) ([]workflow.Workflow, error) {
	filter := Filter{}
	if in.Filter != nil {
		filter = *in.Filter
	}
	chosen, any, err := e.chosen(ctx, who, filter)
	if err != nil || !any {
		return nil, err
	}
	if in.Filter == nil {
		chosen.IDs = in.IDs
	}
	flows, err := s.SelectWorkflows(ctx, who, chosen, maxSelected+1)
	if err != nil {
		return nil, fmt.Errorf("select workflows: %w", err)
	}
	if len(flows) > maxSelected {
		return nil, fault.Invalid([]string{"filter"},
			"A batch has at most %d workflows. Choose fewer.", maxSelected)
	}
	for i, id := range in.IDs {
		if !slices.ContainsFunc(flows, func(w workflow.Workflow) bool { return w.ID == id }) {
			return nil, fault.Missing([]string{"workflowIds", strconv.Itoa(i)}, "workflow")
		}
	}
	return flows, nil
}

// refusalOf returns the reason why a change cannot be made to a workflow in its present state; nil when it can. step is
// the one that would be started.
func refusalOf(
	in BatchInput, flow workflow.Workflow, gates GateSettings,
) (step workflow.StepKey, refusal error) {
	switch {
	case in.Kind == workflow.BatchLimit:
		return "", nil
	case flow.IsTerminal():
		return "", &TerminalError{Current: flow}
	case in.Kind == workflow.BatchRetry && flow.Status() != workflow.StatusFailed:
		return "", &StaleStateError{Current: flow}
	case in.Kind != workflow.BatchStart:
		return "", nil
	}
	next, there := nextStep(flow.State)
	if !there || in.Step != "" && in.Step != next.Key {
		return "", &StaleStateError{Current: flow}
	}
	if gate, gated := workflow.GateOf(flow.State, next.Pending); gated && gates.Mode(gate) != workflow.GateOff {
		return "", gateClosed(gate)
	}
	return next.Key, nil
}
