package steps_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	sites "github.com/infin8content/engine/internal/crawl/sandbox"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/seo"
	seosandbox "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// childVariable is the environment variable that makes the test program a worker with one run.
const childVariable = "INFIN8_TEST_WORKER"

// child is what a worker in a process of its own needs.
type child struct {
	Database, Search string
	// Models is the address of the models. With it the worker executes the step of the run, else one request.
	Models string
	// Later is the advance of the engine's clock.
	Later time.Duration
	Who   caller.Caller
	Run   workflow.Run
	// Unit is the unit that the worker works on in the place of a step.
	Unit *workflow.Unit
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := work(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(testdb.Run(m))
}

// work makes one attempt in this process.
func work(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	ctx := context.Background()
	clock := func() time.Time { return time.Now().Add(c.Later) }
	pool, err := postgres.Connect(ctx, c.Database, postgres.AppRole, 4)
	if err != nil {
		return err
	}
	e, err := engine.New(engine.Options{
		Store:         postgres.New(pool),
		Jobs:          noJobs{},
		Drives:        append(fourSteps(), workflow.StepArticle),
		Now:           clock,
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
	})
	if err != nil {
		return err
	}
	client, err := seo.New(seo.Options{BaseURL: c.Search, Login: "l", Password: "p"})
	if err != nil {
		return err
	}
	o := steps.Options{
		Engine: e,
		Search: &steps.Search{Client: client, Name: seosandbox.Provider, Now: clock},
		Now:    clock,
	}
	if c.Models != "" {
		return c.execute(ctx, o)
	}
	request, err := aRequest(0)
	if err != nil {
		return err
	}
	return steps.NewSearching(o, []seo.Request{request}, func([]seo.Found) {}).Run(ctx, c.Who, workflow.Workflow{}, c.Run)
}

// execute executes the step of the run.
func (c child) execute(ctx context.Context, o steps.Options) error {
	client, err := llm.New(llm.Options{BaseURL: c.Models, Key: "sandbox"})
	if err != nil {
		return err
	}
	pages := sites.New()
	o.Gateway = steps.Gateway{Client: client, Name: sandbox.Provider}
	o.EmbeddingModel = embeddingModel
	o.Crawler = crawl.New(crawl.Options{Override: pages.Connect, Pause: -1})
	flow, err := o.Engine.Workflow(ctx, c.Who, c.Run.WorkflowID)
	if err != nil {
		return err
	}
	if c.Unit != nil {
		o.Search, o.Crawler = nil, nil
		return steps.NewUnits(o)[0].RunUnit(ctx, c.Who, flow, *c.Unit)
	}
	for _, executor := range steps.New(o) {
		if executor.Key() == c.Run.Step {
			return executor.Run(ctx, c.Who, flow, c.Run)
		}
	}
	return fmt.Errorf("no step has the key %s", c.Run.Step)
}

// start starts a process that works on a run.
func (b *searchBundle) start(t *testing.T, run workflow.Run) *exec.Cmd {
	t.Helper()
	return startChild(t, child{
		Database: b.db.URL,
		Search:   b.server.URL,
		Who:      b.who,
		Run:      run,
	})
}

func startChild(t *testing.T, c child) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	worker := exec.CommandContext(t.Context(), program, "-test.run=^$")
	worker.Env = append(os.Environ(), childVariable+"="+string(text))
	worker.Stderr = os.Stderr
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	return worker
}

func TestKilledWorker(t *testing.T) {
	t.Parallel()
	t.Run("AnUnknownServiceCallIsFoundByItsTag", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionSlow, Delay: 3 * time.Second})
		worker := b.start(t, b.take(t))
		wait(t, "the provider to work", func() bool { return len(b.box.Tasks()) == 1 })
		free := b.block(t)
		// The answer is with the worker, and its settlement waits for the table.
		wait(t, "the settlement", func() bool { return b.box.InFlight() == 0 && b.blocked(t) })
		if err := worker.Process.Kill(); err != nil { // SIGKILL.
			t.Fatal(err)
		}
		_ = worker.Wait()
		free()
		if calls := b.bought(t); len(calls) != 1 || calls[0].State != cost.CallDispatched {
			t.Fatalf("got %+v, want one call that was sent", calls)
		}
		b.later.Add(int64(40 * time.Second)) // The lease is over.
		// The database ends the worker's transaction when it notices that the worker is gone.
		wait(t, "the end of the run", func() bool {
			swept, err := b.engine.SweepRuns(t.Context())
			return err == nil && swept == 1
		})
		b.sweep(t, time.Minute) // It is unknown now.
		if flow := b.next(t); flow.State != workflow.CompetitorFailed || b.box.Requests() != 1 {
			t.Fatalf("got %s and %d requests, want no second request before the look-up", flow.State, b.box.Requests())
		}
		b.sweep(t, 30*time.Second)
		call := b.bought(t)[0]
		if want := b.box.Total(); call.State != cost.CallSettled || *call.Cost != want || want == 0 {
			t.Errorf("got %+v, want it settled with $%s", call, want)
		}
		b.equal(t)
		b.later.Add(int64(15 * time.Minute))
		if flow := b.next(t); flow.State != workflow.SeedReviewPending || b.box.Requests() != 2 {
			t.Errorf("got %s and %d requests, want the answer of a second one", flow.State, b.box.Requests())
		}
		b.equal(t)
	})
}

// block blocks all writes of calls until the returned function is called.
func (b *searchBundle) block(t *testing.T) (free func()) {
	t.Helper()
	tx, err := b.db.Super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE ai_calls IN EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(context.Background()) }
}

// blocked reports whether a statement waits for a lock in this database.
func (b *searchBundle) blocked(t *testing.T) bool {
	t.Helper()
	var n int
	err := b.db.Super.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}
