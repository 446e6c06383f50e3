package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

const secret = "a secret of at least thirty-two bytes"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bundle is a web handler around a GraphQL handler of the test, with its log.
type bundle struct {
	http.Handler
	auth  *web.Authenticator
	who   caller.Caller
	token string
	log   *logBuffer
}

// setup returns a bundle whose GraphQL handler answers {"data":{}}; change changes the options.
func setup(t *testing.T, change func(*web.Options)) bundle {
	t.Helper()
	auth, err := web.NewAuthenticator([]byte(secret), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	who := caller.Caller{Actor: "alice@example.com", OrganizationID: uuid.New(), Role: caller.Operator}
	token, err := auth.Token(who, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	o := web.Options{
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"data":{}}`)
		}),
		SignIn:     web.SignIn{Auth: auth},
		Logger:     slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Playground: &web.Playground{},
	}
	if change != nil {
		change(&o)
	}
	return bundle{
		Handler: web.New(o),
		auth:    auth,
		who:     who,
		token:   token,
		log:     log,
	}
}

// post sends an operation with the token. Headers are names and values in turn and may replace the token.
func (b bundle) post(body string, headers ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.do(r, headers...)
}

func (b bundle) get(path string, headers ...string) *http.Response {
	return b.do(httptest.NewRequest(http.MethodGet, path, http.NoBody), headers...)
}

func (b bundle) do(r *http.Request, headers ...string) *http.Response {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Result()
}

// logBuffer is a log for several goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// line returns the only line of the log.
func (l *logBuffer) line(t *testing.T) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("log: got %d lines, want 1:\n%s", len(lines), l)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &out); err != nil {
		t.Fatalf("log line %q: %v", lines[0], err)
	}
	return out
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantRefusal checks the status and the whole body of a refusal.
func wantRefusal(t *testing.T, r *http.Response, status int, code fault.Kind) {
	t.Helper()
	body := text(t, r)
	if r.StatusCode != status {
		t.Errorf("status: got %d, want %d; body %s", r.StatusCode, status, body)
	}
	var got struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions map[string]string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	if got.Data != nil || len(got.Errors) != 1 || got.Errors[0].Message == "" {
		t.Fatalf("body: got %s, want one error with a message and no data", body)
	}
	want := map[string]string{"code": string(code), "requestId": r.Header.Get("X-Request-Id")}
	for key, value := range want {
		if got.Errors[0].Extensions[key] != value || value == "" {
			t.Errorf("extensions.%s: got %q, want %q", key, got.Errors[0].Extensions[key], value)
		}
	}
	if len(got.Errors[0].Extensions) != len(want) {
		t.Errorf("extensions: got %v, want only %v", got.Errors[0].Extensions, want)
	}
}

func TestGraphQL_GetsTheCallerTheRequestIDAndTheWholeBody(t *testing.T) {
	t.Parallel()
	var who caller.Caller
	var id, body string
	b := setup(t, func(o *web.Options) {
		o.GraphQL = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			who, id = caller.From(r.Context()), web.RequestID(r.Context())
			read, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			body = string(read)
		})
	})
	r := b.post(`{"query":"{ viewer { actor } }"}`, "X-Request-Id", "edge-7.a_B")
	if r.StatusCode != http.StatusOK {
		t.Errorf("status: got %d, want 200", r.StatusCode)
	}
	if who != b.who {
		t.Errorf("caller: got %+v, want %+v", who, b.who)
	}
	if id != "edge-7.a_B" || r.Header.Get("X-Request-Id") != id {
		t.Errorf("request id: got %q in the context and %q in the answer", id, r.Header.Get("X-Request-Id"))
	}
	if want := `{"query":"{ viewer { actor } }"}`; body != want {
		t.Errorf("body: got %q, want %q", body, want)
	}
}

func TestGraphQL_AcceptsGET(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	r := b.get("/graphql?query=%7B__typename%7D", "Authorization", "Bearer "+b.token)
	if r.StatusCode != http.StatusOK || text(t, r) != `{"data":{}}` {
		t.Errorf("got status %d, want 200 and the handler's answer", r.StatusCode)
	}
}

func TestGraphQL_RefusesOtherMethods(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ODD"} {
		r := b.do(httptest.NewRequest(method, "/graphql", http.NoBody), "Authorization", "Bearer "+b.token)
		if got, want := r.Header.Get("Allow"), "GET, POST"; got != want {
			t.Errorf("%s: Allow: got %q, want %q", method, got, want)
		}
		wantRefusal(t, r, http.StatusMethodNotAllowed, fault.InvalidInput)
	}
}

func TestRoutes_AnUnknownPathIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, path := range []string{"/graphql/", "/nothing", "/index.html", "/playground/main.js"} {
		wantRefusal(t, b.get(path), http.StatusNotFound, fault.NotFound)
	}
}

func TestRequestID_ReplacesABadOne(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	longest := strings.Repeat("x", 128)
	if got := b.get("/healthz", "X-Request-Id", longest).Header.Get("X-Request-Id"); got != longest {
		t.Errorf("an id of 128 characters: got %q, want it kept", got)
	}
	for _, bad := range []string{"", longest + "x", "with space", "a\nb", `"quoted"`, "ünï", "a/b", "<b>"} {
		got := b.get("/healthz", "X-Request-Id", bad).Header.Get("X-Request-Id")
		id, err := uuid.Parse(got)
		if err != nil || id.Version() != 7 {
			t.Errorf("for %q: got %q, want a new uuid v7", bad, got)
		}
	}
}

func TestHeaders_AreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, r := range []*http.Response{
		b.post("{}"), b.post("{}", "Authorization", ""), b.get("/"), b.get("/healthz"), b.get("/nothing"),
	} {
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		policy := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("Content-Security-Policy: got %q, want nothing allowed by default and no frames", policy)
		}
	}
	if got := b.post("{}").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control of an answer: got %q, want no-store", got)
	}
}

func TestHealth_ReadyzCallsReadyAndHealthzDoesNot(t *testing.T) {
	t.Parallel()
	var down error
	b := setup(t, func(o *web.Options) { o.Ready = func(context.Context) error { return down } })
	if r := b.get("/readyz"); r.StatusCode != http.StatusOK || text(t, r) != "ready\n" {
		t.Errorf("ready: got %d, want 200", r.StatusCode)
	}
	down = context.DeadlineExceeded
	if r := b.get("/healthz"); r.StatusCode != http.StatusOK || text(t, r) != "alive\n" {
		t.Errorf("alive: got %d, want 200", r.StatusCode)
	}
	r := b.get("/readyz")
	if body := text(t, r); strings.Contains(body, "deadline") {
		t.Errorf("body: got %s, want no cause in it", body)
	}
	wantRefusal(t, b.get("/readyz"), http.StatusServiceUnavailable, fault.Unavailable)
	if !strings.Contains(b.log.String(), "not ready: context deadline exceeded") {
		t.Errorf("log: got %s, want the cause in it", b.log)
	}
}

func TestHealth_ReadyHasADeadline(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) {
		o.Ready = func(ctx context.Context) error {
			if _, limited := ctx.Deadline(); !limited {
				t.Error("deadline: got none, want one")
			}
			return nil
		}
	})
	b.get("/readyz")
}

func TestNew_PanicsWithoutARequiredOption(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("New without options: got a handler, want a panic")
		}
	}()
	web.New(web.Options{})
}
