package steps_test

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// unusable answers the requests that spoils selects with an injection, and counts them.
type unusable struct {
	wire
	models *sandbox.Sandbox
	spoils func(body string) bool
	once   sync.Mutex
	count  int
}

func newUnusable(answer sandbox.Injection) *unusable {
	return &unusable{models: sandbox.New(sandbox.Options{Prices: cost.StartPrices(), Injection: answer})}
}

// intercept implements options.intercept.
func (u *unusable) intercept(response http.ResponseWriter, r *http.Request) bool {
	u.wire.intercept(response, r)
	u.mu.Lock()
	body := u.bodies[len(u.bodies)-1]
	u.mu.Unlock()
	u.once.Lock()
	defer u.once.Unlock()
	if !u.spoils(body) {
		return false
	}
	u.count++
	u.models.ServeHTTP(response, r)
	return true
}

func TestArticle_AFailedRepairLeavesThePaidText(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]sandbox.Injection{
		"Unreadable": sandbox.UnreadableJSON(),
		"Filtered":   sandbox.ContentFilter(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUnusable(answer)
			u.spoils = func(body string) bool { return isFor("section")(body) && strings.Contains(body, `\"problems\"`) }
			d := newDesk(t, options{crawls: true, intercept: u.intercept}, 1, true)
			d.sandbox.Always(sandbox.InventCitation())
			d.step(t)
			d.work(t)
			a := d.articles(t)[0]
			if u.count == 0 || a.Unit.State != workflow.UnitDone || !a.Last.NeedsReview {
				t.Errorf("after %d failed repairs: got %s (%s), want a text for a person to decide about", u.count,
					a.Unit.State, a.Unit.FailureMessage)
			}
		})
	}
}

var wordsAsked = regexp.MustCompile(`\\"words\\": ([0-9]+)`)

// wordsOf returns the words that requests for sections ask for, by their headings.
func wordsOf(bodies []string) map[string]int {
	words := map[string]int{}
	for _, body := range bodies {
		if found := wordsAsked.FindStringSubmatch(body); isFor("section")(body) && found != nil {
			words[headingOf(body)], _ = strconv.Atoi(found[1])
		}
	}
	return words
}

func TestArticle_OnlyAnUnusableAnswerMakesSectionsShorter(t *testing.T) {
	t.Parallel()
	u := newUnusable(sandbox.UnreadableJSON())
	u.spoils = func(body string) bool { return isFor("section")(body) && u.count == 0 }
	d := newDesk(t, options{intercept: u.intercept}, 1, false)
	d.step(t)
	if taken, err := d.engine.ClaimUnit(context.Background(), d.who, d.articles(t)[0].Unit.ID); err != nil ||
		taken.Unit == nil {
		t.Fatalf("claim: %+v, %v", taken, err)
	}
	d.later.Add(int64(time.Minute)) // The worker is lost.
	if _, err := d.engine.SweepUnits(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.work(t)
	whole := wordsOf(u.taken())
	d.later.Add(int64(time.Minute))
	d.work(t)
	shorter := wordsOf(u.taken())
	if len(whole) < content.FewestSections || len(shorter) == 0 {
		t.Fatalf("got %v, then %v, want all sections, then those that are left", whole, shorter)
	}
	for heading, words := range shorter {
		if words != whole[heading]*3/4 {
			t.Errorf("%s: got %d words after %d, want three quarters", heading, words, whole[heading])
		}
	}
	if a := d.articles(t)[0]; a.Unit.State != workflow.UnitDone {
		t.Errorf("got %s (%s), want DONE", a.Unit.State, a.Unit.FailureMessage)
	}
}

func TestArticle_BuysNoSearchDataInAFreeMode(t *testing.T) {
	t.Parallel()
	d := newPlannedDesk(t, options{crawls: true}, 1, true)
	mode := content.ModeCrawl
	if _, err := d.engine.SetMarket(t.Context(), d.who, engine.SetMarketInput{Mode: &mode}); err != nil {
		t.Fatal(err)
	}
	d.approve(t)
	d.step(t)
	d.work(t)
	a := d.articles(t)[0]
	if a.Unit.State != workflow.UnitDone || a.Last.Mode == cost.ResearchSERPCrawl || d.kept(t, cost.PartSERP) != 0 {
		t.Errorf("got %s by %s with %d result pages, want a text without one", a.Unit.State, a.Last.Mode,
			d.kept(t, cost.PartSERP))
	}
}
