package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

// provider is one address with a sandbox for each company, so that a test chooses the injection of each workflow.
type provider struct {
	address string

	mu        sync.Mutex
	sandboxes map[string]*sandbox.Sandbox // by the company's name
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{sandboxes: map[string]*sandbox.Sandbox{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.address = server.URL + "/api/v1"
	return p
}

// company returns a new company and its sandbox. The first answers have these injections, later ones have none.
func (p *provider) company(injections ...sandbox.Injection) (name string, s *sandbox.Sandbox) {
	s = sandbox.New(sandbox.Options{Prices: cost.StartPrices()})
	s.Next(injections...)
	name = "Company " + uuid.NewString()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sandboxes[name] = s
	return name, s
}

// ServeHTTP forwards a request to the sandbox of the company that it names, or of the generation that it asks for.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client has disconnected.
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if s := p.find(r.URL.Query().Get("id"), string(body)); s != nil {
		s.ServeHTTP(w, r)
		return
	}
	http.Error(w, `{"error": {"code": 404, "message": "unknown generation"}}`, http.StatusNotFound)
}

func (p *provider) find(generation, body string) *sandbox.Sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, s := range p.sandboxes {
		if _, made := s.Charges()[generation]; made || strings.Contains(body, name) {
			return s
		}
	}
	return nil
}

// charges returns the real cost of each generation of all sandboxes.
func (p *provider) charges() map[string]cost.Pico {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]cost.Pico{}
	for _, s := range p.sandboxes {
		for id, charge := range s.Charges() {
			all[id] = charge.Cost
		}
	}
	return all
}

// isIdle reports whether no sandbox is answering. Then the charges are complete.
func (p *provider) isIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sandboxes {
		if s.InFlight() > 0 {
			return false
		}
	}
	return true
}
