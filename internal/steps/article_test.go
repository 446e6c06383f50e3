package steps_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/seo"
	seosandbox "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// desk is a bundle whose workflow has an approved plan and waits in ARTICLE_PENDING.
type desk struct {
	bundle
	units steps.UnitExecutor
}

// newDesk returns a desk with a number of approved articles. With search it has search data, too.
func newDesk(t *testing.T, o options, articles int, search bool) desk {
	t.Helper()
	d := newPlannedDesk(t, o, articles, search)
	d.approve(t)
	return d
}

// newPlannedDesk is newDesk without a decision about the plan.
func newPlannedDesk(t *testing.T, o options, articles int, search bool) desk {
	t.Helper()
	o.drives = append(fourSteps(), workflow.StepArticle)
	b := setup(t, o)
	set, err := b.db.Store().SetGates(context.Background(), b.who, postgres.GateSettings{
		Seeds:   workflow.GateHuman,
		Plan:    workflow.GateHuman,
		Publish: workflow.GateHuman,
		At:      testdb.Now(),
	})
	if err != nil || !set {
		t.Fatalf("set the gates: %t, %v", set, err)
	}
	reviewed := testdb.Review(t, b.db, b.who)
	second := b.who
	second.Actor = "bob"
	if err := testdb.Approve(context.Background(), b.db.Store(), second, reviewed, b.who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, b.db, b.who, testdb.ClusterPages(t, b.db, b.who, reviewed, articles))
	b.flow = planned.Flow
	given := steps.Options{
		Engine:  b.engine,
		Gateway: b.gateway,
		Crawler: b.crawler,
		Models:  workflow.Models{Common: o.models},
		Now:     time.Now,
	}
	if search {
		server := httptest.NewServer(seosandbox.New(seosandbox.Options{Prices: cost.StartPrices()}))
		t.Cleanup(server.Close)
		client, err := seo.New(seo.Options{BaseURL: server.URL, Login: "sandbox", Password: "sandbox"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		given.Search = &steps.Search{Client: client, Name: seosandbox.Provider, Now: time.Now}
	}
	for _, executor := range steps.New(given) {
		b.executors[executor.Key()] = executor
	}
	b.executor = b.executors[workflow.StepArticle]
	return desk{bundle: b, units: steps.NewUnits(given)[0]}
}

// approve approves every article of the plan.
func (d *desk) approve(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	decided, err := d.engine.DecideArticlePlans(ctx, d.who, engine.DecideArticlePlansInput{
		WorkflowID: d.flow.ID, Where: &content.PlanFilter{}, Choice: content.PlanApproved,
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := d.engine.ApproveArticlePlan(ctx, d.who, engine.ApproveArticlePlanInput{
		WorkflowID: d.flow.ID, ExpectedVersion: d.flow.Version, Digest: decided.Selection.Digest[:],
	})
	if err != nil {
		t.Fatal(err)
	}
	d.flow = moved.Workflow
}

// step makes the attempt of the step's run that is due: it parks the workflow, or ends its step.
func (d *desk) step(t *testing.T) workflow.State {
	t.Helper()
	d.attempt(t, context.Background())
	flow, err := d.engine.Workflow(context.Background(), d.who, d.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.flow = flow
	return flow.State
}

// articles returns the articles of the workflow with their units.
func (d *desk) articles(t *testing.T) []engine.Article {
	t.Helper()
	articles, err := d.engine.Articles(context.Background(), d.who, []uuid.UUID{d.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return articles[d.flow.ID]
}

// work makes attempts at all units until none can be claimed, three side by side.
func (d *desk) work(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for d.one(t, context.Background()) {
			}
		})
	}
	all.Wait()
}

// one makes one attempt at a unit. It returns false when there is none to claim.
func (d *desk) one(t *testing.T, ctx context.Context) bool { //nolint:revive // The test comes first.
	t.Helper()
	for _, article := range d.articles(t) {
		if article.Unit.State != workflow.UnitPending {
			continue
		}
		taken, err := d.engine.ClaimUnit(ctx, d.who, article.Unit.ID)
		if err != nil {
			t.Errorf("claim: %v", err)
			return false
		}
		if taken.Unit == nil {
			continue
		}
		if err := d.units.RunUnit(ctx, d.who, taken.Workflow, *taken.Unit); err != nil {
			t.Errorf("work on an article: %v", err)
		}
		return true
	}
	return false
}

// text returns the last version of an article with its Markdown and its evidence.
func (d *desk) text(t *testing.T, a engine.Article) (content.ArticleVersion, []content.Quote) {
	t.Helper()
	ctx := context.Background()
	versions, err := d.engine.ArticleVersions(ctx, d.who, engine.VersionsInput{ArticleID: a.ID, Size: 1})
	if err != nil || len(versions) == 0 {
		t.Fatalf("read the text of %q: %v, %v", a.Brief.Title, versions, err)
	}
	quotes, err := d.engine.ArticleEvidence(ctx, d.who, map[uuid.UUID]int{a.ID: a.Visit})
	if err != nil {
		t.Fatal(err)
	}
	return versions[0], quotes[a.ID]
}

func TestArticle_WritesWithEvidence(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{crawls: true}, 2, true)
	if state := d.step(t); state != workflow.ArticleProcessing {
		t.Fatalf("got %s, want ARTICLE_PROCESSING", state)
	}
	d.work(t)
	for _, a := range d.articles(t) {
		version, quotes := d.text(t, a)
		if a.Unit.State != workflow.UnitDone || version.Mode != cost.ResearchSERPCrawl || !version.IsSynthetic {
			t.Errorf("%s: got %s (%s), %s, synthetic %t", a.Unit.Label, a.Unit.State, a.Unit.FailureMessage, version.Mode,
				version.IsSynthetic)
		}
		if version.NeedsReview || content.IsBlocked(version.Checks) {
			t.Errorf("%s: blocked by %+v", a.Unit.Label, version.Checks)
		}
		cited := content.CitedQuotes(version.Markdown, quotes)
		if len(quotes) < 6 || len(cited) < 6 {
			t.Errorf("%s: got %d quotes, %d cited, want some", a.Unit.Label, len(quotes), len(cited))
		}
		if !strings.Contains(version.Markdown, "(Sandbox: no model was asked.)") {
			t.Errorf("%s: the text does not say that it is synthetic", a.Unit.Label)
		}
		if budget := a.Budget; budget.Settled == 0 || budget.Held != 0 || budget.Settled > budget.Cap {
			t.Errorf("%s: got the budget %+v", a.Unit.Label, budget)
		}
		t.Logf("%s: %d words, %d quotes, $%s, checks %+v, %d of %d parts", version.Title, version.Words, len(quotes),
			a.Budget.Settled, version.Checks, a.Unit.Done, a.Unit.Total)
	}
	if state := d.step(t); state != workflow.ArticleCompleted {
		t.Fatalf("got %s, want ARTICLE_COMPLETED: the gate PUBLISH is for a person", state)
	}
}

func TestArticles_RequestsStayWithinTheForecast(t *testing.T) {
	t.Parallel()
	w := &wire{}
	d := newPlannedDesk(t, options{crawls: true, intercept: w.intercept}, 1, true)
	long := strings.Repeat("word ", 39) + "ende"
	list := slices.Repeat([]string{long}, 20)
	for i := range list {
		list[i] = fmt.Sprintf("%s %02d", list[i][:len(list[i])-3], i)
	}
	title, angle, questions, words := long, strings.Repeat("angle ", 100), list[:6], content.MostWords
	plans, err := d.engine.Plans(context.Background(), d.who, []uuid.UUID{d.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.engine.DecideArticlePlans(context.Background(), d.who, engine.DecideArticlePlansInput{
		WorkflowID: d.flow.ID,
		Items: []engine.PlanItemInput{{
			ArticleID: plans[d.flow.ID].Items[0].Page.ID,
			Brief: &content.BriefEdit{
				Title:             &title,
				Angle:             &angle,
				Questions:         &questions,
				SecondaryKeywords: &list,
				MustAvoid:         &list,
				TargetWords:       &words,
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.approve(t)
	d.step(t)
	d.work(t)
	most := map[string]int{}
	for _, body := range w.taken() {
		for schema, limit := range map[string]int{
			"outline":  cost.OutlineBytes,
			"evidence": cost.EvidenceBytes,
			"section":  cost.SectionBytes,
			"edit":     cost.EditBytes,
		} {
			if isFor(schema)(body) {
				most[schema] = max(most[schema], len(body))
				if len(body) > limit {
					t.Errorf("a request for %s has %d bytes, the forecast counts with %d", schema, len(body), limit)
				}
			}
		}
	}
	if len(most) != 4 {
		t.Errorf("got requests for %v, want all four kinds", most)
	}
	t.Logf("the longest requests: %v", most)
}
