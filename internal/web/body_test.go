package web_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

// unsized hides the length of a body, as a chunked request does.
type unsized struct{ io.Reader }

func TestLimitBody_PassesTheLimitAndNotOneByteMore(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	for name, c := range map[string]struct{ limit, effective int }{
		"Default": {0, 256 << 10},
		"Own":     {100, 100},
	} {
		for _, length := range []string{"Known", "Unknown"} {
			t.Run(name+length, func(t *testing.T) {
				t.Parallel()
				b := setup(t, func(o *web.Options) { o.GraphQL, o.MaxBodyBytes = echo, int64(c.limit) })
				send := func(size int) *http.Response {
					var body io.Reader = strings.NewReader(strings.Repeat("x", size))
					if length == "Unknown" {
						body = unsized{body}
					}
					r := httptest.NewRequest(http.MethodPost, "/graphql", body)
					return b.do(r, "Authorization", "Bearer "+b.token)
				}
				if r := send(c.effective); r.StatusCode != http.StatusOK || len(text(t, r)) != c.effective {
					t.Errorf("at the limit: got %d, want 200 and the whole body", r.StatusCode)
				}
				r := send(c.effective + 1)
				if got := r.Header.Get("Connection"); got != "close" {
					t.Errorf("Connection: got %q, want close", got)
				}
				wantRefusal(t, r, http.StatusRequestEntityTooLarge, fault.BodyTooLarge)
			})
		}
	}
}

func TestLimitBody_ReadsNoBodyWithoutAToken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	r := httptest.NewRequest(http.MethodPost, "/graphql", iotest.ErrReader(errors.New("the body was read")))
	wantRefusal(t, b.do(r), http.StatusUnauthorized, fault.Unauthenticated)
}

func TestLimitBody_ABrokenBodyIsABadRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.GraphQL = never(t) })
	r := httptest.NewRequest(http.MethodPost, "/graphql", iotest.ErrReader(io.ErrUnexpectedEOF))
	wantRefusal(t, b.do(r, "Authorization", "Bearer "+b.token), http.StatusBadRequest, fault.InvalidInput)
}
