package steps_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// sendBack rejects the last text of an article with feedback.
func (d *desk) sendBack(t *testing.T, a engine.Article, feedback string) {
	t.Helper()
	_, err := d.engine.DecideArticles(t.Context(), d.who, engine.DecideArticlesInput{
		WorkflowID: d.flow.ID,
		Items: []engine.ArticleItemInput{{
			ArticleID:        a.ID,
			ExpectedRevision: a.Last.Revision,
			Verdict:          content.ArticleRejected,
			Feedback:         feedback,
		}},
	})
	if err != nil {
		t.Fatalf("send the article back: %v", err)
	}
}

// edit writes a text of a person over the last one.
func (d *desk) edit(t *testing.T, a engine.Article, markdown string) {
	t.Helper()
	_, err := d.engine.UpdateArticle(t.Context(), d.who, engine.UpdateArticleInput{
		ArticleID: a.ID, ExpectedRevision: a.Last.Revision, Markdown: &markdown,
	})
	if err != nil {
		t.Fatalf("edit the article: %v", err)
	}
}

// pausing is a transport that holds one request back.
type pausing struct{ held atomic.Pointer[pause] }

type pause struct{ asked, free chan struct{} }

// next holds the next request back until free is closed.
func (p *pausing) next() *pause {
	held := &pause{make(chan struct{}), make(chan struct{})}
	p.held.Store(held)
	return held
}

func (p *pausing) RoundTrip(r *http.Request) (*http.Response, error) {
	if held := p.held.Swap(nil); held != nil {
		close(held.asked)
		<-held.free
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestArticle_FollowsFeedbackAndTheBrand(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{crawls: true}, 1, false)
	tone, banned := "calm", []string{"vendor always looks", "table of features"}
	if _, err := d.engine.SetBrand(t.Context(), d.who, engine.SetBrandInput{Tone: &tone, Banned: &banned}); err != nil {
		t.Fatal(err)
	}
	d.step(t)
	d.work(t)
	first := d.articles(t)[0]
	if v := first.Last; v.BrandRevision == nil || *v.BrandRevision != 0 || !slices.ContainsFunc(v.Checks,
		func(c content.Check) bool { return c.Code == content.CheckBannedWord }) {
		t.Errorf("got %+v, want version 0 of the brand voice and a banned word", v)
	}
	d.sendBack(t, first, "Say less about tables.")
	d.work(t)
	second := d.articles(t)[0]
	if v := second.Last; second.Unit.State != workflow.UnitDone || v.Revision != 2 || v.Author != content.AuthorEngine ||
		v.BasedOn == nil || *v.BasedOn != 1 {
		t.Errorf("got %+v, %s, want a new text based on revision 1", v, second.Unit.State)
	}
	if second.Budget.Settled <= first.Budget.Settled {
		t.Errorf("got $%s after $%s, want the new text to be paid", second.Budget.Settled, first.Budget.Settled)
	}
	if state := d.step(t); state != workflow.ArticleCompleted {
		t.Errorf("got %s, want ARTICLE_COMPLETED", state)
	}
}

func TestArticle_NeverWritesOverAPersonsText(t *testing.T) {
	t.Parallel()
	var models pausing
	d := newDesk(t, options{client: &http.Client{Transport: &models}}, 1, false)
	d.step(t)
	d.work(t)
	first := d.articles(t)[0]
	d.sendBack(t, first, "Shorter.")
	taken, err := d.engine.ClaimUnit(t.Context(), d.who, first.Unit.ID)
	if err != nil || taken.Unit == nil {
		t.Fatalf("claim: %+v, %v", taken, err)
	}
	// The attempt reads what it works from, and a person writes while the models answer.
	held := models.next()
	ended := make(chan error, 1)
	go func() { ended <- d.units.RunUnit(t.Context(), d.who, taken.Workflow, *taken.Unit) }()
	<-held.asked
	d.edit(t, first, "## Our own words\n\nA person wrote this.\n")
	close(held.free)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	after := d.articles(t)[0]
	version, _ := d.text(t, after)
	if after.Unit.State != workflow.UnitDone || version.Revision != 2 || version.Author != content.AuthorPerson ||
		!strings.Contains(version.Markdown, "A person wrote this.") {
		t.Errorf("got %s and revision %d by %s, want the person's text to stay", after.Unit.State, version.Revision,
			version.Author)
	}
	if after.Budget.Settled <= first.Budget.Settled || after.Budget.Held != 0 {
		t.Errorf("got the budget %+v, want the dropped text to be booked", after.Budget)
	}
}

func TestArticle_KeepsATextThatIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{}, 1, false)
	d.step(t)
	d.work(t)
	first := d.articles(t)[0]
	d.sendBack(t, first, "Shorter.")
	d.edit(t, first, "## Our own words\n\nA person wrote this.\n")
	sent := d.sent.Load()
	d.work(t)
	after := d.articles(t)[0]
	if after.Unit.State != workflow.UnitDone || after.Last.Revision != 2 || d.sent.Load() != sent {
		t.Errorf("got %s, revision %d and %d requests, want the person's text without a request", after.Unit.State,
			after.Last.Revision, d.sent.Load()-sent)
	}
}

func TestArticle_RewritesOneSection(t *testing.T) {
	t.Parallel()
	var models pausing
	d := newDesk(t, options{crawls: true, client: &http.Client{Transport: &models}}, 1, false)
	d.step(t)
	d.work(t)
	first := d.articles(t)[0]
	before, _ := d.text(t, first)
	in := engine.RegenerateSectionInput{
		ArticleID:        first.ID,
		ExpectedRevision: 1,
		Section:          2,
		Instruction:      "Give an example.",
		DryRun:           true,
	}
	forecast, err := d.engine.RegenerateSection(t.Context(), d.who, in)
	if err != nil || forecast.Likely <= 0 || forecast.Most < forecast.Likely || d.articles(t)[0].Unit.State.IsOpen() {
		t.Fatalf("forecast: got %+v, %v", forecast, err)
	}
	in.DryRun = false
	if _, err := d.engine.RegenerateSection(t.Context(), d.who, in); err != nil {
		t.Fatal(err)
	}
	sent := d.sent.Load()
	d.work(t)
	second := d.articles(t)[0]
	after, _ := d.text(t, second)
	if d.sent.Load() != sent+1 || after.Revision != 2 || *after.BasedOn != 1 || after.Author != content.AuthorEngine {
		t.Errorf("got revision %d by %s after %d requests, want revision 2 after one", after.Revision, after.Author,
			d.sent.Load()-sent)
	}
	if spent := second.Budget.Settled - first.Budget.Settled; spent <= 0 || spent > forecast.Most {
		t.Errorf("got a cost of $%s, want at most $%s", spent, forecast.Most)
	}
	old, now := content.Sections(before.Markdown), content.Sections(after.Markdown)
	for i := range old {
		if same := old[i] == now[i]; same != (i != 2) {
			t.Errorf("section %d: got the same text %t", i, same)
		}
	}
	// A person writes while the model writes the section again.
	in.ExpectedRevision = 2
	if _, err := d.engine.RegenerateSection(t.Context(), d.who, in); err != nil {
		t.Fatal(err)
	}
	held, ended := models.next(), make(chan struct{})
	go func() { d.work(t); close(ended) }()
	<-held.asked
	d.edit(t, second, "## Our own words\n\nA person wrote this.\n")
	close(held.free)
	<-ended
	last := d.articles(t)[0]
	if last.Last.Revision != 3 || last.Last.Author != content.AuthorPerson || last.Unit.State != workflow.UnitDone ||
		last.Budget.Settled <= second.Budget.Settled || last.Budget.Held != 0 {
		t.Errorf("got %+v and the budget %+v, want the person's text and a booked cost", last.Last, last.Budget)
	}
	in.Section, in.ExpectedRevision = 1, 3
	if _, err := d.engine.RegenerateSection(t.Context(), d.who, in); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("a section that is not there: got %v, want INVALID_INPUT", err)
	}
}

func TestArticle_ARewrittenTextHasNoLink(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{}, 1, false)
	d.step(t)
	d.work(t)
	before, _ := d.text(t, d.articles(t)[0])
	d.edit(t, d.articles(t)[0], before.Markdown+"\nSee [our partner](https://partner.example/).\n")
	_, err := d.engine.RegenerateSection(t.Context(), d.who, engine.RegenerateSectionInput{
		ArticleID:        before.ArticleID,
		ExpectedRevision: 2,
		Section:          2,
		Instruction:      "Give an example.",
	})
	if err != nil {
		t.Fatal(err)
	}
	d.work(t)
	after, _ := d.text(t, d.articles(t)[0])
	if after.Revision != 3 || !strings.Contains(after.Markdown, "See our partner.") {
		t.Errorf("got revision %d, %s, want it to be stored as it is published", after.Revision, after.Markdown)
	}
}
