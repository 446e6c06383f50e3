// Package sandbox is a server of the OpenRouter API without a model. The demo and the tests use it through the client
// of production. It makes its answers from the words of the request, deterministically for a seed, charges the given
// prices, keeps books of its charges, and injects the failures of a provider.
//
// It never passes for a model: its provider is "sandbox", its generation ids begin with "gen-sandbox-", and its
// answers say so. A request cannot inject a failure. Injections come from the owning process, or over an endpoint that
// is off by default.
package sandbox

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// Provider is the sandbox's name wherever the API names a provider.
const Provider = "sandbox"

// Options configure a sandbox. Each may be zero; without prices every model is unknown.
type Options struct {
	// Seed chooses the words of the answers. The same seed and request give the same text.
	Seed uint64
	// Prices are the price list. Its models are the only ones that exist. Services in it are no models.
	Prices []cost.Price
	// FirstByte is the pause before the first word of an answer, Delay the pause before each further event.
	FirstByte, Delay time.Duration
	// GenerationLag is the time after an answer before GET /generation finds it.
	GenerationLag time.Duration
	// Injection is for each request without an injection in the queue.
	Injection Injection
	// Control opens POST /sandbox/injections and GET /sandbox/charges, for tests whose server is another process.
	Control bool
	Logger  *slog.Logger
	// Now is the clock for prices, ids and the lag.
	Now func() time.Time
}

// Sandbox serves the API under any path. It is safe for concurrent use.
type Sandbox struct {
	seed      uint64
	prices    []cost.Price
	firstByte time.Duration
	delay     time.Duration
	control   bool
	log       *slog.Logger
	now       func() time.Time
	born      string
	books     *books
	sequence  atomic.Int64
	inFlight  atomic.Int64

	mu     sync.Mutex
	always Injection
	next   []Injection
}

// New returns a sandbox.
func New(o Options) *Sandbox {
	must(o.Injection)
	s := &Sandbox{
		seed:      o.Seed,
		prices:    slices.DeleteFunc(slices.Clone(o.Prices), isService),
		firstByte: o.FirstByte,
		delay:     o.Delay,
		control:   o.Control,
		log:       o.Logger,
		now:       o.Now,
		always:    o.Injection,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.log = s.log.With("provider", Provider)
	// Two sandboxes with one database must not share an id.
	s.born = strconv.FormatInt(s.now().UnixNano(), 36)
	s.books = newBooks(o.GenerationLag)
	return s
}

func isService(p cost.Price) bool { return cost.IsService(p.Model) }

// ServeHTTP routes by the end of the path, so that any base URL works.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !authorized(r) {
		refuse(w, http.StatusUnauthorized, "No auth credentials found")
		return
	}
	path := strings.TrimRight(r.URL.Path, "/")
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		serve(w, r, http.MethodPost, s.chat)
	case strings.HasSuffix(path, "/embeddings"):
		serve(w, r, http.MethodPost, s.embeddings)
	case strings.HasSuffix(path, "/generation"):
		serve(w, r, http.MethodGet, s.generation)
	case strings.HasSuffix(path, "/activity"):
		serve(w, r, http.MethodGet, s.activity)
	case strings.HasSuffix(path, "/models"):
		serve(w, r, http.MethodGet, s.models)
	case s.control && strings.HasSuffix(path, "/sandbox/injections"):
		serve(w, r, http.MethodPost, s.controlInjections)
	case s.control && strings.HasSuffix(path, "/sandbox/charges"):
		serve(w, r, http.MethodGet, s.controlCharges)
	default:
		refuse(w, http.StatusNotFound, "Not found")
	}
}

func serve(w http.ResponseWriter, r *http.Request, method string, handle http.HandlerFunc) {
	if r.Method != method {
		w.Header().Set("Allow", method)
		refuse(w, http.StatusMethodNotAllowed, "Method not allowed")
		return
	}
	handle(w, r)
}

// authorized reports whether the request has a bearer token. Any token is valid.
func authorized(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return found && strings.TrimSpace(token) != ""
}

// refuse answers as the API does before a model starts: with the same code in status and body.
func refuse(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, errorBody(status, message))
}

func errorBody(code int, message string) map[string]any {
	return map[string]any{"error": map[string]any{
		"code":     code,
		"message":  message,
		"metadata": map[string]any{"provider_name": Provider},
	}}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error means that the client has gone.
	_ = json.NewEncoder(w).Encode(value)
}
