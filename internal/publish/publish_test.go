package publish_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
)

// site is what both clients do, and how a person edits a post on the site.
type site struct {
	client interface {
		Look(ctx context.Context, p publish.Post) (publish.Sighting, error)
		Draft(ctx context.Context, p publish.Post) (publish.Remote, error)
		Get(ctx context.Context, id, marker string) (publish.Remote, error)
		Publish(ctx context.Context, id, marker string, at *time.Time) (publish.Remote, error)
		Unpublish(ctx context.Context, id, marker string) (publish.Remote, error)
		Update(ctx context.Context, c publish.Change) (publish.Remote, error)
		Trash(ctx context.Context, id string) error
	}
	// next queues injections; nil on a real site.
	next func(...sandbox.Injection)
}

// sites returns the clients of the sandboxes, and of the real WordPress that TEST_WORDPRESS, TEST_WORDPRESS_USER and
// TEST_WORDPRESS_PASSWORD name.
func sites(t *testing.T) map[string]site {
	t.Helper()
	all := map[string]site{}
	wordPress := sandbox.NewWordPress(sandbox.Options{})
	server := httptest.NewServer(wordPress)
	t.Cleanup(server.Close)
	all["WordPress"] = site{checked(t, server.URL, sandbox.Login, sandbox.Password), wordPress.Next}

	ghost := sandbox.NewGhost(sandbox.Options{})
	other := httptest.NewServer(ghost)
	t.Cleanup(other.Close)
	client, err := publish.NewGhost(publish.GhostOptions{
		Client: publish.NewHTTP(true, nil),
		Site:   other.URL + "/",
		Key:    sandbox.GhostKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := client.Check(t.Context()); err != nil || got.Name != sandbox.Title || !got.CanPublish {
		t.Fatalf("check Ghost: got %+v, %v", got, err)
	}
	all["Ghost"] = site{client, ghost.Next}

	if address := os.Getenv("TEST_WORDPRESS"); address != "" {
		user, password := os.Getenv("TEST_WORDPRESS_USER"), os.Getenv("TEST_WORDPRESS_PASSWORD")
		all["RealWordPress"] = site{checked(t, address, user, password), nil}
	}
	return all
}

func checked(t *testing.T, address, user, password string) *publish.WordPress {
	t.Helper()
	o := publish.WordPressOptions{Client: publish.NewHTTP(true, nil), User: user, Password: password}
	found, err := publish.CheckWordPress(t.Context(), address, o)
	if err != nil || !found.CanPublish || found.Root == "" {
		t.Fatalf("check %s: got %+v, %v", address, found, err)
	}
	o.Root = found.Root
	return publish.NewWordPress(o)
}

// eachSite runs a test on every site.
func eachSite(t *testing.T, run func(t *testing.T, s site)) {
	t.Helper()
	for name, s := range sites(t) {
		t.Run(name, func(t *testing.T) { run(t, s) })
	}
}

func post() publish.Post {
	marker := uuid.NewString()
	return publish.Post{
		Marker:   marker,
		Revision: 1,
		Slug:     "crm-" + marker[:8],
		Title:    "CRM für Handwerker & “Profis”",
		HTML:     "<h2>Überblick</h2>\n<p>Ein Satz mit 100 % &amp; mehr.</p>\n<pre><code>a &lt; b</code></pre>",
		Excerpt:  "Kurz.",
		Tags:     []string{"CRM", "Handwerk " + marker[:4]},
	}
}

// class returns the class of an error of the package, and whether the change may have been made.
func class(err error) (publish.Class, bool) {
	var failed *publish.Error
	if !errors.As(err, &failed) {
		return "", false
	}
	return failed.Class, failed.Applied
}

func TestSite_ADraftIsFoundByItsMarkerAndPublishedByItsID(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s site) {
		ctx, p := t.Context(), post()
		if seen, err := s.client.Look(ctx, p); err != nil || len(seen.Marked) != 0 || seen.SlugTaken {
			t.Fatalf("look before: got %+v, %v, want nothing", seen, err)
		}
		draft, err := s.client.Draft(ctx, p)
		if err != nil || draft.State != publish.Draft || !draft.Marked {
			t.Fatalf("draft: got %+v, %v", draft, err)
		}
		seen, err := s.client.Look(ctx, p)
		if err != nil || len(seen.Marked) != 1 || seen.Marked[0].ID != draft.ID || seen.SlugTaken {
			t.Fatalf("look: got %+v, %v, want the draft %s", seen, err, draft.ID)
		}
		for range 3 {
			live, err := s.client.Publish(ctx, draft.ID, p.Marker, nil)
			if err != nil || live.State != publish.Live || live.ID != draft.ID || live.Slug != p.Slug {
				t.Fatalf("publish: got %+v, %v", live, err)
			}
		}
		got, err := s.client.Get(ctx, draft.ID, p.Marker)
		if err != nil || got.State != publish.Live || !got.Marked || got.SHA256 != draft.SHA256 || got.URL == "" {
			t.Errorf("get: got %+v, %v, want the content of the draft %+v", got, err, draft)
		}
		if back, err := s.client.Unpublish(ctx, draft.ID, p.Marker); err != nil || back.State != publish.Draft {
			t.Errorf("unpublish: got %+v, %v", back, err)
		}
		at := time.Now().Add(48 * time.Hour)
		if later, err := s.client.Publish(ctx, draft.ID, p.Marker, &at); err != nil || later.State != publish.Scheduled {
			t.Errorf("schedule: got %+v, %v", later, err)
		}
	})
}

func TestSite_AnEditOnTheSiteIsAConflict(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s site) {
		ctx, p := t.Context(), post()
		draft, err := s.client.Draft(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		live, err := s.client.Publish(ctx, draft.ID, p.Marker, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.HTML, p.Revision = "<p>By the engine.</p>", 2
		second, err := s.client.Update(ctx, publish.Change{From: live, Post: p})
		if err != nil || second.Same(live) || !second.Marked || second.State != publish.Live || second.Revision != 2 {
			t.Fatalf("update: got %+v, %v, want another content of %+v", second, err, live)
		}
		// A change that the caller has not seen stands for a person's: the site makes no difference.
		stale := p
		stale.HTML = "<p>Late.</p>"
		_, err = s.client.Update(ctx, publish.Change{From: live, Post: stale})
		if got, applied := class(err); got != publish.RemoteConflict || applied {
			t.Errorf("update of an old post: got %v, want REMOTE_CONFLICT and no change", err)
		}
		if now, err := s.client.Get(ctx, live.ID, p.Marker); err != nil || !now.Same(second) {
			t.Errorf("after the conflict: got %+v, %v, want %+v", now, err, second)
		}
		forced, err := s.client.Update(ctx, publish.Change{From: live, Post: stale, Overwrite: true})
		if err != nil || forced.Same(second) {
			t.Errorf("overwrite: got %+v, %v", forced, err)
		}
	})
}

func TestSite_APostThatIsGoneIsAConflict(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s site) {
		ctx, p := t.Context(), post()
		draft, err := s.client.Draft(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.client.Trash(ctx, draft.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.client.Update(ctx, publish.Change{From: draft, Post: p})
		if got, _ := class(err); got != publish.RemoteConflict {
			t.Errorf("update: got %v, want REMOTE_CONFLICT", err)
		}
		seen, err := s.client.Look(ctx, p)
		if err != nil || len(seen.Marked) > 1 || len(seen.Marked) == 1 && seen.Marked[0].State != publish.Trashed {
			t.Errorf("look: got %+v, %v, want at most a trashed post", seen, err)
		}
	})
}

func TestSite_ASlugOfAnotherPostIsSeen(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s site) {
		ctx, p := t.Context(), post()
		if _, err := s.client.Draft(ctx, p); err != nil {
			t.Fatal(err)
		}
		other := post()
		other.Slug = p.Slug
		if seen, err := s.client.Look(ctx, other); err != nil || len(seen.Marked) != 0 || !seen.SlugTaken {
			t.Errorf("got %+v, %v, want a taken slug and no post", seen, err)
		}
	})
}

func TestSite_ParallelTermsAreOne(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s site) {
		var group sync.WaitGroup
		tag := "Tag " + uuid.NewString()
		for range 5 {
			group.Go(func() {
				p := post()
				p.Tags = []string{tag}
				if _, err := s.client.Draft(t.Context(), p); err != nil {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
	})
}

// A failed change says whether the site may have made it: only then a look is needed.
func TestSite_AFailureSaysWhetherItMayHaveHappened(t *testing.T) {
	t.Parallel()
	for injection, want := range map[sandbox.Injection]struct {
		class   publish.Class
		applied bool
		posts   int
	}{
		sandbox.LoseAnswer:  {publish.Network, true, 1},
		sandbox.LoseRequest: {publish.Network, true, 0},
		sandbox.ErrorAfter:  {publish.ProviderUnavailable, true, 1},
		sandbox.ErrorBefore: {publish.ProviderUnavailable, true, 0},
		sandbox.Throttle:    {publish.RateLimited, false, 0},
		sandbox.Firewall:    {publish.Blocked, false, 0},
		sandbox.Notice:      {"", false, 1},
	} {
		t.Run(string(injection), func(t *testing.T) {
			t.Parallel()
			eachSite(t, func(t *testing.T, s site) {
				if s.next == nil {
					t.Skip("a real site takes no injection")
				}
				p := post()
				p.Tags = nil // Each tag is a change of its own.
				s.next(injection)
				_, err := s.client.Draft(t.Context(), p)
				if got, applied := class(err); got != want.class || applied != want.applied {
					t.Errorf("got %v, applied %t, want %s, %t", err, applied, want.class, want.applied)
				}
				seen, err := s.client.Look(t.Context(), p)
				if err != nil || len(seen.Marked) != want.posts {
					t.Errorf("look: got %+v, %v, want %d posts", seen, err, want.posts)
				}
			})
		})
	}
}

func TestSite_NothingIsSentToAPrivateAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request arrived")
	}))
	defer server.Close()
	o := publish.WordPressOptions{Client: publish.NewHTTP(false, nil), User: "a", Password: "b"}
	for _, address := range []string{server.URL, strings.Replace(server.URL, "http:", "https:", 1)} {
		_, err := publish.CheckWordPress(t.Context(), address, o)
		if got, applied := class(err); got != publish.Blocked || applied {
			t.Errorf("%s: got %v, want BLOCKED", address, err)
		}
	}
}

func TestCheckWordPress(t *testing.T) {
	t.Parallel()
	api := sandbox.NewWordPress(sandbox.Options{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/moved"):
			http.Redirect(w, r, "https://example.com/", http.StatusMovedPermanently)
		case strings.HasPrefix(r.URL.Path, "/elsewhere"):
			w.Header().Set("Link", `<https://example.com/wp-json/>; rel="https://api.w.org/"`)
		case strings.HasPrefix(r.URL.Path, "/blocked"):
			http.Error(w, "<html>blocked</html>", http.StatusForbidden)
		default:
			api.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		path, password, want string
		class                publish.Class
	}{
		"AWrongPassword":  {"", "Guessed", "application password is wrong", publish.Auth},
		"ARedirect":       {"/moved", sandbox.Password, "https://example.com/", publish.InvalidRequest},
		"AnAPIElsewhere":  {"/elsewhere", sandbox.Password, "another host", publish.InvalidRequest},
		"AFirewall":       {"/blocked", sandbox.Password, "firewall", publish.Blocked},
		"AnUnreadableOne": {"/\x7f", sandbox.Password, "cannot be read", publish.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := publish.CheckWordPress(t.Context(), server.URL+c.path, publish.WordPressOptions{
				Client:   publish.NewHTTP(true, nil),
				User:     sandbox.Login,
				Password: c.password,
			})
			got, applied := class(err)
			if got != c.class || applied || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s with %q", err, c.class, c.want)
			}
			if err != nil && strings.Contains(err.Error(), c.password) {
				t.Errorf("got %v, want an error without the password", err)
			}
		})
	}
}

func TestGhost_AnUnusableKeyIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "Guessed", "id:", ":00ff", "id:Guessed"} {
		_, err := publish.NewGhost(publish.GhostOptions{Key: key})
		if got, _ := class(err); got != publish.Auth || strings.Contains(err.Error(), "Guessed") {
			t.Errorf("%q: got %v, want AUTH", key, err)
		}
	}
}

func TestGhost_TheBodyIsNotEmpty(t *testing.T) {
	t.Parallel()
	ghost := sandbox.NewGhost(sandbox.Options{})
	server := httptest.NewServer(ghost)
	defer server.Close()
	client, err := publish.NewGhost(publish.GhostOptions{
		Client: publish.NewHTTP(true, nil),
		Site:   server.URL,
		Key:    sandbox.GhostKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := post()
	if _, err := client.Draft(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if got := ghost.Posts()[0].Content; !strings.HasPrefix(got, p.HTML) {
		t.Errorf("got %q, want it to begin with %q", got, p.HTML)
	}
}
