package main

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// articlesOfFlow is the most articles of a plan.
	articlesOfFlow = 50
	// articleWorkers is the number of units that a server works on at once by default.
	articleWorkers = 8
	// articlesUnderWay is the number of articles in the measurement of memory.
	articlesUnderWay = 500
	// silence keeps the models from answering until the memory was read.
	silence = 5 * time.Minute
	// articlePatience is the longest time of one part of this measurement.
	articlePatience = 3 * time.Minute
	writers         = 8 // the number of the organization
)

// articles measures step 6: the articles of one workflow at the usual number of workers, and the memory of a server
// with many articles under way. The models answer in this process, so the processor time is the server's alone.
func (b *bench) articles() error {
	e, closeEngine, err := b.newEngine()
	if err != nil {
		return err
	}
	defer closeEngine()
	who := adminOf(organizationIDs, writers)
	mode := content.ModeModel
	if _, err := e.SetMarket(b.ctx, who, engine.SetMarketInput{Mode: &mode}); err != nil {
		return err
	}
	if err := b.articleRate(e, who); err != nil {
		return err
	}
	return b.articleMemory(e, who)
}

// askModels starts a provider of models in this process, which later servers ask. It returns the function that ends it.
func (b *bench) askModels(firstByte time.Duration) func() {
	provider := httptest.NewServer(sandbox.New(sandbox.Options{Prices: cost.StartPrices(), FirstByte: firstByte}))
	b.models = provider.URL + "/api/v1"
	return func() {
		b.models = ""
		provider.CloseClientConnections()
		provider.Close()
	}
}

// serveArticles starts a server that works on a number of articles at once.
func (b *bench) serveArticles(workers int) (*process, error) {
	n := strconv.Itoa(workers)
	return b.serve("--synthetic-websites", "--steps=ARTICLE", "--unit-workers="+n, "--units-per-workflow="+n,
		"--units-per-organization="+n)
}

// articleRate measures the articles per second of one workflow. An article before it reads the company's website, whose
// pages all later ones use.
func (b *bench) articleRate(e *engine.Engine, who caller.Caller) error {
	defer b.askModels(0)()
	first, err := b.planned(e, who, 1)
	if err != nil {
		return err
	}
	flow, err := b.planned(e, who, articlesOfFlow)
	if err != nil {
		return err
	}
	p, err := b.serveArticles(articleWorkers)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := b.write(p, first); err != nil {
		return err
	}
	before, err := b.statements()
	if err != nil {
		return err
	}
	began, processor := time.Now(), p.processor()
	if err := b.write(p, flow); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := b.statements()
	if err != nil {
		return err
	}
	var calls int
	err = b.owner.QueryRow(b.ctx, `SELECT count(*) FROM ai_calls WHERE workflow_id = $1`, flow).Scan(&calls)
	b.table.add(row{
		what: fmt.Sprintf("articles/s of a workflow of %d articles, %d workers, models without delay", articlesOfFlow,
			articleWorkers),
		found: fmt.Sprintf("%s; for each %s calls, %s statements; processor: server %s ms",
			figure(articlesOfFlow/took.Seconds()), figure(float64(calls)/articlesOfFlow),
			figure(float64(after-before)/articlesOfFlow),
			figure(milliseconds(p.processor()-processor)/articlesOfFlow)),
	})
	return err
}

// write starts the writing of a workflow's articles and waits for its end.
func (b *bench) write(p *process, flow uuid.UUID) error {
	if err := b.startWriting(p, flow); err != nil {
		return err
	}
	for began := time.Now(); ; b.wait(20 * time.Millisecond) {
		var (
			state  workflow.State
			reason string
		)
		err := b.owner.QueryRow(b.ctx, `SELECT to_state, reason FROM workflow_transitions
			WHERE workflow_id = $1 ORDER BY version DESC LIMIT 1`, flow).Scan(&state, &reason)
		switch {
		case err != nil:
			return err
		case state == workflow.ArticleCompleted:
			return nil
		case state == workflow.ArticleFailed || time.Since(began) > articlePatience:
			return fmt.Errorf("the workflow is %s (%s) after %.0f s", state, reason, time.Since(began).Seconds())
		}
	}
}

func (b *bench) startWriting(p *process, flow uuid.UUID) error {
	c, err := b.dialAs(p, writers)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.ask(operation(startQuery), `{"input":{"workflowId":"wf_`+flow.String()+`"}}`)
	return err
}

// articleMemory measures the memory of a server whose articles all wait for a model.
func (b *bench) articleMemory(e *engine.Engine, who caller.Caller) error {
	defer b.askModels(silence)()
	var flows []uuid.UUID
	for range articlesUnderWay / articlesOfFlow {
		flow, err := b.planned(e, who, articlesOfFlow)
		if err != nil {
			return err
		}
		flows = append(flows, flow)
	}
	p, err := b.serveArticles(articlesUnderWay)
	if err != nil {
		return err
	}
	defer func() { _ = p.cmd.Process.Kill(); p.stop() }() // Its attempts would wait for the models.
	b.wait(time.Second)
	idle, began := p.memory(), time.Now()
	for _, flow := range flows {
		if err := b.startWriting(p, flow); err != nil {
			return err
		}
	}
	for running := 0; running < articlesUnderWay; b.wait(100 * time.Millisecond) {
		// A call that was sent belongs to an attempt that waits for its answer.
		err := b.owner.QueryRow(b.ctx, `SELECT count(*) FROM ai_calls
			WHERE workflow_id = ANY($1) AND state = 'DISPATCHED'`, flows).Scan(&running)
		if err != nil {
			return err
		}
		if time.Since(began) > articlePatience {
			return fmt.Errorf("only %d articles wait for a model after %s", running, articlePatience)
		}
	}
	took := time.Since(began)
	b.wait(2 * time.Second)
	b.table.add(row{
		what: fmt.Sprintf("memory of a server with %d articles under way, MiB", articlesUnderWay),
		found: fmt.Sprintf("%s; %s before; all under way after %s s", figure(float64(p.memory())/(1<<20)),
			figure(float64(idle)/(1<<20)), figure(took.Seconds())),
	})
	return nil
}

// planned writes a workflow in VALIDATION_COMPLETED with n approved articles.
func (b *bench) planned(e *engine.Engine, who caller.Caller, n int) (uuid.UUID, error) {
	made, err := e.Create(b.ctx, who, engine.CreateInput{
		Name:    fmt.Sprintf("Articles %d", b.random.Uint64()),
		Company: workflow.Company{Name: "Acme Robotics", URL: "https://acme-robotics.example"},
	})
	if err != nil {
		return uuid.Nil, err
	}
	flow, store := made.Workflow, postgres.New(b.owner)
	var clustering content.Clustering
	for flow.State != workflow.ValidationCompleted && err == nil {
		switch flow.State {
		case workflow.ClusteringProcessing:
			clustering, err = b.clusterOf(store, who, flow, n)
		case workflow.ValidationProcessing:
			err = b.planOf(store, who, flow, clustering)
		}
		if err != nil {
			return uuid.Nil, err
		}
		var moved engine.Moved
		moved, err = e.Transition(b.ctx, who, engine.TransitionInput{
			WorkflowID: flow.ID, From: flow.State, To: flow.State.NextStates()[0],
		})
		flow = moved.Workflow
	}
	if err != nil {
		return uuid.Nil, err
	}
	return flow.ID, b.approvePlan(store, who, flow, clustering)
}

// visitOf opens the visit of the step that a workflow is in.
func (b *bench) visitOf(
	store *postgres.Store, who caller.Caller, flow workflow.Workflow, key workflow.StepKey,
) (int, error) {
	step, _ := workflow.StepOf(key)
	visit, there, err := store.OpenVisit(b.ctx, who, flow.ID, step)
	if err == nil && !there {
		err = fmt.Errorf("workflow %s has no visit of step %s", flow.ID, key)
	}
	return visit, err
}

// clusterOf writes topics with n pages of one keyword each.
func (b *bench) clusterOf(
	store *postgres.Store, who caller.Caller, flow workflow.Workflow, n int,
) (clustering content.Clustering, err error) {
	visit, err := b.visitOf(store, who, flow, workflow.StepClustering)
	if err != nil {
		return clustering, err
	}
	const pagesOfTopic = 9
	for i := range n {
		text := fmt.Sprintf("robots for industry %d", i)
		if i%pagesOfTopic == 0 {
			clustering.Topics = append(clustering.Topics, content.PageTopic{
				ID: newID(), Position: len(clustering.Topics) + 1, Label: text,
			})
		}
		topic := &clustering.Topics[len(clustering.Topics)-1]
		page := content.TopicPage{ID: newID(), TopicID: &topic.ID, Position: i%pagesOfTopic + 1}
		page.Keywords = []content.TopicKeyword{{
			ID:         newID(),
			Text:       text,
			Normalised: content.Normalise(text),
			Source:     content.SourceModel,
			Score:      1,
			PageID:     &page.ID,
		}}
		topic.Pages = append(topic.Pages, page)
		clustering.Keywords = append(clustering.Keywords, page.Keywords...)
	}
	return clustering, store.InTx(b.ctx, func(tx *postgres.Store) error {
		return tx.AddClustering(b.ctx, who, postgres.NewClustering{
			WorkflowID: flow.ID,
			Visit:      visit,
			Clustering: clustering,
			At:         now(),
		})
	})
}

// planOf writes a verdict and a brief for each page.
func (b *bench) planOf(
	store *postgres.Store, who caller.Caller, flow workflow.Workflow, clustering content.Clustering,
) error {
	visit, err := b.visitOf(store, who, flow, workflow.StepValidation)
	if err != nil {
		return err
	}
	var plans []content.ArticlePlan
	for _, page := range clustering.Pages() {
		brief := page.Outline()
		brief.Title = "All about " + brief.PrimaryKeyword
		plans = append(plans, content.ArticlePlan{ArticleID: page.ID, Revision: 1, Brief: brief.Clean()})
	}
	return store.InTx(b.ctx, func(tx *postgres.Store) error {
		err := tx.AddVerdicts(b.ctx, who, postgres.NewVerdicts{
			WorkflowID: flow.ID,
			Visit:      visit,
			Verdicts:   content.Validate(clustering, content.There{}),
			At:         now(),
		})
		if err != nil {
			return err
		}
		return tx.AddArticlePlans(b.ctx, who, postgres.NewArticlePlans{
			WorkflowID: flow.ID,
			Visit:      visit,
			Plans:      plans,
			Author:     content.AuthorEngine,
			At:         now(),
		})
	})
}

// approvePlan approves all articles of a plan.
func (b *bench) approvePlan(
	store *postgres.Store, who caller.Caller, flow workflow.Workflow, clustering content.Clustering,
) error {
	visits, err := store.CurrentVisits(b.ctx, who, []uuid.UUID{flow.ID}, workflow.StepValidation)
	if err != nil {
		return err
	}
	var decisions []postgres.PlanDecision
	for _, page := range clustering.Pages() {
		decisions = append(decisions, postgres.PlanDecision{ArticleID: page.ID, Revision: 1, Choice: content.PlanApproved})
	}
	return store.DecidePlans(b.ctx, who, postgres.PlanDecisions{
		WorkflowID: flow.ID,
		Visit:      visits[flow.ID],
		Decisions:  decisions,
		Origin:     content.OriginPerson,
		At:         now(),
	})
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
