package llm_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

const (
	testKey = "sk-test-0123456789"
	sonar   = "perplexity/sonar"
	mini    = "openai/gpt-4o-mini"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a sandbox behind real HTTP, and the production client in front of it.
type bundle struct {
	box    *sandbox.Sandbox
	client *llm.Client
	log    *lockedBuffer
}

func setup(t *testing.T, options ...func(*sandbox.Options, *llm.Options)) bundle {
	t.Helper()
	log := &lockedBuffer{}
	so := sandbox.Options{Seed: 7, Prices: cost.StartPrices(), Logger: slog.New(slog.NewJSONHandler(log, nil))}
	lo := llm.Options{Key: testKey}
	for _, option := range options {
		option(&so, &lo)
	}
	box := sandbox.New(so)
	lo.BaseURL = serve(t, box) + "/api/v1"
	return bundle{box: box, client: newClient(t, lo), log: log}
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func newClient(t *testing.T, o llm.Options) *llm.Client {
	t.Helper()
	if o.Key == "" {
		o.Key = testKey
	}
	client, err := llm.New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(client.Close)
	return client
}

// silence sets the longest silence of the client.
func silence(d time.Duration) func(*sandbox.Options, *llm.Options) {
	return func(_ *sandbox.Options, o *llm.Options) { o.Silence = d }
}

func request(change ...func(*llm.Request)) llm.Request {
	r := llm.Request{
		Models: []string{sonar, mini},
		Messages: []llm.Message{
			{Role: "system", Content: "You answer with strict JSON."},
			{Role: "user", Content: "Company: Müller & Söhne 🚀\nWebsite: https://mueller.example/über"},
		},
		MaxTokens:   700,
		Temperature: 0.3,
		Ceiling: cost.Ceiling{
			Prompt: cost.Dollar / 1_000_000, Completion: cost.Dollar / 1_000_000, WebSearch: cost.Dollar / 200,
		},
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func body(t *testing.T, change ...func(*llm.Request)) []byte {
	t.Helper()
	b, err := request(change...).Body()
	if err != nil {
		t.Fatalf("Body: %v", err)
	}
	return b
}

func ignore(context.Context, string) error { return nil }

// failure sends a request that must fail, and returns its error.
func failure(t *testing.T, c *llm.Client) *llm.Error {
	t.Helper()
	return asError(t, second(c.Complete(t.Context(), body(t), ignore)))
}

func second(_ llm.Answer, err error) error { return err }

func asError(t *testing.T, err error) *llm.Error {
	t.Helper()
	var failed *llm.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got error %v, want an *llm.Error", err)
	}
	return failed
}

// quiet waits until no request is in flight, so that the books are complete.
func (b bundle) quiet(t *testing.T) {
	t.Helper()
	waitFor(t, "the sandbox to finish", func() bool { return b.box.InFlight() == 0 })
}

func waitFor(t *testing.T, what string, fact func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	for !fact() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Errorf("waited too long for %s", what)
			return
		}
	}
}

// answering serves one fixed answer after reading the request.
func answering(header http.Header, status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// lockedBuffer is a buffer for concurrent loggers.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}
