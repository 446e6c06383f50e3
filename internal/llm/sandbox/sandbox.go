// Package sandbox is a server of the OpenRouter API that asks no model: the demo and the tests speak to it through
// the client that production uses. It answers from the request's own words, at the prices it is given,
// deterministically for a seed, keeps its own books of what it charged, and can be told to fail in every way a
// provider fails.
//
// It refuses to pass for a model. Its provider is "sandbox", its generation ids begin with "gen-sandbox-", and its
// answers say so. A request cannot steer it: injections come from the process that owns it, or over an endpoint that is
// off by default.
package sandbox

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// Provider is what the sandbox calls itself wherever the API names a provider.
const Provider = "sandbox"

// Options are what a sandbox is made of. The zero value of each is usable; without prices every model is unknown.
type Options struct {
	// Seed chooses among the possible answers. The same seed and the same request give the same text.
	Seed uint64
	// Prices are the price list: what is charged, and which models exist.
	Prices []cost.Price
	// FirstByte is the pause before the first word of an answer, Delay the one before each further event.
	FirstByte, Delay time.Duration
	// GenerationLag is how long the books stay closed after an answer.
	GenerationLag time.Duration
	// Injection is what every request meets that no other injection was queued for.
	Injection Injection
	// Control opens POST /sandbox/injections and GET /sandbox/charges, for tests whose server is another process.
	Control bool
	Logger  *slog.Logger
	// Now is the clock of prices, ids and the lag.
	Now func() time.Time
}

// Sandbox serves the API. It may be mounted under any path, and used by many clients at once.
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

// New returns a sandbox that is ready to serve.
func New(o Options) *Sandbox {
	must(o.Injection)
	s := &Sandbox{
		seed:      o.Seed,
		prices:    o.Prices,
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
	// Two sandboxes that write into one database must not share an id.
	s.born = strconv.FormatInt(s.now().UnixNano(), 36)
	s.books = newBooks(o.GenerationLag)
	return s
}

// ServeHTTP routes by the end of the path, so that any base URL does.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !authorized(r) {
		refuse(w, http.StatusUnauthorized, "No auth credentials found")
		return
	}
	path := strings.TrimRight(r.URL.Path, "/")
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		serve(w, r, http.MethodPost, s.chat)
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

// authorized reports whether the request carries a bearer token. Any will do: there is nothing to protect here.
func authorized(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return found && strings.TrimSpace(token) != ""
}

// refuse answers as the API does before a model has started: the same code in the status and in the body.
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
	// A client that has gone cannot be told.
	_ = json.NewEncoder(w).Encode(value)
}
