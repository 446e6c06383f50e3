package steps_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	sites "github.com/infin8content/engine/internal/crawl/sandbox"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// crawling is a bundle whose first step is done, with the competitors that a person named.
func crawling(t *testing.T, domains ...string) bundle {
	t.Helper()
	b := setup(t, options{drives: twoSteps(), crawls: true})
	if len(domains) > 0 {
		_, err := b.engine.SetCompetitors(context.Background(), b.who, engine.SetCompetitorsInput{
			WorkflowID: b.flow.ID, URLs: domains,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.next(t)
	return b
}

func (b *bundle) analysis(t *testing.T) content.Analysis {
	t.Helper()
	found, err := b.engine.Analyses(context.Background(), b.who, []uuid.UUID{b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return found[b.flow.ID]
}

// lastFailure returns the code of the last transition into a FAILED state.
func (b *bundle) lastFailure(t *testing.T) workflow.FailureCode {
	t.Helper()
	rows, err := b.engine.Transitions(context.Background(), b.who, engine.TransitionsInput{
		Workflows: []uuid.UUID{b.flow.ID}, First: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range slices.Backward(rows[b.flow.ID]) {
		if strings.HasSuffix(string(row.To), "_FAILED") {
			return failureOf(row.Reason)
		}
	}
	return ""
}

func TestCompetitor_ReadsWebsites(t *testing.T) {
	t.Parallel()
	b := crawling(t, "acme-dental-billing.example", "north-logistics.example")
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	found := b.analysis(t)
	if found.Mode != content.ModeCrawl || len(found.Competitors) != 3 {
		t.Fatalf("got %+v, want the mode CRAWL and three competitors", found)
	}
	for i, c := range found.Competitors {
		if c.Proposed != (i == 2) || c.Keywords < 20 || c.Failed || c.Mode != content.ModeCrawl {
			t.Errorf("got %+v, want two named competitors and a proposed one, each with keywords", c)
		}
	}
	of := map[string]int{}
	for _, k := range b.keywords(t) {
		if k.Source != content.SourceCrawl || k.Volume != nil || !k.IsSynthetic {
			t.Errorf("got %+v, want a synthetic keyword of a crawl with an unknown volume", k)
		}
		of[k.Competitor]++
	}
	if len(of) != 3 {
		t.Errorf("got keywords of %v, want some of each competitor", of)
	}
	if !slices.ContainsFunc(b.keywords(t), func(k content.SeedKeyword) bool {
		return strings.Contains(k.Normalised, "dental billing software")
	}) {
		t.Error("no keyword has the words of a competitor's titles")
	}
	b.audit(t)
}

func TestCompetitor_ProposesCompetitors(t *testing.T) {
	t.Parallel()
	b := crawling(t)
	b.next(t)
	found := b.analysis(t)
	if len(found.Competitors) != 3 || found.Mode != content.ModeCrawl {
		t.Fatalf("got %+v, want three competitors", found)
	}
	for _, c := range found.Competitors {
		if !c.Proposed || c.Domain == "amazon.com" || c.Domain == sites.Absent {
			t.Errorf("got %+v, want a proposed competitor that answers", c)
		}
	}
	if !slices.ContainsFunc(found.Warnings, func(w string) bool { return strings.Contains(w, sites.Absent) }) {
		t.Errorf("got the warnings %q, want one about %s", found.Warnings, sites.Absent)
	}
	b.audit(t)
}

func TestCompetitor_CompletesWithoutTheOnesThatFail(t *testing.T) {
	t.Parallel()
	b := crawling(t, "acme-dental-billing.example", sites.Captcha, sites.Bomb, sites.RedirectMetadata, sites.Slow)
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	for i, c := range b.analysis(t).Competitors {
		if failed := i > 0; c.Failed != failed || failed != (len(c.Warnings) == 1) || failed != (c.Keywords == 0) {
			t.Errorf("got %+v, want a failure with a warning: %t", c, failed)
		}
	}
	b.audit(t)
}

func TestCompetitor_FailsWithTheMostRetryableCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		domains []string
		want    workflow.FailureCode
	}{
		"Blocked": {[]string{sites.Captcha, sites.Forbidden, sites.Document}, workflow.FailureBlocked},
		"Timeout": {[]string{sites.Captcha, sites.Slow, sites.Bomb}, workflow.FailureTimeout},
		"Failing": {[]string{sites.RedirectLoop, sites.Failing, sites.Captcha}, workflow.FailureProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := crawling(t, c.domains...)
			if flow := b.next(t); flow.State != workflow.CompetitorFailed {
				t.Fatalf("got %s, want %s", flow.State, workflow.CompetitorFailed)
			}
			if got := b.lastFailure(t); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			b.audit(t)
		})
	}
}

func TestCompetitor_AsksOnlyForWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := crawling(t, "a-billing.example", "b-billing.example", "c-billing.example")
	// All three answers are unusable, so the attempt fails; two are usable afterwards.
	b.sandbox.Next(sandbox.UnreadableJSON(), sandbox.UnreadableJSON(), sandbox.UnreadableJSON())
	if flow := b.next(t); flow.State != workflow.CompetitorFailed {
		t.Fatalf("got %s, want %s", flow.State, workflow.CompetitorFailed)
	}
	read, asked := b.sites.Requests(), len(b.sandbox.Charges())
	b.later.Store(int64(time.Minute))
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	if got := b.sites.Requests(); got != read {
		t.Errorf("the second attempt read %d pages again, want none", got-read)
	}
	if got := len(b.sandbox.Charges()) - asked; got != 3 {
		t.Errorf("the second attempt was charged for %d answers, want 3", got)
	}
	b.audit(t)
}

func TestCompetitor_ObeysTheMarket(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("Negatives", func(t *testing.T) {
		t.Parallel()
		b := crawling(t, "acme-dental-billing.example")
		negatives := []string{"Software DENTAL"}
		if _, err := b.engine.SetMarket(ctx, b.who, engine.SetMarketInput{Negatives: &negatives}); err != nil {
			t.Fatal(err)
		}
		b.next(t)
		for _, k := range b.keywords(t) {
			if strings.Contains(k.Normalised, "dental") && strings.Contains(k.Normalised, "software") {
				t.Errorf("%q has the words of a negative text", k.Text)
			}
		}
	})
	t.Run("Mode", func(t *testing.T) {
		t.Parallel()
		b := crawling(t, "acme-dental-billing.example")
		mode := content.ModeModel
		if _, err := b.engine.SetMarket(ctx, b.who, engine.SetMarketInput{Mode: &mode}); err != nil {
			t.Fatal(err)
		}
		b.next(t)
		if found := b.analysis(t); found.Mode != mode || len(found.Competitors) != 1 || b.sites.Requests() != 0 {
			t.Errorf("got %+v and %d requests, want the mode MODEL and no request to a website", found, b.sites.Requests())
		}
	})
	t.Run("ModeWithoutAProvider", func(t *testing.T) {
		t.Parallel()
		b := crawling(t)
		mode := content.ModeDataForSEO
		if _, err := b.engine.SetMarket(ctx, b.who, engine.SetMarketInput{Mode: &mode}); err != nil {
			t.Fatal(err)
		}
		b.next(t)
		if got := b.lastFailure(t); got != workflow.FailureInvalidRequest {
			t.Errorf("got %s, want INVALID_REQUEST", got)
		}
	})
}

// The text of a page reaches the model as a quoted value and changes nothing but the phrases.
func TestCompetitor_QuotesThePagesOfOthers(t *testing.T) {
	t.Parallel()
	b := crawling(t, sites.Injecting, "b-billing.example", "c-billing.example")
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	if len(b.keywords(t)) < 20 {
		t.Errorf("got %d keywords, want those of the other competitors at least", len(b.keywords(t)))
	}
	b.audit(t)
}

func TestCompetitor_AsksAgainForTheOnesThatFailed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := crawling(t, "acme-dental-billing.example", "b-billing.example", sites.Failing)
	b.next(t)
	if c := b.analysis(t).Competitors[2]; !c.Failed {
		t.Fatalf("got %+v, want a failure", c)
	}
	picked := b.keywords(t)[2]
	_, err := b.engine.DecideKeywords(ctx, b.who, engine.DecideKeywordsInput{
		WorkflowID: b.flow.ID, IDs: []uuid.UUID{picked.ID}, Choice: content.ChoiceSelected,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.engine.RetryCompetitors(ctx, b.who, engine.RetryCompetitorsInput{WorkflowID: b.flow.ID}); err != nil {
		t.Fatal(err)
	}
	b.sites.Heal(sites.Failing)
	read, asked := b.sites.Requests(), len(b.sandbox.Charges())
	if flow := b.next(t); flow.State != workflow.SeedReviewPending {
		t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
	}
	if c := b.analysis(t).Competitors[2]; c.Failed || c.Keywords == 0 {
		t.Errorf("got %+v, want keywords", c)
	}
	if got := len(b.sandbox.Charges()) - asked; got != 1 {
		t.Errorf("got %d charged answers, want one for the competitor that was missing", got)
	}
	if got := b.sites.Requests() - read; got > 40 {
		t.Errorf("got %d requests to websites, want those to one site", got)
	}
	kept := slices.ContainsFunc(b.keywords(t), func(k content.SeedKeyword) bool {
		return k.Normalised == picked.Normalised && k.Choice == content.ChoiceSelected
	})
	if !kept {
		t.Errorf("the choice of %q is lost", picked.Text)
	}
	_, err = b.engine.RetryCompetitors(ctx, b.who, engine.RetryCompetitorsInput{WorkflowID: b.flow.ID})
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v, want CONFLICT when none is missing", err)
	}
	b.audit(t)
}
