package steps_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// wire looks at the requests to the models before they arrive.
type wire struct {
	mu     sync.Mutex
	bodies []string
	// refuses answers a request instead of the models.
	refuses func(body string) bool
}

// intercept implements options.intercept.
func (w *wire) intercept(response http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	w.bodies = append(w.bodies, string(body))
	refuses := w.refuses
	w.mu.Unlock()
	if refuses == nil || !refuses(string(body)) {
		return false
	}
	http.Error(response, `{"error":{"code":400,"message":"A refusal of the test"}}`, http.StatusBadRequest)
	return true
}

// taken returns the requests since the last call.
func (w *wire) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	bodies := w.bodies
	w.bodies = nil
	return bodies
}

func isFor(schema string) func(string) bool {
	return func(body string) bool { return strings.Contains(body, `"name":"`+schema+`"`) }
}

func TestArticles_OneOfTwelveFails(t *testing.T) {
	t.Parallel()
	const failing = "software for payroll"
	w := &wire{}
	isFailing := func(body string) bool { return strings.Contains(body, `\"primaryKeyword\": \"`+failing+`\"`) }
	w.refuses = func(body string) bool { return isFor("section")(body) && isFailing(body) }
	d := newDesk(t, options{intercept: w.intercept, workflowLimit: 2 * cost.Dollar}, 12, false)
	d.step(t)
	d.work(t)
	states := map[workflow.UnitState]int{}
	for _, a := range d.articles(t) {
		states[a.Unit.State]++
		if (a.Unit.State == workflow.UnitFailed) != (a.Brief.PrimaryKeyword == failing) {
			t.Errorf("%s: got %s (%s)", a.Brief.PrimaryKeyword, a.Unit.State, a.Unit.FailureMessage)
		}
	}
	if states[workflow.UnitDone] != 11 {
		t.Errorf("got %v, want 11 that are done", states)
	}
	if state := d.step(t); state != workflow.ArticleFailed {
		t.Fatalf("got %s, want ARTICLE_FAILED", state)
	}

	w.mu.Lock()
	w.refuses = nil
	w.mu.Unlock()
	w.taken()
	retry := engine.RetryStepInput{WorkflowID: d.flow.ID}
	if _, err := d.engine.RetryStep(context.Background(), d.who, retry); err != nil {
		t.Fatal(err)
	}
	d.work(t)
	for _, body := range w.taken() {
		if !isFailing(body) || isFor("outline")(body) {
			t.Errorf("after the retry another article, or a paid part, was asked for: %.300s", body)
		}
	}
	if state := d.step(t); state != workflow.ArticleCompleted {
		t.Errorf("got %s, want ARTICLE_COMPLETED", state)
	}
	d.audit(t)
}

func TestArticles_AllSkippedHaveNoResult(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{}, 2, false)
	d.step(t)
	for _, a := range d.articles(t) {
		_, err := d.engine.SkipUnit(context.Background(), d.who, engine.SkipUnitInput{UnitID: a.Unit.ID, Reason: "not now"})
		if err != nil {
			t.Fatal(err)
		}
	}
	if state := d.step(t); state != workflow.ArticleFailed {
		t.Errorf("every article was skipped: got %s, want ARTICLE_FAILED", state)
	}
	rows, err := d.engine.Transitions(context.Background(), d.who, engine.TransitionsInput{
		Workflows: []uuid.UUID{d.flow.ID}, After: d.flow.Version - 1, First: 1,
	})
	if err != nil || len(rows[d.flow.ID]) == 0 || failureOf(rows[d.flow.ID][0].Reason) != workflow.FailureNoResult {
		t.Errorf("got %+v, %v, want NO_RESULT", rows, err)
	}
	if sent := d.sent.Load(); sent != 0 {
		t.Errorf("got %d requests, want none", sent)
	}
}

func TestArticles_NoneApprovedStartNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newPlannedDesk(t, options{}, 2, false)
	in := engine.ApproveArticlePlanInput{
		WorkflowID: d.flow.ID, ExpectedVersion: d.flow.Version, Digest: make([]byte, 32),
	}
	if _, err := d.engine.ApproveArticlePlan(ctx, d.who, in); err == nil {
		t.Error("a plan without an approved article was approved")
	}
	off := workflow.GateOff
	admin := d.who
	admin.Role = caller.Admin
	if _, err := d.engine.SetGates(ctx, admin, engine.SetGatesInput{Plan: &off}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.engine.Transition(ctx, d.who, engine.TransitionInput{
		WorkflowID: d.flow.ID, From: workflow.ValidationCompleted, To: workflow.ArticlePending,
	}); err != nil {
		t.Fatal(err)
	}
	if state := d.step(t); state != workflow.ArticleFailed || len(d.articles(t)) > 0 || d.sent.Load() > 0 {
		t.Errorf("got %s with %d articles and %d requests, want ARTICLE_FAILED and nothing", state, len(d.articles(t)),
			d.sent.Load())
	}
}

func TestArticles_SkippedAndDoneComplete(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{}, 3, false)
	d.step(t)
	skipped := d.articles(t)[1]
	in := engine.SkipUnitInput{UnitID: skipped.Unit.ID, Reason: "covered elsewhere"}
	if _, err := d.engine.SkipUnit(context.Background(), d.who, in); err != nil {
		t.Fatal(err)
	}
	d.work(t)
	if state := d.step(t); state != workflow.ArticleCompleted {
		t.Errorf("got %s, want ARTICLE_COMPLETED", state)
	}
	for _, a := range d.articles(t) {
		if (a.Last == nil) != (a.ID == skipped.ID) {
			t.Errorf("%s: got the version %+v, %s", a.Unit.Label, a.Last, a.Unit.State)
		}
		if a.Last != nil && !a.Last.IsUnsourced() {
			t.Errorf("%s was written without any page: got the mode %s", a.Unit.Label, a.Last.Mode)
		}
	}
	d.audit(t)
}

var anchor = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

func TestArticles_InventNoAddress(t *testing.T) {
	t.Parallel()
	const seeds = 200
	const articles = 4
	d := newDesk(t, options{crawls: true, workflowLimit: 4 * cost.Dollar}, articles, true)
	d.sandbox.Always(sandbox.InventCitation())
	d.step(t)
	d.work(t)
	if state := d.step(t); state != workflow.ArticleCompleted {
		t.Fatalf("got %s, want ARTICLE_COMPLETED", state)
	}
	for _, a := range d.articles(t) {
		version, quotes := d.text(t, a)
		if !version.NeedsReview {
			t.Errorf("%s cites an invented source, and no person has to decide", a.Unit.Label)
		}
		checkAddresses(t, version.Markdown, quotes)
	}
	if findings, err := d.auditor.Verify(context.Background()); err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want every quote in its page", findings, err)
	}

	// The same rule for texts that a model may write: links in all forms, put together at random.
	pieces := []string{
		"A sentence [E1].", "[word](https://invented.example/a)", "![image](http://invented.example/b.png)", "[E99]",
		"<https://invented.example/c>", "https://invented.example/d", "www.invented.example", "[a][b]",
		"[b]: https://invented.example/e", "[a [b](https://invented.example/f)](https://invented.example/g)",
		"<a href='https://invented.example/h'>h</a>", "\n\n", "# Title", "---", "```", "[y](javascript:alert(1))",
		"[x](<https://invented.example/a b>)", "<mail@invented.example>", "[z]( https://invented.example/j 'q')", ">",
		"* ", "    ", "[E1](https://invented.example/k)", "[\n](https://invented.example/l)",
		"[m]:\nhttps://invented.example/m", "\\[n](https://invented.example/n)",
	}
	quotes := []content.Quote{{Number: 1, URL: "https://source.example/page", Title: "Source", Text: "A sentence."}}
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // Repeatable on purpose.
		var text strings.Builder
		for range 12 {
			text.WriteString(pieces[random.IntN(len(pieces))] + []string{"", " ", "\n"}[random.IntN(3)])
		}
		checkAddresses(t, content.SectionText(text.String()), quotes)
	}
}

// checkAddresses fails the test for an address in the HTML of a text that is no source of it.
func checkAddresses(t *testing.T, markdown string, quotes []content.Quote) {
	t.Helper()
	html := content.PublishedHTML(content.Written{Markdown: markdown, Language: "en", Quotes: quotes})
	for _, found := range anchor.FindAllStringSubmatch(html, -1) {
		address := strings.ReplaceAll(found[1], "&amp;", "&")
		is := func(q content.Quote) bool { return sameAddress(q.URL, address) }
		if !slices.ContainsFunc(quotes, is) {
			t.Errorf("the address %q is no source of the text %q", address, markdown)
		}
	}
	if strings.Contains(html, "invented.example") {
		t.Errorf("an invented address is left in %q", html)
	}
}

func sameAddress(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.String() == y.String()
}

func TestArticles_ResumeAfterAKillInSectionFour(t *testing.T) {
	t.Parallel()
	w := &wire{}
	var sections atomic.Int64
	paid := map[string]bool{} // the headings of the first three sections
	fourth := make(chan struct{}, 1)
	hang := make(chan struct{})
	var killed atomic.Bool
	w.refuses = func(body string) bool {
		if !isFor("section")(body) || killed.Load() {
			return false
		}
		if sections.Add(1) <= 3 {
			w.mu.Lock()
			defer w.mu.Unlock()
			paid[headingOf(body)] = true
			return false
		}
		select {
		case fourth <- struct{}{}:
		default:
		}
		<-hang // No answer ever comes to the process that is killed.
		return true
	}
	d := newDesk(t, options{intercept: w.intercept}, 1, false)
	t.Cleanup(func() { close(hang) }) // Before the server of the models closes.
	d.step(t)
	taken, err := d.engine.ClaimUnit(context.Background(), d.who, d.articles(t)[0].Unit.ID)
	if err != nil || taken.Unit == nil {
		t.Fatalf("claim: %+v, %v", taken, err)
	}
	worker := startChild(t, child{
		Database: d.db.URL,
		Models:   d.models,
		Search:   d.models, // It is not asked.
		Who:      d.who,
		Run:      taken.Unit.Run(),
		Unit:     taken.Unit,
	})
	select {
	case <-fourth:
	case <-time.After(time.Minute):
		t.Fatal("the fourth section was not asked for")
	}
	wait(t, "three sections to be kept", func() bool { return d.kept(t, "section") == 3 })
	killed.Store(true)
	if err := worker.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = worker.Wait()
	before := w.taken()

	d.later.Add(int64(time.Minute))
	if _, err := d.engine.SweepUnits(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.work(t)
	if state := d.step(t); state != workflow.ArticleCompleted {
		t.Fatalf("got %s, want ARTICLE_COMPLETED", state)
	}
	asked := map[string]int{}
	total := 0
	for _, body := range slices.Concat(before, w.taken()) {
		total++
		if isFor("section")(body) {
			asked[headingOf(body)]++
		}
	}
	again := 0
	for _, times := range asked {
		again += times - 1
	}
	// One outline, four sections, one edit.
	if len(asked) != 4 || again > 3 || total > 6+3 || d.kept(t, "section") != 4 {
		t.Errorf("got %d requests, sections %v, want each of the first three once and at most 3 repetitions", total, asked)
	}
	for heading, times := range asked {
		if times > 1 && paid[heading] {
			t.Errorf("the section %q was paid and asked for %d times", heading, times)
		}
	}
}

// headingOf returns the heading of the section that a request asks for.
func headingOf(body string) string {
	_, rest, _ := strings.Cut(body, `\"section\": {`)
	_, rest, _ = strings.Cut(rest, `\"heading\": \"`)
	heading, _, _ := strings.Cut(rest, `\"`)
	return heading
}

// kept counts the parts of a kind that the workflow's first article has.
func (d *desk) kept(t *testing.T, kind string) (count int) {
	t.Helper()
	parts, err := d.engine.ArticleParts(context.Background(), d.who, d.articles(t)[0].Article)
	if err != nil {
		t.Fatal(err)
	}
	for key := range parts {
		if strings.HasPrefix(key, kind+"/") {
			count++
		}
	}
	return count
}

func TestArticles_APersonsTextStays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, options{}, 1, false)
	d.step(t)
	d.work(t)
	a := d.articles(t)[0]
	version, _ := d.text(t, a)
	edited := version
	edited.Markdown, edited.Author, edited.BasedOn = "A person wrote this.", content.AuthorPerson, &version.Revision
	edited.CreatedAt = time.Now()
	if _, written, err := d.db.Store().AddArticleVersion(context.Background(), d.who, edited); err != nil || !written {
		t.Fatalf("edit: %t, %v", written, err)
	}
	in := engine.ReopenUnitInput{UnitID: a.Unit.ID, Reason: "once more"}
	if _, err := d.engine.ReopenUnit(context.Background(), d.who, in); err != nil {
		t.Fatal(err)
	}
	d.work(t)
	after, _ := d.text(t, d.articles(t)[0])
	if after.Revision != 2 || after.Markdown != edited.Markdown {
		t.Errorf("got revision %d by %s, want the person's text to stay the last one", after.Revision, after.Author)
	}
	if state := d.articles(t)[0].Unit.State; state != workflow.UnitDone {
		t.Errorf("got %s, want DONE", state)
	}
}
