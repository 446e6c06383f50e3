package simulation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// unitsOfWorkflow and unitsOfOrganization are small enough for units to wait for a place.
	unitsOfWorkflow, unitsOfOrganization = 2, 3
	// writtenCap is the most that a written article may cost: a few calls.
	writtenCap = 6 * cent
)

// partsOfArticle are the paid answers that an article is made of.
var partsOfArticle = []string{"outline", "section"}

// unitJob is a job for a unit.
type unitJob struct {
	id uuid.UUID
	at time.Time
}

// nextUnit returns the unit of the first job that is due. A worker may also get a job that is late or superfluous.
func (w *world) nextUnit() (uuid.UUID, bool) {
	for i, job := range w.units.jobs {
		if !job.at.After(w.clock) {
			w.units.jobs = append(w.units.jobs[:i:i], w.units.jobs[i+1:]...)
			return job.id, true
		}
	}
	if len(w.units.planned) > 0 && !w.calm {
		return pick(w, w.units.planned), true
	}
	return uuid.Nil, false
}

// unitWorker makes one attempt at a unit, like the program's workers.
func unitWorker(a *actor) {
	id, there := a.w.nextUnit()
	if !there {
		return
	}
	me, taken := a.as(), engine.TakenUnit{}
	err := a.persist("claim a unit", func(ctx context.Context, e *engine.Engine) (err error) {
		taken, err = e.ClaimUnit(ctx, me, id)
		return err
	})
	if err != nil || taken.Unit == nil {
		return
	}
	a.w.saw("a unit of " + string(taken.Unit.Step) + " is claimed")
	a.pause()
	if taken.Unit.Step == workflow.StepPublish {
		a.publish(me, taken)
		return
	}
	a.writeArticle(me, *taken.Unit)
}

// overUnits lets the program's own executor plan the units of a step, or end it.
func (a *actor) overUnits(me caller.Caller, flow uuid.UUID, run workflow.Run) {
	_ = a.call("drive", func(ctx context.Context, _ *engine.Engine) error {
		for _, executor := range steps.New(a.stepOptions()) {
			if executor.Key() == run.Step {
				return executor.Run(ctx, me, workflow.Workflow{ID: flow}, run)
			}
		}
		return fmt.Errorf("no executor of the step %s", run.Step)
	})
}

// stepOptions are those of the actor's server. The longest time for a booking is real, so it must never decide.
func (a *actor) stepOptions() steps.Options {
	return steps.Options{
		Engine:  a.server.engine,
		Sites:   a.sitesOf(nil),
		Booking: time.Hour,
		Pause:   func(context.Context, time.Duration) { a.wait() },
		Now:     a.server.now,
	}
}

// wait is a pause within a call. The call ends there when the server has died.
func (a *actor) wait() {
	if a.w.over || a.crashed && a.mortal {
		panic(died{})
	}
	if !a.dead {
		a.pause()
	}
}

// writeArticle makes one attempt at an article: it asks for the parts that the article does not have, and ends the unit
// with a text that names the attempt.
func (a *actor) writeArticle(me caller.Caller, unit workflow.Unit) {
	at := attempt{actor: a, who: me, run: unit.Run(), visit: unit.Visit, unit: &unit}
	var work engine.ArticleWork
	err := a.persist("open an article", func(ctx context.Context, e *engine.Engine) (err error) {
		work, err = e.OpenArticle(ctx, me, unit)
		return err
	})
	if err != nil {
		return
	}
	at.article = &work.Article.ID
	if work.IsKept {
		a.w.saw("a text is kept")
		at.finishUnit(func(ctx context.Context, e *engine.Engine) error {
			return e.FinishUnit(ctx, me, engine.FinishUnitInput{Unit: unit})
		})
		return
	}
	based := 0
	if work.BasedOn != nil {
		based = *work.BasedOn
	}
	for _, kind := range partsOfArticle {
		key := fmt.Sprintf("%s/%s/%d", kind, work.Article.ID, based)
		if _, kept := work.Parts[key]; kept {
			a.w.saw("a kept part of an article is not asked for again")
		} else if !at.part(key) {
			return
		}
		at.beat()
	}
	at.finishUnit(func(ctx context.Context, e *engine.Engine) error {
		return e.FinishArticle(ctx, me, engine.FinishArticleInput{
			Unit:     unit,
			Article:  work.Article,
			Version:  textOf(unit, work.BasedOn),
			Provider: providerName,
		})
	})
}

// textOf returns a text whose title names the attempt that has written it.
func textOf(unit workflow.Unit, basedOn *int) content.ArticleVersion {
	const text = "Most teams pay for it.\n"
	return content.ArticleVersion{
		Title:       fmt.Sprintf("Attempt %d", unit.Attempt),
		Markdown:    text,
		Words:       content.CountWords(text),
		Fingerprint: content.Simhash(text),
		Checks:      []content.Check{},
		Mode:        cost.ResearchNone,
		BasedOn:     basedOn,
	}
}

// beat pauses, and sometimes renews the lease.
func (at attempt) beat() {
	if at.pause(); !at.w.oneIn(3) {
		return
	}
	_ = at.persist("renew a unit", func(ctx context.Context, e *engine.Engine) error {
		return e.HeartbeatUnit(ctx, at.who, *at.unit)
	})
}

// finishUnit ends an attempt with its result. A lost one is dropped.
func (at attempt) finishUnit(end func(context.Context, *engine.Engine) error) {
	at.linger()
	if err := at.persist("finish a unit", end); fault.KindOf(err) == fault.LostRun {
		at.w.saw("a lost attempt at a unit is fenced")
		at.failUnit(workflow.FailureLeaseExpired)
	}
}

// failUnit ends an attempt without a result.
func (at attempt) failUnit(why workflow.FailureCode) {
	_ = at.persist("fail a unit", func(ctx context.Context, e *engine.Engine) error {
		return e.FailUnit(ctx, at.who, engine.FailUnitInput{Unit: *at.unit, Failure: why, Message: "as simulated"})
	})
}

// sweepUnits sweeps units, like the sweeper of a server.
func sweepUnits(a *actor) {
	_ = a.call("sweep units", func(ctx context.Context, e *engine.Engine) error {
		swept, err := e.SweepUnits(ctx)
		if swept > 0 {
			a.w.saw("a unit is swept or woken")
		}
		return err
	})
	if len(a.w.sites.all) > 0 && a.w.oneIn(3) {
		_ = a.call("sweep publications", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.SweepPublications(ctx)
			return err
		})
	}
}

func sweepUnitsOnce(ctx context.Context, e *engine.Engine) error {
	_, err := e.SweepUnits(ctx)
	return err
}
