package jobs

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// press is a bundle whose engine drives the articles of workflows, and the models that write them.
type press struct {
	bundle
	models *sandbox.Sandbox
	steps  steps.Options
	later  *atomic.Int64 // the advance of the engine's clock
}

func newPress(t *testing.T) press {
	t.Helper()
	p := press{bundle: bundle{db: migrated(t)}, later: &atomic.Int64{}}
	now := func() time.Time { return time.Now().Add(time.Duration(p.later.Load())) }
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.engine, err = engine.New(engine.Options{
		Store:         p.db.Store(),
		Jobs:          queue,
		Drives:        []workflow.StepKey{workflow.StepICP, workflow.StepArticle},
		Lease:         unitLease,
		Now:           now,
		WorkflowLimit: 5 * cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.who = testdb.Caller(t, p.db)
	testdb.Gates(t, p.db, p.who, false)
	p.models = sandbox.New(sandbox.Options{Prices: cost.StartPrices()})
	server := httptest.NewServer(p.models)
	t.Cleanup(server.Close)
	client, err := llm.New(llm.Options{BaseURL: server.URL, Key: "sandbox"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	p.steps = steps.Options{
		Engine: p.engine, Gateway: steps.Gateway{Client: client, Name: sandbox.Provider}, Now: now,
	}
	return p
}

// executors are those of the steps, with one that ends an ICP at once.
func (p press) executors() []steps.Executor {
	all := []steps.Executor{executor{p.finish}}
	for _, x := range steps.New(p.steps) {
		if x.Key() == workflow.StepArticle {
			all = append(all, x)
		}
	}
	return all
}

// articles returns a workflow that begins to write a number of articles.
func (p press) articles(t *testing.T, count int) workflow.Workflow {
	t.Helper()
	ctx := context.Background()
	reviewed := testdb.Review(t, p.db, p.who)
	if err := testdb.Approve(ctx, p.db.Store(), p.who, reviewed, p.who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, p.db, p.who, testdb.ClusterPages(t, p.db, p.who, reviewed, count))
	_, err := p.engine.DecideArticlePlans(ctx, p.who, engine.DecideArticlePlansInput{
		WorkflowID: planned.Flow.ID, Where: &content.PlanFilter{}, Choice: content.PlanApproved,
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := p.engine.Transition(ctx, p.who, engine.TransitionInput{
		WorkflowID: planned.Flow.ID, From: workflow.ValidationCompleted, To: workflow.ArticlePending,
	})
	if err != nil {
		t.Fatal(err)
	}
	return moved.Workflow
}

// unitLease does not end in these tests.
const unitLease = 5 * time.Minute

// runner starts a server's workers that keep their units.
func (p press) runner(t *testing.T, o Options) (stop func()) {
	t.Helper()
	o.Lease = unitLease
	return p.bundle.runner(t, o)
}

// unitExecutor stands for the work on an article.
type unitExecutor struct {
	run func(ctx context.Context, who caller.Caller, unit workflow.Unit) error
}

func (unitExecutor) Key() workflow.StepKey { return workflow.StepArticle }

func (x unitExecutor) RunUnit(ctx context.Context, who caller.Caller, _ workflow.Workflow, unit workflow.Unit) error {
	return x.run(ctx, who, unit)
}

// until polls until so returns true.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	limit := time.After(timeout)
	for !so() {
		select {
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestUnits_AParkedWorkflowHoldsNoWorker(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	var working atomic.Int64
	blocked := unitExecutor{func(ctx context.Context, _ caller.Caller, _ workflow.Unit) error {
		working.Add(1)
		<-ctx.Done()
		return nil
	}}
	p.runner(t, Options{
		Executors: p.executors(), Units: []steps.UnitExecutor{blocked}, Name: "worker:one", Workers: 1,
	})
	flow := p.articles(t, 50)
	until(t, "the units to run", func() bool { return working.Load() >= 3 })
	units, err := p.engine.Units(context.Background(), p.who, []uuid.UUID{flow.ID}, workflow.StepArticle)
	if err != nil || len(units[flow.ID]) != 50 {
		t.Fatalf("got %d units, %v, want 50", len(units[flow.ID]), err)
	}
	// The articles never end, so another workflow that waits for one of them never reaches this.
	p.reaches(t, p.workflow(t).ID, workflow.ICPCompleted)
}

func TestUnits_CancelWinsOverSixArticles(t *testing.T) {
	t.Parallel()
	p, ctx := newPress(t), context.Background()
	p.models.Always(sandbox.Slow(time.Hour)) // Only a cancellation ends the requests within the limit of until.
	stop := p.runner(t, Options{
		Executors: p.executors(), Units: steps.NewUnits(p.steps), Name: "worker:one",
	})
	flows := []workflow.Workflow{p.articles(t, 4), p.articles(t, 4)}
	until(t, "six articles under way", func() bool { return p.models.InFlight() == 6 })
	for _, flow := range flows {
		if _, err := p.engine.Cancel(ctx, p.who, engine.CancelInput{WorkflowID: flow.ID}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the requests to end", func() bool { return p.models.InFlight() == 0 })
	until(t, "the attempts to end", func() bool {
		for _, flow := range flows {
			units, err := p.engine.Units(ctx, p.who, []uuid.UUID{flow.ID}, workflow.StepArticle)
			if err != nil || workflow.CountUnits(units[flow.ID])[workflow.UnitRunning] > 0 {
				return false
			}
		}
		return true
	})
	stop()
	var settled cost.Pico
	for _, flow := range flows {
		until(t, "the costs to be booked", func() bool {
			p.later.Add(int64(time.Minute))
			if _, err := p.engine.SweepCalls(ctx, p.steps.Gateway.Ask); err != nil {
				t.Fatal(err)
			}
			accounts, err := p.engine.Accounts(ctx, p.who, []uuid.UUID{flow.ID})
			return err == nil && accounts[flow.ID].Balance.Held == 0
		})
		accounts, err := p.engine.Accounts(ctx, p.who, []uuid.UUID{flow.ID})
		if err != nil {
			t.Fatal(err)
		}
		settled += accounts[flow.ID].Balance.Settled
		articles, err := p.engine.Articles(ctx, p.who, []uuid.UUID{flow.ID})
		for _, a := range articles[flow.ID] {
			if err != nil || a.Last != nil {
				t.Errorf("a cancelled workflow has the text %+v, %v", a.Last, err)
			}
		}
	}
	if total := p.models.Total(); settled != total || total == 0 {
		t.Errorf("the ledger has $%s, the provider charged $%s", settled, total)
	}
}

func TestUnits_CapsHoldOnFourServers(t *testing.T) {
	t.Parallel()
	p, ctx := newPress(t), context.Background()
	var (
		mu    sync.Mutex
		now   = map[uuid.UUID]int{}
		most  = map[uuid.UUID]int{}
		total int
		peak  int
		both  = make(chan struct{}) // closed when two units run at once
	)
	count := func(flow uuid.UUID, by int) {
		mu.Lock()
		defer mu.Unlock()
		now[flow] += by
		total += by
		most[flow] = max(most[flow], now[flow])
		if peak < 2 && total == 2 {
			close(both)
		}
		peak = max(peak, total)
	}
	work := unitExecutor{func(_ context.Context, who caller.Caller, unit workflow.Unit) error {
		count(unit.WorkflowID, 1)
		select {
		case <-both:
			time.Sleep(20 * time.Millisecond) // The work itself.
		case <-time.After(20 * time.Second):
		}
		count(unit.WorkflowID, -1)
		return p.engine.FinishUnit(ctx, who, engine.FinishUnitInput{Unit: unit})
	}}
	for i := range 4 {
		p.runner(t, Options{
			Executors: p.executors(), Units: []steps.UnitExecutor{work}, Name: fmt.Sprintf("worker:%d", i),
		})
	}
	var flows []workflow.Workflow
	for range 3 {
		flows = append(flows, p.articles(t, 8))
	}
	for _, flow := range flows {
		p.reaches(t, flow.ID, workflow.ArticleCompleted)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, flow := range flows {
		if most[flow.ID] > 3 {
			t.Errorf("got %d units of one workflow at once, want at most 3", most[flow.ID])
		}
	}
	if peak > 6 || peak < 2 {
		t.Errorf("got %d units of the organization at once, want several and at most 6", peak)
	}
}
