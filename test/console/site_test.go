package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/publish/sandbox"
)

// site serves a WordPress of the sandbox and returns its address. On an edited one a person changes every draft before
// the program has the answer to it.
func site(t *testing.T, edited bool) string {
	t.Helper()
	wordPress := sandbox.NewWordPress(sandbox.Options{Control: true})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !edited || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/wp/v2/posts") {
			wordPress.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		wordPress.ServeHTTP(answer, r)
		for _, post := range wordPress.Posts() {
			if post.Edits == 0 {
				wordPress.Edit(post.ID, post.Content+"<p>An editor of the site wrote this.</p>")
			}
		}
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // An error means that the program has gone.
	}))
	t.Cleanup(server.Close)
	return server.URL
}
