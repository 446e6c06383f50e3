package steps_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
	seosandbox "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// searching gives the bundle a source of search data.
func (b *bundle) searching(t *testing.T) *seosandbox.Sandbox {
	t.Helper()
	clock := func() time.Time { return time.Now().Add(time.Duration(b.later.Load())) }
	box := seosandbox.New(seosandbox.Options{Seed: 1, Prices: cost.StartPrices(), Now: clock})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		b.asked.Store(string(body), r.URL.Path)
		b.sent.Add(1)
		r.Body = io.NopCloser(bytes.NewReader(body))
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.search = server.URL
	client, err := seo.New(seo.Options{BaseURL: server.URL, Login: "l", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	search := &steps.Search{Client: client, Name: seosandbox.Provider, Now: clock}
	b.finds = search.Find
	for _, executor := range steps.New(steps.Options{
		Engine:  b.engine,
		Gateway: b.gateway,
		Search:  search,
		Crawler: b.crawler,
		Now:     clock,
	}) {
		b.executors[executor.Key()] = executor
	}
	return box
}

// ranking is a bundle with search data whose first step is done, with three named competitors.
func ranking(t *testing.T) (bundle, *seosandbox.Sandbox) {
	t.Helper()
	b := setup(t, options{drives: twoSteps(), crawls: true})
	box := b.searching(t)
	_, err := b.engine.SetCompetitors(t.Context(), b.who, engine.SetCompetitorsInput{
		WorkflowID: b.flow.ID,
		URLs:       []string{"acme-dental-billing.example", "north-cargo-logistics.example", "b-payroll.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.next(t)
	return b, box
}

// balanced checks that the ledger is the sum of what both providers charged, and that nothing is held.
func (b *bundle) balanced(t *testing.T, box *seosandbox.Sandbox) {
	t.Helper()
	if got, want := b.settled(t), b.sandbox.Total()+box.Total(); got.Held != 0 || got.Settled != want {
		t.Errorf("the ledger has $%s and holds $%s, the providers charged $%s", got.Settled, got.Held, want)
	}
}

func TestCompetitor_UsesSearchData(t *testing.T) {
	t.Parallel()
	b, box := ranking(t)
	spent := b.sandbox.Total()
	language := "de"
	location := 2276
	_, err := b.engine.SetMarket(t.Context(), b.who, engine.SetMarketInput{
		LanguageCode: &language, LocationCode: &location,
	})
	if err != nil {
		t.Fatal(err)
	}
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	found := b.analysis(t)
	if found.Mode != content.ModeDataForSEO || len(found.Competitors) != 3 || len(found.Warnings) != 0 {
		t.Fatalf("got %+v, want the mode DATAFORSEO and three competitors", found)
	}
	known := 0
	for _, k := range b.keywords(t) {
		if k.Source != content.SourceDataForSEO || !k.IsSynthetic || k.Language != "de" || k.Competitor == "" {
			t.Errorf("got %+v, want a synthetic keyword of the search data in the market's language", k)
		}
		if k.Volume != nil && k.Difficulty != nil && k.CPC != nil {
			known++
		}
	}
	if known == 0 {
		t.Error("no keyword has its figures")
	}
	if n := box.Requests(); n != 3 || b.sandbox.Total() != spent {
		t.Errorf("got %d requests for search data, want 3 and no question to a model", n)
	}
	b.asked.Range(func(body, path any) bool {
		for _, want := range []string{`"limit":50`, `"location_code":2276`, `"language_code":"de"`, `"tag":"call_`} {
			if !strings.Contains(body.(string), want) || !strings.HasSuffix(path.(string), "/ranked_keywords/live") {
				t.Errorf("got the request %s to %s, want %s in it", body, path, want)
			}
		}
		return true
	})
	for _, call := range b.calls(t)[1:] {
		if call.Hold != 15_000_000_000 || call.MaxItems != 50 || call.Cost == nil || *call.Cost > call.Hold {
			t.Errorf("got %+v, want a hold of $0.0150 for 50 items", call)
		}
	}
	b.balanced(t, box)
}

func TestCompetitor_LeavesOutOneWithoutSearchData(t *testing.T) {
	t.Parallel()
	b, box := ranking(t)
	box.Next(seosandbox.Injection{Kind: seosandbox.InjectionTaskFailedCharged, Code: 50000})
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	var failed []content.Competitor
	for _, c := range b.analysis(t).Competitors {
		if c.Failed {
			failed = append(failed, c)
		}
	}
	if len(failed) != 1 || len(failed[0].Warnings) != 1 {
		t.Fatalf("got the failures %+v, want one with a warning", failed)
	}
	b.balanced(t, box)
	_, err := b.engine.RetryCompetitors(t.Context(), b.who, engine.RetryCompetitorsInput{WorkflowID: b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	if flow := b.next(t); flow.State != workflow.SeedReviewPending || box.Requests() != 4 {
		t.Errorf("got %s and %d requests, want one more for the missing one", flow.State, box.Requests())
	}
	b.balanced(t, box)
}

func TestCompetitor_FailsWithTheCodeOfTheSearchData(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		injection seosandbox.Injection
		want      workflow.FailureCode
	}{
		"PaymentRequired": {code(40200), workflow.FailurePaymentRequired},
		"Auth":            {code(40207), workflow.FailureAuth},
		"RateLimited":     {code(40209), workflow.FailureRateLimited},
		"InvalidRequest":  {task(40501), workflow.FailureInvalidRequest},
		"Unavailable":     {task(50301), workflow.FailureProviderUnavailable},
		"NothingFound":    {seosandbox.Injection{Kind: seosandbox.InjectionEmpty}, workflow.FailureNoResult},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, box := ranking(t)
			box.Always(c.injection)
			b.next(t)
			if got := b.lastFailure(t); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			b.balanced(t, box)
		})
	}
}

func code(code int) seosandbox.Injection {
	return seosandbox.Injection{Kind: seosandbox.InjectionCode, Code: code}
}

func task(code int) seosandbox.Injection {
	return seosandbox.Injection{Kind: seosandbox.InjectionTaskFailed, Code: code}
}

// A mode that a person chose spends nothing on search data, in no step.
func TestSteps_BuyNoSearchDataInAFreeMode(t *testing.T) {
	t.Parallel()
	b := setup(t, options{drives: threeSteps(), crawls: true})
	box := b.searching(t)
	mode := content.ModeModel
	if _, err := b.engine.SetMarket(t.Context(), b.who, engine.SetMarketInput{Mode: &mode}); err != nil {
		t.Fatal(err)
	}
	b.approveSeeds(t, 5)
	if flow := b.next(t); flow.State != workflow.ClusteringCompleted || box.Requests() != 0 {
		t.Errorf("got %s and %d requests for search data, want none", flow.State, box.Requests())
	}
}

// With 100 selected keywords only result pages are bought, and they say where the clustering comes from.
func TestClustering_OfAHundredKeywordsNamesItsProvider(t *testing.T) {
	t.Parallel()
	b := setup(t, options{drives: threeSteps(), crawls: true, workflowLimit: 2 * cost.Dollar})
	box := b.searching(t)
	_, err := b.engine.SetCompetitors(t.Context(), b.who, engine.SetCompetitorsInput{
		WorkflowID: b.flow.ID,
		URLs:       []string{"acme-dental-billing.example", "north-cargo-logistics.example", "b-payroll-tools.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.approveSeeds(t, content.MostSeeds)
	if flow := b.next(t); flow.State != workflow.ClusteringCompleted {
		t.Fatalf("got %s, want %s", flow.State, workflow.ClusteringCompleted)
	}
	results, err := b.engine.StepResults(t.Context(), b.who, []uuid.UUID{b.flow.ID}, workflow.StepClustering)
	if got := results[b.flow.ID]; err != nil || got.Provider != seosandbox.Provider || got.Model != seo.ServiceSERP {
		t.Errorf("got %+v, %v, want the provider of the result pages", got, err)
	}
	for _, k := range b.clustering(t).Keywords {
		if !k.IsSynthetic {
			t.Errorf("got %+v, want a synthetic keyword", k)
		}
	}
	b.balanced(t, box)
}
