package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

func readAgain(body string) io.ReadCloser { return io.NopCloser(strings.NewReader(body)) }

func TestAccessLog_HasOneLineWithoutSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			web.Annotate(r.Context(), "ReadIt", "")
			web.Annotate(r.Context(), "", "STALE_STATE")
			_, _ = io.WriteString(w, "four")
		})
	})
	r := httptest.NewRequest(http.MethodPost, "/graphql?token="+b.token+"&query=hiddenQuery",
		strings.NewReader(`{"query":"query ReadIt { hiddenField }","variables":{"card":"hiddenVariable"}}`))
	b.do(r, "Authorization", "Bearer "+b.token, "X-Request-Id", "r1", "Cookie", "session=hiddenCookie")

	want := map[string]any{
		"level": "INFO", "msg": "request", "id": "r1", "method": "POST", "path": "/graphql", "status": 200.0, "bytes": 4.0,
		"organization": b.who.OrganizationID.String(), "actor": b.who.Actor, "operation": "ReadIt", "code": "STALE_STATE",
	}
	line := b.log.line(t)
	if ms, ok := line["milliseconds"].(float64); !ok || ms < 0 {
		t.Errorf("milliseconds: got %v, want a number", line["milliseconds"])
	}
	ignored := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "time" || key == "milliseconds" })
	if diff := cmp.Diff(want, line, ignored); diff != "" {
		t.Error(diff)
	}
	for _, hidden := range append(strings.Split(b.token, "."), "hidden", secret) {
		if strings.Contains(b.log.String(), hidden) {
			t.Errorf("log: got %s, want no %q in it", b.log, hidden)
		}
	}
}

func TestAccessLog_HasNoBadToken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for name, token := range badTokens(t) {
		b.post("{}", "Authorization", "Bearer "+token)
		for _, part := range strings.Split(token, ".") {
			if len(part) > 8 && strings.Contains(b.log.String(), part) {
				t.Errorf("%s: got a part of the token in the log: %s", name, part)
			}
		}
	}
}

func TestAccessLog_HasNoOperationThatIsNoName(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"", "my password", "9lives", "a\nb", "é", strings.Repeat("a", 129)} {
		b := setup(t, func(o *web.Options) {
			o.GraphQL = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				web.Annotate(r.Context(), operation, "")
			})
		})
		b.post("{}")
		if got, logged := b.log.line(t)["operation"]; logged {
			t.Errorf("operation %q: got %v in the log, want none", operation, got)
		}
	}
}

func TestAnnotate_WorksInSeveralGoroutinesAndOutsideOfARequest(t *testing.T) {
	t.Parallel()
	web.Annotate(context.Background(), "Ignored", "NOTHING")
	if got := web.RequestID(context.Background()); got != "" {
		t.Errorf("request id outside of a request: got %q, want none", got)
	}
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { web.Annotate(r.Context(), "Same", string(fault.Conflict)) })
			}
			all.Wait()
		})
	})
	b.post("{}")
	if line := b.log.line(t); line["operation"] != "Same" || line["code"] != "CONFLICT" {
		t.Errorf("log: got %v, want operation Same and code CONFLICT", line)
	}
}

func TestAccessLog_SuccessfulProbesAreAtDebugLevel(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.get("/healthz")
	if got := b.log.line(t)["level"]; got != "DEBUG" {
		t.Errorf("level: got %v, want DEBUG", got)
	}
}

func TestRecovered_AnswersAPanicWithInternalAndLogsItsStack(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4000")
			w.Header().Set("Content-Encoding", "gzip")
			panic(errors.New("index out of the ordinary"))
		})
	})
	r := b.post("{}")
	body := text(t, r)
	if strings.Contains(body, "ordinary") || strings.Contains(body, ".go") {
		t.Errorf("body: got %s, want nothing of the panic", body)
	}
	if r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Length") == "4000" {
		t.Errorf("headers: got %v, want none of the answer that did not come", r.Header)
	}
	r.Body = readAgain(body)
	wantRefusal(t, r, http.StatusInternalServerError, fault.Internal)

	line := b.log.line(t)
	stack, _ := line["stack"].(string)
	if line["panic"] != "index out of the ordinary" || !strings.Contains(stack, "observe_test.go") {
		t.Errorf("log: got %v, want the panic and its stack", line)
	}
	if line["level"] != "ERROR" || line["status"] != 500.0 || line["actor"] != b.who.Actor {
		t.Errorf("log: got %v, want an error with status 500 and the actor", line)
	}
}

func TestRecovered_CutsTheConnectionInTheMiddleOfAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"data":`)
			w.(http.Flusher).Flush()
			panic("too late")
		})
	})
	server := httptest.NewServer(b)
	defer server.Close()
	r, err := http.NewRequest(http.MethodPost, server.URL+"/graphql", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("body: got %q as if it were whole, want an error", body)
	}
	server.Close() // Close waits for the handler, so the line is written.
	if line := b.log.line(t); line["panic"] != "too late" || line["level"] != "ERROR" || line["code"] != "INTERNAL" {
		t.Errorf("log: got %v, want the panic as an error", line)
	}
}

func TestRecovered_PassesAnAbortOfTheHandler(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic(fmt.Errorf("copy: %w", http.ErrAbortHandler))
		})
	})
	func() {
		defer func() {
			if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so.
				t.Errorf("panic: got %v, want http.ErrAbortHandler", got)
			}
		}()
		b.post("{}")
	}()
	if line := b.log.line(t); line["panic"] != nil {
		t.Errorf("log: got %v, want no panic in it", line)
	}
}

func TestCountingWriter_FlushesTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		})
	})
	b.post("{}")
	if got := b.log.line(t)["status"]; got != 202.0 {
		t.Errorf("status in the log: got %v, want 202", got)
	}
}

func TestObserve_GetsTheOutcomeInAClosedListOfWords(t *testing.T) {
	t.Parallel()
	type key struct{}
	var received []web.Outcome
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			web.Annotate(r.Context(), "Same", "")
			if r.Context().Value(key{}) != "request-1" {
				panic("the handler does not get the watcher's context")
			}
			w.WriteHeader(http.StatusOK)
		})
		o.Observe = func(r *http.Request, id string) web.Observation {
			return web.Observation{
				Context: context.WithValue(r.Context(), key{}, id), Trace: "trace-1",
				Ended: func(a web.Outcome) {
					if a.Took <= 0 {
						t.Errorf("%s took %s", a.Route, a.Took)
					}
					a.Took = 0
					received = append(received, a)
				},
			}
		}
	})
	b.post("{}", "X-Request-Id", "request-1")
	if got := b.log.line(t)["trace"]; got != "trace-1" {
		t.Errorf("log: got the trace %v, want trace-1", got)
	}
	b.post("{}", "X-Request-Id", "request-2")
	b.get("/graphql")
	b.get("/unknown-path", "X-Request-Id", "request-1")
	b.get("/healthz")
	b.do(httptest.NewRequest("BREW", "/graphql", http.NoBody))
	want := []web.Outcome{
		{
			Method:    "POST",
			Route:     "/graphql",
			Status:    200,
			Operation: "Same",
		},
		{
			Method:    "POST",
			Route:     "/graphql",
			Status:    500,
			Operation: "Same",
			Code:      "INTERNAL",
		},
		{
			Method: "GET",
			Route:  "/graphql",
			Status: 401,
			Code:   "UNAUTHENTICATED",
		},
		{
			Method: "GET",
			Route:  "/",
			Status: 404,
			Code:   "NOT_FOUND",
		},
		{Method: "GET", Route: "/healthz", Status: 200},
		{
			Method: "OTHER",
			Route:  "/graphql",
			Status: 405,
			Code:   "INVALID_INPUT",
		},
	}
	if diff := cmp.Diff(want, received); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
