package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// collector receives traces by OTLP over HTTP. Names and texts are unencoded in the message.
type collector struct {
	mu       sync.Mutex
	received strings.Builder
}

// ServeHTTP keeps the message.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "not a trace", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received.Write(body)
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received.String()
}

func TestTracing_NamesOperationsAndNoContent(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), &collector{}
	takes := httptest.NewServer(c)
	t.Cleanup(takes.Close)
	p := start(t, append(w.environment(), "OTEL_EXPORTER_OTLP_ENDPOINT="+takes.URL),
		"serve", "--listen=127.0.0.1:0").listens(t)
	company, _ := w.provider.company()
	flow := w.begin(t, w.client(t, p, w.who), company)
	w.reaches(t, flow, "ICP_COMPLETED")
	line := p.says(t, "request", "", "")
	if id, _ := line["trace"].(string); len(id) != 32 {
		t.Errorf("the access log names the trace %q", id)
	}
	p.stop(t) // A stopped server has sent all its spans.
	text := c.text()
	for _, name := range []string{
		"POST /graphql", "engine Create", "engine GenerateICP", "run ICP", "engine Reserve", "engine Finish",
		"WorkflowTransition", "AccountBook", "model perplexity/sonar", "infin8.request_id",
	} {
		if !strings.Contains(text, name) {
			t.Errorf("no span has %q", name)
		}
	}
	for _, sent := range []string{
		company, flow.String(), w.who.OrganizationID.String(), w.who.Actor, authSecret, providerKey, "set_config", "SELECT",
		"SweepRuns",
	} {
		if strings.Contains(text, sent) {
			t.Errorf("a span has %q", sent)
		}
	}
}
