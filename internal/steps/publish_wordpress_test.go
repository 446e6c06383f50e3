package steps_test

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// realSite returns the WordPress that TEST_WORDPRESS, TEST_WORDPRESS_USER and TEST_WORDPRESS_PASSWORD name, and a
// target on it. `make wordpress` sets one up.
func realSite(t *testing.T) (*publish.WordPress, postgres.PublishTarget) {
	t.Helper()
	site := os.Getenv("TEST_WORDPRESS")
	if site == "" {
		t.Skip("TEST_WORDPRESS names no site: make wordpress")
	}
	o := publish.WordPressOptions{
		Client:   publish.NewHTTP(true, nil),
		User:     os.Getenv("TEST_WORDPRESS_USER"),
		Password: os.Getenv("TEST_WORDPRESS_PASSWORD"),
	}
	found, err := publish.CheckWordPress(t.Context(), site, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Root = found.Root
	return publish.NewWordPress(o), postgres.PublishTarget{
		Kind:     workflow.TargetWordPress,
		BaseURL:  site,
		Username: o.User,
		TargetVersion: postgres.TargetVersion{
			State: workflow.TargetReady, Secret: []byte(o.Password), APIRoot: o.Root, SiteName: found.Name,
		},
	}
}

// proxy stands between the engine and a site. It loses the answers of the requests whose numbers at a point are listed;
// the site has worked on them.
type proxy struct {
	site   http.Handler
	mu     sync.Mutex
	lost   map[string][]int
	seen   map[string]int
	public map[string]bool // the paths of posts that were asked to be public
	// before and after are called around each request, with its number at its point; they may be nil.
	before, after func(point string, n int)
}

// behind puts a proxy before a site. It returns the target as it is behind the proxy.
func (p *proxy) behind(t *testing.T, target postgres.PublishTarget) postgres.PublishTarget {
	t.Helper()
	to, err := url.Parse(target.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	p.site = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	p.seen, p.public = map[string]int{}, map[string]bool{}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	target.APIRoot = strings.Replace(target.APIRoot, target.BaseURL, server.URL, 1)
	target.BaseURL = server.URL
	return target
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	point, n, lose := p.count(r)
	if p.before != nil {
		p.before(point, n)
	}
	answer := httptest.NewRecorder()
	// The site goes on when the client has gone.
	p.site.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
	if p.after != nil {
		p.after(point, n)
	}
	if lose {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// count names the point of a request and its number there, and reports whether its answer is lost.
func (p *proxy) count(r *http.Request) (point string, n int, lose bool) {
	path := cmp.Or(r.URL.Query().Get("rest_route"), r.URL.Path)
	_, id, posts := strings.Cut(path, "/wp/v2/posts")
	one := strings.Trim(id, "/") != ""
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !posts:
	case r.Method == http.MethodPost && !one:
		point = "Draft"
	case r.Method == http.MethodPost:
		point, p.public[path] = "Publish", true
	case p.public[path]:
		point = "Verify"
	case one:
		point = "Get"
	default:
		point = "Look"
	}
	p.seen[point]++
	return point, p.seen[point], slices.Contains(p.lost[point], p.seen[point])
}

// Twenty workers publish ten articles to one WordPress. One is killed in the middle of a draft, and a proxy loses
// answers at five points. Each article has one public post, and no draft is left over.
func TestRealWordPress_TwentyPublishersMakeTenPosts(t *testing.T) {
	t.Parallel()
	const articles = 10
	site, target := realSite(t)
	killed, kill := context.WithCancelCause(t.Context())
	between := &proxy{
		lost: map[string][]int{"Look": {4, 9}, "Draft": {1, 5, 6}, "Get": {2, 6}, "Publish": {3, 7}, "Verify": {2, 5}},
		before: func(point string, n int) {
			if point == "Draft" && n == 1 { // The site has the request, and works on it.
				time.AfterFunc(20*time.Millisecond, func() { kill(steps.ErrShutdown) })
			}
		},
	}
	p := newPressOf(t, pressOptions{
		targets:  []postgres.PublishTarget{between.behind(t, target)},
		articles: articles,
		looks:    []time.Duration{0, 200 * time.Millisecond, time.Second, 3 * time.Second},
	})
	p.pass(t)
	units := p.all(t)
	taken, err := p.engine.ClaimUnit(t.Context(), p.who, units[0].ID)
	if err != nil || taken.Unit == nil || len(units) != articles {
		t.Fatalf("claim one of %d: got %+v, %v", len(units), taken, err)
	}
	if err := p.units.RunUnit(killed, p.who, taken.Workflow, *taken.Unit); err != nil {
		t.Fatal(err)
	}
	if killed.Err() == nil {
		t.Fatal("the worker was not killed in the middle of its draft")
	}
	var group sync.WaitGroup
	for worker := range 20 {
		group.Go(func() { p.workAll(t, worker) })
	}
	group.Wait()
	p.tryAgain(t)
	for point, numbers := range between.lost {
		if last := slices.Max(numbers); between.seen[point] < last {
			t.Errorf("%s: got %d requests, so the answer %d was not lost", point, between.seen[point], last)
		}
	}
	public, slugs := 0, map[string]bool{}
	for _, publication := range p.publications(t) {
		seen, err := site.Look(t.Context(), publish.Post{Marker: publication.ID.String(), Slug: "none"})
		live, drafts := 0, 0
		for _, post := range seen.Marked {
			switch post.State {
			case publish.Live:
				live++
				slugs[post.Slug] = true
			case publish.Draft:
				drafts++
			}
		}
		if err != nil || live != 1 || drafts != 0 || publication.State != workflow.PublicationLive {
			t.Errorf("%s %s: got %d public posts and %d drafts, %v, want one and none: %+v",
				publication.State, publication.FailureMessage, live, drafts, err, seen.Marked)
		}
		public += live
	}
	if public != articles || len(slugs) != articles {
		t.Errorf("got %d public posts with %d slugs, want %d", public, len(slugs), articles)
	}
	p.pass(t)
	if state := p.state(t); state != workflow.Completed {
		t.Errorf("got %s, want COMPLETED", state)
	}
	p.sound(t)
}

// workAll makes attempts at all units until each has ended. Many workers do so at once, each in an order of its own.
func (p *press) workAll(t *testing.T, worker int) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		units, open := p.all(t), false
		for i := range units {
			unit := units[(i+worker)%len(units)]
			open = open || unit.State.IsOpen()
			if unit.State != workflow.UnitPending {
				continue
			}
			taken, err := p.engine.ClaimUnit(t.Context(), p.who, unit.ID)
			if err != nil {
				t.Error(err)
				return
			}
			if taken.Unit == nil {
				continue
			}
			if err := p.units.RunUnit(t.Context(), p.who, taken.Workflow, *taken.Unit); err != nil {
				t.Error(err)
				return
			}
		}
		if !open {
			return
		}
	}
	t.Error("the units do not end")
}

// tryAgain does what a person does with units whose attempts are used up, because one article met several lost answers.
func (p *press) tryAgain(t *testing.T) {
	t.Helper()
	for _, unit := range p.all(t) {
		if unit.State != workflow.UnitFailed {
			continue
		}
		if unit.Failure != workflow.FailureNetwork {
			t.Errorf("unit %s: got %+v, want NETWORK", unit.Label, unit.Failure)
		}
		_, err := p.engine.ReopenUnit(t.Context(), p.who, engine.ReopenUnitInput{UnitID: unit.ID})
		if err != nil {
			t.Fatal(err)
		}
		p.work(t, unit.ID)
	}
}

// A person edits the draft in WordPress before it is public.
func TestRealWordPress_AnEditIsFound(t *testing.T) {
	t.Parallel()
	site, target := realSite(t)
	var id string
	between := &proxy{after: func(point string, _ int) {
		if point != "Draft" {
			return
		}
		seen, err := site.Look(t.Context(), publish.Post{Marker: id, Slug: "none"})
		if err != nil || len(seen.Marked) != 1 {
			t.Errorf("look: got %+v, %v, want the draft", seen, err)
			return
		}
		_, err = site.Update(t.Context(), publish.Change{From: seen.Marked[0], Post: publish.Post{
			Marker: id, Revision: 1, Title: "By a person", HTML: "<p>Written by a person.</p>",
		}})
		if err != nil {
			t.Errorf("edit: %v", err)
		}
	}}
	p := newPressOf(t, pressOptions{targets: []postgres.PublishTarget{between.behind(t, target)}})
	p.pass(t)
	id = p.publications(t)[0].ID.String()
	p.work(t, p.all(t)[0].ID)
	got := p.publications(t)[0]
	if got.State != workflow.PublicationNeedsDecision || got.Failure != workflow.FailureRemoteConflict {
		t.Errorf("got %s, %s, want NEEDS_DECISION, REMOTE_CONFLICT", got.State, got.Failure)
	}
	seen, err := site.Look(t.Context(), publish.Post{Marker: id, Slug: "none"})
	if err != nil || len(seen.Marked) != 1 || seen.Marked[0].State != publish.Draft {
		t.Errorf("got %+v, %v, want the person's draft", seen, err)
	}
}
