package publish_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
)

// Title and excerpt are plain text, but HTML for WordPress, which lets editors write scripts in both. A text in
// brackets is no call of a plugin.
func TestWordPress_RunsNothingOfAPost(t *testing.T) {
	t.Parallel()
	p := post()
	p.Title = `<script>alert(1)</script> R&D [gallery] <img src=x onerror="alert(1)">`
	p.Excerpt = "<script>alert(2)</script>[gallery]"
	p.HTML = "<p>[gallery ids=1] and [E9]</p>"
	for name, s := range sites(t) {
		if name == "Ghost" {
			continue // Its titles are plain text.
		}
		draft, err := s.client.Draft(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "[", "&#91;", "]", "&#93;").Replace(p.Title)
		if draft.Title != want {
			t.Errorf("%s: got the title %q, want %q", name, draft.Title, want)
		}
		live, err := s.client.Publish(t.Context(), draft.ID, p.Marker, nil)
		if err != nil {
			t.Fatal(err)
		}
		if name == "WordPress" {
			continue // The sandbox has no pages.
		}
		page, err := http.Get(live.URL) //nolint:gosec,noctx // The site of the test.
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(page.Body)
		_ = page.Body.Close()
		text := string(body)
		if err != nil || strings.Contains(text, "<script>alert") || strings.Contains(text, "<img src=x") ||
			!strings.Contains(text, "gallery ids=1") {
			t.Errorf("%s: the page has a script or no text in brackets: %v\n%s", name, err, text)
		}
	}
}

// A site may quote the login in its answer.
func TestSite_AMessageHasNoSecret(t *testing.T) {
	t.Parallel()
	const password = "abcd EFGH ijkl"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		quoted := r.Header.Get("Authorization")
		if _, _, wordPress := r.BasicAuth(); wordPress {
			quoted += " " + password + " abcdEFGHijkl"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"code": "rest_bad", "message": quoted, "errors": []any{map[string]any{"message": quoted, "type": "BadRequest"}},
		})
	}))
	t.Cleanup(server.Close)
	wordPress := publish.NewWordPress(publish.WordPressOptions{
		Client:   publish.NewHTTP(true, nil),
		Root:     server.URL,
		User:     "editor",
		Password: password,
	})
	ghost, err := publish.NewGhost(publish.GhostOptions{
		Client: publish.NewHTTP(true, nil),
		Site:   server.URL + "/",
		Key:    sandbox.GhostKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"WordPress": func() error { _, err := wordPress.Get(t.Context(), "1", "m"); return err }(),
		"Ghost":     func() error { _, err := ghost.Get(t.Context(), "1", "m"); return err }(),
	} {
		var failed *publish.Error
		if !errors.As(err, &failed) || !strings.Contains(failed.Message, "…") {
			t.Errorf("%s: got %v, want a message with what was taken out", name, err)
			continue
		}
		for _, secret := range []string{password, "abcdEFGHijkl", "ZWRpdG9y", "eyJ"} {
			if strings.Contains(failed.Message, secret) {
				t.Errorf("%s: the message %q has %q", name, failed.Message, secret)
			}
		}
	}
}

// A site may quote the login in its own name.
func TestCheckWordPress_ANameHasNoSecret(t *testing.T) {
	t.Parallel()
	const password = "abcd EFGH ijkl"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"name":         "Blog " + r.Header.Get("Authorization") + " " + password,
			"capabilities": map[string]bool{"publish_posts": true},
		})
	}))
	t.Cleanup(server.Close)
	got, err := publish.CheckWordPress(t.Context(), server.URL, publish.WordPressOptions{
		Client:   publish.NewHTTP(true, nil),
		User:     "editor",
		Password: password,
	})
	if err != nil || got.Name != "Blog Basic … …" || got.User != got.Name {
		t.Errorf("got %+v, %v, want names without the login", got, err)
	}
}
