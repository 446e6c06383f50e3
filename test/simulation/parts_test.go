package simulation_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
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

// attempt is the work on a run, or on a unit of a parked run. who is its worker.
type attempt struct {
	*actor
	who   caller.Caller
	run   workflow.Run
	visit int
	// unit and article are nil for the run of a whole step.
	unit    *workflow.Unit
	article *uuid.UUID
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
	at := attempt{actor: a, who: me, run: *run, visit: visit.Number}
	for _, key := range partsOf[run.Step] {
		if _, kept := visit.Parts[key]; kept {
			a.w.saw("a kept part is not asked for again")
		} else if !at.part(key) {
			return
		}
		a.pause()
	}
	at.finish()
}

// fail ends the attempt with a failure code.
func (at attempt) fail(why workflow.FailureCode) {
	if at.unit != nil {
		at.failUnit(why)
		return
	}
	at.actor.fail(&at.run, why)
}

// linger pauses for as long as an answer takes, perhaps longer than the lease.
func (at attempt) linger() {
	for at.pause(); !at.w.calm && at.w.chance.IntN(12) < max(4, at.w.profile.slowness); {
		at.pause()
	}
}

// part asks for one part of a visit and reports whether the attempt goes on. Otherwise it has ended, or is lost.
func (at attempt) part(key string) bool {
	who, sent := at.as(), 0
	err := at.persist("count sent", func(ctx context.Context, e *engine.Engine) (err error) {
		sent, err = e.SentForPart(ctx, who, at.run, at.visit, key)
		return err
	})
	if err != nil {
		return false
	}
	amount := cost.Pico(cent/10) + at.w.amount()/20
	in := engine.ReserveInput{
		WorkflowID:     at.run.WorkflowID,
		RunToken:       &at.run.Token,
		Visit:          &at.visit,
		Part:           key,
		ArticleID:      at.article,
		Amount:         &amount,
		IdempotencyKey: fmt.Sprintf("part/%s/%d/%s/%d", at.run.WorkflowID, at.visit, key, sent),
	}
	if at.unit != nil {
		in.RunToken, in.Unit = nil, at.run.Unit
	}
	call, admitted := at.reserve(in)
	if !admitted {
		at.fail(workflow.FailureBudget)
		return false
	}
	at.disturb(&at.run, 40)
	at.pause()
	err = at.persist("dispatch", func(ctx context.Context, e *engine.Engine) error {
		return e.Dispatch(ctx, who, call.ID, providerName)
	})
	if err != nil {
		at.release(call.ID, "never sent")
		at.fail(workflow.FailureNetwork)
		return false
	}
	at.w.mustNotHave(at.run, at.visit, key)
	return at.keepPart(key, at.w.provider.send(at.actor, call))
}

// mustNotHave fails the simulation when a part that is kept is about to be paid again. What was in flight when a run
// was lost may be paid again.
func (w *world) mustNotHave(run workflow.Run, visit int, key string) {
	kept := false
	err := w.cluster.judge.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM step_parts
		WHERE organization_id = $1 AND workflow_id = $2 AND visit = $3 AND part_key = $4)`,
		w.organization, run.WorkflowID, visit, key).Scan(&kept)
	if err != nil || kept {
		w.failf("part %s of visit %d of workflow %s is kept, and its request is sent again: %t, %v", key, visit,
			run.WorkflowID, kept, err)
	}
}

// keepPart books the result of a request for a part.
func (at attempt) keepPart(key string, request *charge) bool {
	at.linger()
	who, settle := at.as(), request.settlement()
	if request.fate == unpriced {
		settle.Cost = nil
	}
	switch request.fate {
	case priced, unpriced:
		if request.failed || !at.w.calm && at.w.oneIn(6) {
			at.settleLate(settle, workflow.FailureInvalidOutput)
			at.fail(workflow.FailureInvalidOutput)
			return false
		}
		err := at.persist("keep a part", func(ctx context.Context, e *engine.Engine) error {
			return e.KeepPart(ctx, at.who, engine.KeepPartInput{
				Run:    at.run,
				Visit:  at.visit,
				Part:   engine.Part{Key: key, Content: []byte(`{}`), Provider: providerName, Model: model},
				Settle: &settle,
			})
		})
		if fault.KindOf(err) == fault.LostRun {
			at.w.saw("a lost run keeps the cost of a part and drops its answer")
		}
		return err == nil
	case refused:
		at.release(request.call, "refused by the provider")
		at.fail(workflow.FailureRateLimited)
	default:
		_ = at.persist("mark unknown", func(ctx context.Context, e *engine.Engine) error {
			return e.MarkUnknown(ctx, who, request.call, workflow.FailureTimeout)
		})
		at.fail(workflow.FailureTimeout)
	}
	return false
}

// finish ends a run with the result of its step.
func (at attempt) finish() {
	var in engine.FinishInput
	enough, who := false, at.as()
	err := at.persist("read the input of a result", func(ctx context.Context, e *engine.Engine) (err error) {
		in, enough, err = finishInput(ctx, e, who, at.run)
		return err
	})
	if err != nil {
		return
	}
	if !enough {
		at.fail(workflow.FailureNoResult)
		return
	}
	err = at.persist("finish", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Finish(ctx, who, in)
		return err
	})
	if err == nil {
		at.w.saw("the step " + string(at.run.Step) + " is finished")
	}
}
