package sandbox

import (
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// maxGenerations is the number of answers that the books keep. The total includes removed ones.
const maxGenerations = 100_000

// Charge is one line of the books: the true cost of an answer, including a cut, aborted or unread one.
type Charge struct {
	Model string
	Usage cost.Usage
	// Cost is the amount that the organization pays. Upstream is its part that an upstream provider charges to a key of
	// the organization's own.
	Cost, Upstream cost.Pico
	// FinishReason is "stop", "length", "content_filter" or "error", and empty for an incomplete answer.
	FinishReason string
	// Cancelled means that the client disconnected before the end.
	Cancelled bool
	At        time.Time
	// lookup is the body of the look-up, "" for the usual one.
	lookup string
}

// books are the provider's own record of its charges.
type books struct {
	mu      sync.Mutex
	lag     time.Duration
	charges map[string]Charge
	order   []string
	total   cost.Pico
}

func newBooks(lag time.Duration) *books {
	return &books{lag: lag, charges: map[string]Charge{}}
}

// enter adds a charge. It panics when the total exceeds a Pico, which is nine million dollars.
func (b *books) enter(id string, c Charge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	total, err := b.total.Add(c.Cost)
	if err != nil {
		panic("sandbox: the charges cannot be counted any more: " + err.Error())
	}
	b.total = total
	b.charges[id] = c
	b.order = append(b.order, id)
	if len(b.order) > maxGenerations {
		delete(b.charges, b.order[0])
		b.order = b.order[1:]
	}
}

// find returns a charge after its lag.
func (b *books) find(id string, now time.Time) (Charge, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, found := b.charges[id]
	return c, found && !now.Before(c.At.Add(b.lag))
}

// Charges returns a copy of the books, by generation id.
func (s *Sandbox) Charges() map[string]Charge {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	return maps.Clone(s.books.charges)
}

// Total returns the sum of all charges since the sandbox was made.
func (s *Sandbox) Total() cost.Pico {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	return s.books.total
}

// Requests returns the number of chat requests that reached a model. Refused ones do not count.
func (s *Sandbox) Requests() int64 { return s.sequence.Load() }

// InFlight returns the number of requests without a complete answer. The books are complete when it is zero.
func (s *Sandbox) InFlight() int64 { return s.inFlight.Load() }

// SetGenerationLag changes the lag, also for earlier answers.
func (s *Sandbox) SetGenerationLag(d time.Duration) {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	s.books.lag = d
}

// generation answers GET /generation?id=.
func (s *Sandbox) generation(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	c, found := s.books.find(id, s.now())
	if !found {
		refuse(w, http.StatusNotFound, "Generation "+id+" not found")
		return
	}
	if c.lookup != "" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(c.lookup))
		return
	}
	var finish any
	if c.FinishReason != "" {
		finish = c.FinishReason
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{
		"id":                       id,
		"model":                    c.Model,
		"provider_name":            Provider,
		"created_at":               c.At.UTC().Format(time.RFC3339Nano),
		"total_cost":               amount(c.Cost - c.Upstream),
		"usage":                    amount(c.Cost - c.Upstream),
		"upstream_inference_cost":  amount(c.Upstream),
		"streamed":                 true,
		"cancelled":                c.Cancelled,
		"is_byok":                  c.Upstream > 0,
		"finish_reason":            finish,
		"tokens_prompt":            c.Usage.PromptTokens,
		"tokens_completion":        c.Usage.CompletionTokens,
		"native_tokens_prompt":     c.Usage.PromptTokens,
		"native_tokens_completion": c.Usage.CompletionTokens,
		"native_tokens_reasoning":  0,
		"native_tokens_cached":     0,
		"num_search_results":       c.Usage.WebSearches * resultsPerSearch,
	}})
}

// resultsPerSearch is the number of results of one search. The API counts results, not searches.
const resultsPerSearch = 5
