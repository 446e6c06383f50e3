package web_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

func TestPublications_AreFilesForReaders(t *testing.T) {
	t.Parallel()
	own, organization := uuid.New(), uuid.New()
	b := setup(t, func(o *web.Options) {
		o.Publication = func(_ context.Context, who caller.Caller, id uuid.UUID) ([]byte, error) {
			if id != own || who.OrganizationID != organization {
				return nil, fault.New(fault.NotFound, "There is no such file.")
			}
			return []byte("# Title\n"), nil
		}
	})
	token := b.tokenOf(t, caller.Viewer, organization)
	got := b.get("/publications/pub_"+own.String()+".md", "Authorization", token)
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK || string(body) != "# Title\n" ||
		got.Header.Get("Content-Type") != "text/markdown; charset=utf-8" {
		t.Errorf("got %d %q of type %q, %v", got.StatusCode, body, got.Header.Get("Content-Type"), err)
	}
	for path, want := range map[string]int{
		"/publications/pub_" + uuid.NewString() + ".md": http.StatusNotFound,
		"/publications/pub_" + own.String():             http.StatusNotFound,
		"/publications/wf_" + own.String() + ".md":      http.StatusNotFound,
	} {
		if got := b.get(path, "Authorization", token); got.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, got.StatusCode, want)
		}
	}
	if got := b.get("/publications/pub_" + own.String() + ".md"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: got %d, want 401", got.StatusCode)
	}
}
