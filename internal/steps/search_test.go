package steps_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/seo"
	seosandbox "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// searchBundle is a bundle in step 2, with a provider of search data.
type searchBundle struct {
	bundle
	box    *seosandbox.Sandbox
	search *steps.Search
	server *httptest.Server
	found  []seo.Found
}

// setupSearch returns a bundle whose second step makes the requests.
func setupSearch(t *testing.T, o options, requests ...seo.Request) *searchBundle {
	t.Helper()
	o.drives, o.simulated = twoSteps(), true
	b := &searchBundle{bundle: setup(t, o)}
	clock := func() time.Time { return time.Now().Add(time.Duration(b.later.Load())) }
	b.box = seosandbox.New(seosandbox.Options{Seed: 1, Prices: cost.StartPrices(), Now: clock})
	b.server = httptest.NewServer(b.box)
	t.Cleanup(b.server.Close)
	client, err := seo.New(seo.Options{BaseURL: b.server.URL, Login: "l", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	b.search = &steps.Search{Client: client, Name: seosandbox.Provider, Now: clock}
	b.next(t) // Step 1.
	b.executors[workflow.StepCompetitor] = steps.NewSearching(steps.Options{
		Engine:  b.engine,
		Gateway: b.gateway,
		Search:  b.search,
		Now:     clock,
		Limit:   o.attemptLimit,
	}, requests, func(found []seo.Found) { b.found = found })
	return b
}

// requests are n requests for keywords.
func requests(t *testing.T, n int) []seo.Request {
	t.Helper()
	var all []seo.Request
	for i := range n {
		r, err := aRequest(i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func aRequest(i int) (seo.Request, error) {
	domain := fmt.Sprintf("shop-%d-parts.example", i)
	return seo.RankedKeywords(domain, seo.Market{LocationCode: 2840, LanguageCode: "en"}, 50)
}

// bought returns the calls for search data.
func (b *searchBundle) bought(t *testing.T) []cost.Call {
	t.Helper()
	var bought []cost.Call
	for _, call := range b.calls(t) {
		if len(call.Models) == 1 && cost.IsService(call.Models[0]) {
			bought = append(bought, call)
		}
	}
	return bought
}

// sweep advances the clock and sweeps once with the look-up.
func (b *searchBundle) sweep(t *testing.T, later time.Duration) {
	t.Helper()
	b.later.Add(int64(later))
	_, err := b.engine.SweepCallsBy(t.Context(), engine.LookUps{Ask: b.gateway.Ask, Find: b.search.Find})
	if err != nil {
		t.Logf("sweep: %v", err)
	}
}

// equal compares the ledger with the books of both providers, and checks both chains.
func (b *searchBundle) equal(t *testing.T) {
	t.Helper()
	accounts, err := b.engine.Accounts(t.Context(), b.who, []uuid.UUID{b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	balance := accounts[b.flow.ID].Balance
	if want := b.sandbox.Total() + b.box.Total(); balance.Settled != want || balance.Held != 0 {
		t.Errorf("the ledger has $%s and holds $%s, the providers charged $%s", balance.Settled, balance.Held, want)
	}
	findings, err := b.auditor.Verify(context.Background())
	findings = slices.DeleteFunc(findings, func(f audit.Finding) bool { return testdb.SimulatesTime(f.What) })
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	t.Run("KeepsTheAnswersWithTheirCost", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 3)...)
		if flow := b.next(t); flow.State != workflow.SeedReviewPending {
			t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
		}
		for _, found := range b.found {
			if len(found.Keywords) == 0 || !found.IsSynthetic {
				t.Errorf("got %+v, want synthetic keywords", found)
			}
		}
		for _, call := range b.bought(t) {
			charge := b.box.Charges()["call_"+call.ID.String()]
			if call.State != cost.CallSettled || *call.Cost != charge.Cost || *call.ListCost != charge.Cost ||
				call.Hold != 15_000_000_000 || call.MaxItems != 50 || call.Usage.Items != int64(charge.Items) ||
				call.GenerationID != charge.ID || call.AnsweredModel != seo.ServiceLabs {
				t.Errorf("got %+v, the books have %+v", call, charge)
			}
		}
		if n := b.box.Requests(); n != 3 {
			t.Errorf("the provider has %d requests, want 3", n)
		}
		b.equal(t)
	})
	t.Run("BuysEqualRequestsOnce", func(t *testing.T) {
		t.Parallel()
		same := requests(t, 1)
		b := setupSearch(t, options{}, append(append(same, same...), same...)...)
		if flow := b.next(t); flow.State != workflow.SeedReviewPending || b.box.Requests() != 1 {
			t.Errorf("got %s and %d requests, want one for three callers", flow.State, b.box.Requests())
		}
		b.equal(t)
	})
	t.Run("AsksOnlyForWhatIsMissing", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 3)...)
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionCode, Code: 50301})
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionTaskFailed, Code: 40202})
		if flow := b.next(t); flow.State != workflow.CompetitorFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.CompetitorFailed)
		}
		b.sweep(t, time.Minute)
		b.sweep(t, 11*time.Minute) // 50301 proves nothing: the list does.
		if flow := b.next(t); flow.State != workflow.SeedReviewPending {
			t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
		}
		if n := b.box.Requests(); n != 5 {
			t.Errorf("the provider has %d requests, want 5", n)
		}
		b.equal(t)
	})
	t.Run("AnUnknownServiceCallIsFoundByItsTag", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionCutBody})
		b.next(t)
		if calls := b.bought(t); len(calls) != 1 || calls[0].State != cost.CallUnknown {
			t.Fatalf("got %+v, want one call of unknown cost", calls)
		}
		b.later.Add(int64(46 * time.Second))
		if flow := b.next(t); flow.State != workflow.CompetitorFailed || b.box.Requests() != 1 {
			t.Fatalf("got %s and %d requests, want no second request before the look-up", flow.State, b.box.Requests())
		}
		b.sweep(t, 30*time.Second)
		call := b.bought(t)[0]
		if want := b.box.Total(); call.State != cost.CallSettled || *call.Cost != want || call.GenerationID == "" {
			t.Errorf("got %+v, want it settled with $%s", call, want)
		}
		b.equal(t)
		b.later.Add(int64(15 * time.Minute))
		if flow := b.next(t); flow.State != workflow.SeedReviewPending || b.box.Requests() != 2 {
			t.Errorf("got %s and %d requests, want the answer of a second one", flow.State, b.box.Requests())
		}
		b.equal(t)
	})
	t.Run("OneThatTheListDoesNotHaveIsReleasedAfterTenMinutes", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionStatus, Status: 502})
		b.next(t)
		for _, after := range []time.Duration{time.Minute, 4 * time.Minute, 4 * time.Minute} {
			b.sweep(t, after)
			if call := b.bought(t)[0]; call.State != cost.CallUnknown {
				t.Fatalf("got %s before the tenth minute, want UNKNOWN", call.State)
			}
		}
		b.sweep(t, 2*time.Minute)
		if call := b.bought(t)[0]; call.State != cost.CallReleased {
			t.Errorf("got %s, want RELEASED", call.State)
		}
		b.equal(t)
	})
	t.Run("OneThatCannotBeLookedUpIsAssumedAfterADay", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionDrop})
		b.next(t)
		b.server.Close()
		b.sweep(t, time.Hour)
		if call := b.bought(t)[0]; call.State != cost.CallUnknown {
			t.Fatalf("got %s after an hour, want UNKNOWN", call.State)
		}
		b.sweep(t, 24*time.Hour)
		if call := b.bought(t)[0]; call.State != cost.CallAssumed {
			t.Errorf("got %s, want ASSUMED", call.State)
		}
	})
	t.Run("SendsNothingBeyondTheCap", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{workflowLimit: 40_000_000_000}, requests(t, 4)...)
		if flow := b.next(t); flow.State != workflow.CompetitorFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.CompetitorFailed)
		}
		if n := b.box.Requests(); n < 1 || n > 2 {
			t.Errorf("the provider has %d requests, want only those that fit", n)
		}
		b.equal(t)
	})
	t.Run("WaitsForTheLimitsBeforeItHoldsMoney", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		refused := context.DeadlineExceeded
		b.search.Admit = func(context.Context) (func(), error) { return nil, refused }
		run := b.take(t)
		if err := b.executors[run.Step].Run(t.Context(), b.who, b.flow, run); err == nil {
			t.Error("want the error of the limits")
		}
		if calls := b.bought(t); len(calls) != 0 {
			t.Errorf("got %+v, want no call", calls)
		}
	})
}

func TestSearchFind(t *testing.T) {
	t.Parallel()
	t.Run("OneListAnswersAllCalls", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 8)...)
		b.box.Always(seosandbox.Injection{Kind: seosandbox.InjectionDrop})
		b.next(t)
		lists := 0
		b.search.AdmitList = func(context.Context) error { lists++; return nil }
		b.sweep(t, time.Minute)
		for _, call := range b.bought(t) {
			if call.State != cost.CallSettled {
				t.Errorf("got %s, want SETTLED", call.State)
			}
		}
		if lists != 1 {
			t.Errorf("the provider was asked for %d lists, want 1", lists)
		}
		b.equal(t)
	})
	t.Run("ARefusedListProvesNothing", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		b.box.Next(seosandbox.Injection{Kind: seosandbox.InjectionStatus, Status: 500})
		b.next(t)
		b.search.AdmitList = func(context.Context) error { return context.DeadlineExceeded }
		b.sweep(t, time.Hour)
		if call := b.bought(t)[0]; call.State != cost.CallUnknown {
			t.Errorf("got %s, want UNKNOWN", call.State)
		}
	})
	t.Run("AnOldCallKeepsNoOtherFromBeingFound", func(t *testing.T) {
		t.Parallel()
		b := setupSearch(t, options{}, requests(t, 1)...)
		b.box.Always(seosandbox.Injection{Kind: seosandbox.InjectionDrop})
		b.next(t)
		old := b.bought(t)[0]
		sent := old.DispatchedAt.Add(-3 * time.Hour)
		lost := old
		lost.ID, lost.DispatchedAt = uuid.New(), &sent // The list has no line of it.
		b.later.Add(int64(time.Minute))
		found, err := b.search.Find(t.Context(), []cost.Call{lost, old})
		if err != nil || found[old.ID].Settle == nil || !found[lost.ID].IsAbsent {
			t.Errorf("got %+v, %v, want the new call found and the old one absent", found, err)
		}
	})
	t.Run("NoSourceFindsNothing", func(t *testing.T) {
		t.Parallel()
		var none *steps.Search
		found, err := none.Find(t.Context(), []cost.Call{{Models: []string{seo.ServiceLabs}}})
		if err != nil || len(found) != 0 {
			t.Errorf("got %v, %v, want nothing", found, err)
		}
	})
}
