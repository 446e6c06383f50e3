package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fair"
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

func TestLimitBody_AnswersHalfABodyWithoutATokenAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(setup(t, nil))
	defer server.Close()
	for name, head := range map[string]string{
		"no token":  "",
		"websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\n",
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute)) // The server itself has no deadline here.
		_, _ = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"+head+
			"Content-Length: 200000\r\n\r\n{")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 40") {
			t.Errorf("%s: got %.40q, %v, want a refusal and a closed connection", name, answer, err)
		}
		_ = conn.Close()
	}
}

func TestLimitBody_LimitsTheBodiesOfAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.MaxBodyBytes = 5 << 20 })
	begun, rest := make(chan struct{}), make(chan struct{})
	ended := make(chan int)
	send := func(body io.Reader) int {
		r := httptest.NewRequest(http.MethodPost, "/graphql", unsized{body})
		return b.do(r, "Authorization", "Bearer "+b.token).StatusCode
	}
	go func() { ended <- send(&halted{begun: begun, rest: rest}) }()
	<-begun
	if got := send(strings.NewReader("{}")); got != http.StatusTooManyRequests {
		t.Errorf("a second body beyond 8 MiB: got %d, want 429", got)
	}
	close(rest)
	if got := <-ended; got != http.StatusOK {
		t.Errorf("the first body: got %d, want 200", got)
	}
}

// halted is an empty body that comes to its end when the test permits it.
type halted struct{ begun, rest chan struct{} }

func (h *halted) Read([]byte) (int, error) {
	close(h.begun)
	<-h.rest
	return 0, io.EOF
}

func TestEnter_CountsARequestUntilItsAnswer(t *testing.T) {
	t.Parallel()
	var full bool
	left := 0
	b := setup(t, func(o *web.Options) {
		o.SignIn.Enter = func(ctx context.Context) (context.Context, func(), error) {
			if full {
				return ctx, nil, &fair.CrowdedError{}
			}
			return ctx, func() { left++ }, nil
		}
	})
	send := func() *http.Response {
		return b.do(httptest.NewRequest(http.MethodPost, "/graphql", nil), "Authorization", "Bearer "+b.token)
	}
	if r := send(); r.StatusCode != http.StatusOK || left != 1 {
		t.Errorf("got %d, left %d times, want 200 and once", r.StatusCode, left)
	}
	full = true
	r := send()
	if got := r.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: got %q, want 1", got)
	}
	wantRefusal(t, r, http.StatusTooManyRequests, fault.RateLimited)
}

// Only the handler of WebSockets counts them itself.
func TestEnter_CountsAnExportThatAsksForAWebSocket(t *testing.T) {
	t.Parallel()
	entered := 0
	b := setup(t, func(o *web.Options) {
		o.Export = func(context.Context, caller.Caller, web.Export, io.Writer) error { return nil }
		o.SignIn.Enter = func(ctx context.Context) (context.Context, func(), error) {
			entered++
			return ctx, func() {}, nil
		}
	})
	b.do(httptest.NewRequest(http.MethodGet, "/export/wf_1.ndjson", nil),
		"Authorization", "Bearer "+b.token, "Connection", "Upgrade", "Upgrade", "websocket")
	if entered != 1 {
		t.Errorf("entered %d times, want once", entered)
	}
}
