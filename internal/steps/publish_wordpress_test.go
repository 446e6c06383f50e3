package steps_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// realSite returns the WordPress that TEST_WORDPRESS, TEST_WORDPRESS_USER and TEST_WORDPRESS_PASSWORD name, and n
// targets on it. `make wordpress` sets one up.
func realSite(t *testing.T, n int) (*publish.WordPress, []postgres.PublishTarget) {
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
	var targets []postgres.PublishTarget
	for range n {
		targets = append(targets, postgres.PublishTarget{
			Kind:     workflow.TargetWordPress,
			BaseURL:  site,
			Username: o.User,
			TargetVersion: postgres.TargetVersion{
				State: workflow.TargetReady, Secret: []byte(o.Password), APIRoot: o.Root, SiteName: found.Name,
			},
		})
	}
	return publish.NewWordPress(o), targets
}

// pointOf names the request of an attempt.
func pointOf(r *http.Request) string {
	path, query := r.URL.Path, r.URL.Query()
	if route := query.Get("rest_route"); route != "" {
		path = route
	}
	_, id, posts := strings.Cut(path, "/wp/v2/posts")
	switch {
	case !posts:
		return ""
	case r.Method == http.MethodPost && strings.Trim(id, "/") == "":
		return "Draft"
	case r.Method == http.MethodPost:
		return "Publish"
	case strings.Trim(id, "/") != "":
		return "Get"
	}
	return "Look"
}

// dropping loses the answers of the requests whose numbers at a point are listed; the site has worked on them.
type dropping struct {
	next  http.RoundTripper
	mu    sync.Mutex
	lost  map[string][]int
	seen  map[string]int
	after func(point string, n int)
}

func (d *dropping) RoundTrip(r *http.Request) (*http.Response, error) {
	point := pointOf(r)
	d.mu.Lock()
	d.seen[point]++
	n, lose := d.seen[point], false
	for _, number := range d.lost[point] {
		lose = lose || number == n
	}
	d.mu.Unlock()
	answer, err := d.next.RoundTrip(r)
	if d.after != nil {
		d.after(point, n)
	}
	if err == nil && lose {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("the answer at %s was dropped", point)
	}
	return answer, err
}

// Twenty workers publish ten publications to a real WordPress. One is killed in the middle of a draft, and answers are
// lost at five points. Each publication has one public post, and no draft is left over.
func TestRealWordPress_TwentyPublishersMakeTenPosts(t *testing.T) {
	t.Parallel()
	site, targets := realSite(t, 10)
	p := newPressOf(t, targets)
	killed, kill := context.WithCancelCause(t.Context())
	p.client.Transport = &dropping{
		next: p.net.next,
		lost: map[string][]int{"Look": {4}, "Draft": {1, 5}, "Get": {2, 13}, "Publish": {3, 7}},
		seen: map[string]int{},
		after: func(point string, n int) {
			if point == "Draft" && n == 1 {
				kill(steps.ErrShutdown)
			}
		},
	}
	p.pass(t)
	units := p.all(t)
	taken, err := p.engine.ClaimUnit(t.Context(), p.who, units[0].ID)
	if err != nil || taken.Unit == nil {
		t.Fatalf("claim: got %+v, %v", taken, err)
	}
	if err := p.units.RunUnit(killed, p.who, taken.Workflow, *taken.Unit); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for worker := range 20 {
		group.Go(func() {
			for i := range units {
				p.work(t, units[(i+worker)%len(units)].ID)
			}
		})
	}
	group.Wait()
	for _, publication := range p.publications(t) {
		seen, err := site.Look(t.Context(), publish.Post{Marker: publication.ID.String(), Slug: "none"})
		public, drafts := 0, 0
		for _, post := range seen.Marked {
			switch post.State {
			case publish.Live:
				public++
			case publish.Draft:
				drafts++
			}
		}
		if err != nil || public != 1 || drafts != 0 || publication.State != workflow.PublicationLive {
			t.Errorf("%s %s: got %d public posts and %d drafts, %v, want one and none: %+v",
				publication.State, publication.FailureMessage, public, drafts, err, seen.Marked)
		}
	}
	p.sound(t)
}

// A person edits the draft in WordPress before it is public.
func TestRealWordPress_AnEditIsFound(t *testing.T) {
	t.Parallel()
	site, targets := realSite(t, 1)
	p := newPressOf(t, targets)
	p.pass(t)
	id := p.publications(t)[0].ID.String()
	p.client.Transport = &dropping{
		next: p.net.next,
		seen: map[string]int{},
		after: func(point string, _ int) {
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
		},
	}
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
