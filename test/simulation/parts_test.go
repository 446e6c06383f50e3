package simulation_test

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// partsOf are the paid answers that each simulated step needs.
var partsOf = map[workflow.StepKey][]string{
	workflow.StepCompetitor: {"competitors/1", "phrases/1"},
	workflow.StepClustering: {"expand/1", "embed/1"},
	workflow.StepValidation: {"brief/1", "brief/2"},
}

// runStep runs one attempt of a later step, like the program's workers: it asks for the parts that the visit does not
// have, and ends the run with its result.
func (a *actor) runStep(run *workflow.Run) {
	var visit engine.Visit
	me := a.as()
	err := a.persist("open a visit", func(ctx context.Context, e *engine.Engine) (err error) {
		visit, err = e.OpenVisit(ctx, me, *run)
		return err
	})
	if err != nil {
		return
	}
	for _, key := range partsOf[run.Step] {
		if _, kept := visit.Parts[key]; kept {
			a.w.saw("a kept part is not asked for again")
		} else if !a.part(run, visit.Number, key) {
			return
		}
		a.pause()
	}
	a.finishStep(run)
}

// part asks for one part of a visit and reports whether the run goes on. Otherwise it has ended the run, or lost it.
func (a *actor) part(run *workflow.Run, visit int, key string) bool {
	who, sent := a.as(), 0
	err := a.persist("count sent", func(ctx context.Context, e *engine.Engine) (err error) {
		sent, err = e.SentForPart(ctx, who, *run, visit, key)
		return err
	})
	if err != nil {
		return false
	}
	amount := cost.Pico(cent/10) + a.w.amount()/20
	call, admitted := a.reserve(engine.ReserveInput{
		WorkflowID:     run.WorkflowID,
		RunToken:       &run.Token,
		Visit:          &visit,
		Part:           key,
		Amount:         &amount,
		IdempotencyKey: fmt.Sprintf("part/%s/%d/%s/%d", run.WorkflowID, visit, key, sent),
	})
	if !admitted {
		a.fail(run, workflow.FailureBudget)
		return false
	}
	a.disturb(run, 40)
	a.pause()
	err = a.persist("dispatch", func(ctx context.Context, e *engine.Engine) error {
		return e.Dispatch(ctx, who, call.ID, providerName)
	})
	if err != nil {
		a.release(call.ID, "never sent")
		a.fail(run, workflow.FailureNetwork)
		return false
	}
	a.w.mustNotHave(run, visit, key)
	return a.keepPart(run, visit, key, a.w.provider.send(a, call))
}

// mustNotHave fails the simulation when a part that is kept is about to be paid again. What was in flight when a run
// was lost may be paid again.
func (w *world) mustNotHave(run *workflow.Run, visit int, key string) {
	kept := false
	err := w.cluster.db.Super.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM step_parts
		WHERE organization_id = $1 AND workflow_id = $2 AND visit = $3 AND part_key = $4)`,
		w.organization, run.WorkflowID, visit, key).Scan(&kept)
	if err != nil || kept {
		w.failf("part %s of visit %d of workflow %s is kept, and its request is sent again: %t, %v", key, visit,
			run.WorkflowID, kept, err)
	}
}

// keepPart books the result of a request for a part.
func (a *actor) keepPart(run *workflow.Run, visit int, key string, request *charge) bool {
	for a.pause(); a.w.oneIn(3); {
		a.pause()
	}
	who, settle := a.as(), request.settlement()
	if request.fate == unpriced {
		settle.Cost = nil
	}
	switch request.fate {
	case priced, unpriced:
		if request.failed || a.w.oneIn(6) {
			a.settleLate(settle, workflow.FailureInvalidOutput)
			a.fail(run, workflow.FailureInvalidOutput)
			return false
		}
		err := a.persist("keep a part", func(ctx context.Context, e *engine.Engine) error {
			return e.KeepPart(ctx, who, engine.KeepPartInput{
				Run:    *run,
				Visit:  visit,
				Part:   engine.Part{Key: key, Content: []byte(`{}`), Provider: providerName, Model: model},
				Settle: &settle,
			})
		})
		if fault.KindOf(err) == fault.StaleState {
			a.w.saw("a lost run keeps the cost of a part and drops its answer")
		}
		return err == nil
	case refused:
		a.release(request.call, "refused by the provider")
		a.fail(run, workflow.FailureRateLimited)
	default:
		_ = a.persist("mark unknown", func(ctx context.Context, e *engine.Engine) error {
			return e.MarkUnknown(ctx, who, request.call, workflow.FailureTimeout)
		})
		a.fail(run, workflow.FailureTimeout)
	}
	return false
}

func stepResult() engine.Result {
	return engine.Result{Content: []byte(`{}`), Provider: providerName, Model: model}
}

// seedsFor returns the keywords that a run of the competitor analysis finds.
func seedsFor(run workflow.Run) (found []content.SeedKeyword) {
	for i := range 3 {
		text := fmt.Sprintf("keyword %d", i)
		found = append(found, content.SeedKeyword{
			Text:       text,
			Normalised: content.Normalise(text),
			Source:     content.SourceModel,
			Score:      float64(i) / 10,
		})
	}
	if run.Step != workflow.StepCompetitor {
		return nil
	}
	return found
}

// finishStep ends a run with the result of its step.
func (a *actor) finishStep(run *workflow.Run) {
	who := a.as()
	in := engine.FinishInput{Run: *run, Result: stepResult(), Keywords: seedsFor(*run)}
	if run.Step == workflow.StepClustering {
		var seeds []content.SeedKeyword
		err := a.persist("read the selection", func(ctx context.Context, e *engine.Engine) (err error) {
			seeds, err = e.Selected(ctx, who, run.WorkflowID)
			return err
		})
		if err != nil {
			return
		}
		if len(seeds) < content.FewestClustered { // A program has taken the review over its open gate.
			a.fail(run, workflow.FailureNoResult)
			return
		}
		in.Clustered = &engine.Clustered{
			Keywords: content.Expand(content.Expansion{Seeds: seeds, Source: content.SourceModel}),
		}
	}
	err := a.persist("finish", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Finish(ctx, who, in)
		return err
	})
	if err == nil {
		a.w.saw("the step " + string(run.Step) + " is finished")
	}
}
