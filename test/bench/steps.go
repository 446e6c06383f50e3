package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// stepsAtOnce is the number of workflows under way.
	stepsAtOnce = 32
	// stepsSlice is the number of turns that the measurement takes.
	stepsSlice = 5
	walkers    = 9 // the number of the organization
)

// nothing is an automatic step that does no work.
type nothing struct {
	key    workflow.StepKey
	engine *engine.Engine
}

// Key returns the step.
func (n nothing) Key() workflow.StepKey { return n.key }

// Run ends the run with an empty result.
func (n nothing) Run(ctx context.Context, who caller.Caller, _ workflow.Workflow, run workflow.Run) error {
	_, err := n.engine.Finish(ctx, who, engine.FinishInput{Run: run, Result: engine.Result{
		Token: run.Token, Step: run.Step, Content: []byte(`{}`), At: now(),
	}})
	return err
}

// sevenSteps measures whole workflows whose automatic steps do no work: what the engine, the jobs and the journal cost.
// The workers are in this process.
func (b *bench) sevenSteps() error {
	pool, err := postgres.Connect(b.ctx, b.url(), postgres.AppRole, 2*connections)
	if err != nil {
		return err
	}
	defer pool.Close()
	e, stop, err := b.walkingEngine(pool)
	if err != nil {
		return err
	}
	defer stop()
	w := walk{bench: b, engine: e, who: adminOf(organizationIDs, walkers), began: time.Now()}
	before, err := b.statements()
	if err != nil {
		return err
	}
	began, program, database := time.Now(), ours(), b.usedByDatabase()
	end := began.Add(stepsSlice * b.slice)
	for time.Now().Before(end) {
		if err := w.turn(); err != nil {
			return err
		}
	}
	took := time.Since(began).Seconds()
	after, err := b.statements()
	if err != nil {
		return err
	}
	if w.done == 0 {
		return errors.New("no workflow has ended")
	}
	done := float64(w.done)
	b.table.add(row{
		what: fmt.Sprintf("whole workflows of seven steps without work/s, %d at once", stepsAtOnce),
		found: fmt.Sprintf("%s; for each %s statements; processor: program %s ms, database %s ms", figure(done/took),
			figure(float64(after-before)/done), figure(milliseconds(ours()-program)/done),
			figure(milliseconds(b.usedByDatabase()-database)/done)),
	})
	return nil
}

// walkingEngine returns an engine whose workers do nothing in each automatic step.
func (b *bench) walkingEngine(pool *pgxpool.Pool) (*engine.Engine, func(), error) {
	queue, err := jobs.NewEnqueuer(slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		return nil, nil, err
	}
	e, err := engine.New(engine.Options{
		Store:         postgres.New(pool),
		Jobs:          queue,
		Drives:        steps.Keys(),
		WorkflowLimit: riches,
		MonthLimit:    riches,
	})
	if err != nil {
		return nil, nil, err
	}
	var executors []steps.Executor
	for _, key := range steps.Keys() {
		executors = append(executors, nothing{key, e})
	}
	runner, err := jobs.NewRunner(jobs.Options{
		Pool:      pool,
		Engine:    e,
		Executors: executors,
		Workers:   stepsAtOnce,
	})
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	return e, func() {
		cancel()
		<-ended
	}, nil
}

// walk keeps a number of workflows under way and does what people do between the steps.
type walk struct {
	*bench
	engine     *engine.Engine
	who        caller.Caller
	began      time.Time
	open, done int
}

// turn moves the workflows on that wait for a person, and begins others for those that have ended.
func (w *walk) turn() error {
	rows, err := w.owner.Query(w.ctx, `SELECT id, state FROM intent_workflows
		WHERE organization_id = $1 AND created_at >= $2
			AND state IN ('SEED_REVIEW_PENDING', 'SEED_REVIEW_COMPLETED', 'VALIDATION_COMPLETED', 'ARTICLE_COMPLETED')`,
		w.who.OrganizationID, w.began)
	if err != nil {
		return err
	}
	waiting := map[uuid.UUID]workflow.State{}
	for rows.Next() {
		var (
			id    uuid.UUID
			state workflow.State
		)
		if err := rows.Scan(&id, &state); err != nil {
			return err
		}
		waiting[id] = state
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, state := range waiting {
		if err := w.move(id, state); err != nil {
			return err
		}
	}
	var all int
	err = w.owner.QueryRow(w.ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'COMPLETED') FROM intent_workflows
		WHERE organization_id = $1 AND created_at >= $2`, w.who.OrganizationID, w.began).Scan(&all, &w.done)
	for w.open = all - w.done; err == nil && w.open < stepsAtOnce; w.open++ {
		err = w.begin()
	}
	w.wait(2 * time.Millisecond)
	return err
}

// move does what a person does with a workflow.
func (w *walk) move(id uuid.UUID, state workflow.State) error {
	if state == workflow.SeedReviewPending {
		_, err := w.engine.Transition(w.ctx, w.who, engine.TransitionInput{
			WorkflowID: id, From: state, To: workflow.SeedReviewCompleted,
		})
		return err
	}
	_, err := w.engine.StartStep(w.ctx, w.who, engine.StartStepInput{WorkflowID: id})
	return err
}

func (w *walk) begin() error {
	made, err := w.engine.Create(w.ctx, w.who, engine.CreateInput{
		Name:    fmt.Sprintf("Seven steps %d", w.random.Uint64()),
		Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	})
	if err != nil {
		return err
	}
	_, err = w.engine.GenerateICP(w.ctx, w.who, engine.GenerateICPInput{WorkflowID: made.Workflow.ID})
	return err
}
