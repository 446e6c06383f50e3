// Package sandbox is a server of the DataForSEO API without search data. The demo and the tests use it through the
// client of production. It makes its answers from the words of the request, deterministically for a seed, charges the
// given prices, keeps books of its charges, and injects the failures of a provider.
//
// It never passes for search data: the version of its API is "sandbox", and its figures are invented. A request cannot
// inject a failure. Injections come from the owning process, or over an endpoint that is off by default.
package sandbox

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/seo"
)

// Provider is the sandbox's name in the books of its clients.
const Provider = "seo-sandbox"

// version is the version of the API in each answer.
const version = "sandbox"

// The provider's limits.
const (
	maxAtOnce      = 30 // requests
	listsPerMinute = 10 // requests for the list
	maxBodyBytes   = 1 << 20
)

// Options configure a sandbox. Each may be zero; without prices every request is free.
type Options struct {
	// Seed chooses the words and figures of the answers. The same seed and request give the same answer.
	Seed uint64
	// Prices are the price list.
	Prices []cost.Price
	// Delay is the pause before each answer.
	Delay time.Duration
	// Injection is for each request without an injection in the queue.
	Injection Injection
	// Control opens POST /sandbox/injections and GET /sandbox/charges, for tests whose server is another process.
	Control bool
	Logger  *slog.Logger
	// Now is the clock of the prices, the books and the limits.
	Now func() time.Time
}

// Sandbox serves the API under any path. It is safe for concurrent use.
type Sandbox struct {
	options  Options
	books    *books
	requests atomic.Int64
	inFlight atomic.Int64
	most     atomic.Int64

	mu     sync.Mutex
	always Injection
	next   []Injection
	lists  []time.Time
}

// New returns a sandbox.
func New(o Options) *Sandbox {
	must(o.Injection)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sandbox{options: o, always: o.Injection, books: newBooks(o.Now())}
}

// ServeHTTP routes by the end of the path, so that any base URL works.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	login, password, _ := r.BasicAuth()
	path := strings.TrimRight(r.URL.Path, "/")
	switch {
	case s.options.Control && strings.HasSuffix(path, "/sandbox/injections"):
		s.controlInjections(w, r)
		return
	case s.options.Control && strings.HasSuffix(path, "/sandbox/charges"):
		s.controlCharges(w)
		return
	case login == "" || password == "":
		refuse(w, http.StatusUnauthorized, 40100, "You are not Authorized to Access this Resource.")
		return
	case r.Method != http.MethodPost:
		refuse(w, http.StatusNotFound, 40400, "Not Found.")
		return
	}
	for suffix, handle := range map[string]func(http.ResponseWriter, posted){
		"/dataforseo_labs/google/ranked_keywords/live":     s.live(seo.ServiceLabs, s.ranked),
		"/dataforseo_labs/google/keyword_suggestions/live": s.live(seo.ServiceLabs, s.suggestions),
		"/serp/google/organic/live/regular":                s.live(seo.ServiceSERP, s.results),
		"/dataforseo_labs/id_list":                         s.list(seo.ServiceLabs),
		"/serp/id_list":                                    s.list(seo.ServiceSERP),
	} {
		if strings.HasSuffix(path, suffix) {
			s.serve(w, r, suffix, handle)
			return
		}
	}
	refuse(w, http.StatusNotFound, 40400, "Not Found.")
}

// posted is a request with its only task.
type posted struct {
	request *http.Request
	path    string // "/serp/google/organic/live/regular"
	task    task
	data    map[string]any // the task as it was sent
}

// task has the parameters that the sandbox understands.
type task struct {
	Target       string `json:"target"`
	Keyword      string `json:"keyword"`
	LocationCode int    `json:"location_code"`
	LanguageCode string `json:"language_code"`
	Limit        int    `json:"limit"`
	Depth        int    `json:"depth"`
	Offset       int    `json:"offset"`
	Tag          string `json:"tag"`
	DatetimeFrom string `json:"datetime_from"`
	DatetimeTo   string `json:"datetime_to"`
}

func (s *Sandbox) serve(
	w http.ResponseWriter, r *http.Request, path string, handle func(http.ResponseWriter, posted),
) {
	now := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	if now > maxAtOnce {
		refuse(w, http.StatusOK, 40209, "You can send no more than 30 simultaneous requests.")
		return
	}
	var raw []json.RawMessage
	p := posted{request: r, path: path}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes)).Decode(&raw)
	if err != nil || len(raw) == 0 {
		refuse(w, http.StatusOK, 40503, "POST Data Is Invalid.")
		return
	}
	if len(raw) > 1 {
		refuse(w, http.StatusOK, 40006, "You can set only one task at a time.")
		return
	}
	if json.Unmarshal(raw[0], &p.task) != nil || json.Unmarshal(raw[0], &p.data) != nil {
		refuse(w, http.StatusOK, 40503, "POST Data Is Invalid.")
		return
	}
	handle(w, p)
}

// refuse answers as the API does when it begins no task.
func refuse(w http.ResponseWriter, status, code int, message string) {
	writeJSON(w, status, map[string]any{
		"version":        version,
		"status_code":    code,
		"status_message": message,
		"time":           "0 sec.",
		"cost":           0,
		"tasks_count":    0,
		"tasks_error":    0,
		"tasks":          nil,
	})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error means that the client has gone.
	_ = json.NewEncoder(w).Encode(value)
}
