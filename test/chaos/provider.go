//go:build unix

package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/test/chaos/history"
)

// mood is a way in which the provider behaves for a while.
type mood string

// The moods.
const (
	slow    mood = "slow"
	failing mood = "failing"
	lying   mood = "lying"
	cutOff  mood = "cut off"
)

// provider lives in this process, so that it survives the servers. Every company has a sandbox of its own, so that each
// charge can be told to belong to a workflow. Its clock can be stepped.
type provider struct {
	step   atomic.Int64 // how far the clock is off
	ticks  atomic.Int64 // makes every moment another one, since sandboxes are named by the moment of their birth
	asked  atomic.Int64
	inside atomic.Int64

	mu        sync.Mutex
	random    *rand.Rand
	moods     map[mood]int
	sandboxes map[string]*sandbox.Sandbox // by company
}

// companies begin so, and end with a sign that no number has.
const companyPrefix = "Company "

func newProvider(seed uint64) *provider {
	return &provider{
		random: rand.New(rand.NewPCG(seed, 1)), moods: map[mood]int{}, //nolint:gosec // Repeatable on purpose.
		sandboxes: map[string]*sandbox.Sandbox{},
	}
}

func (p *provider) now() time.Time {
	return time.Now().Add(time.Duration(p.step.Load()) + time.Duration(p.ticks.Add(1)))
}

// feel begins a mood, and returns what ends it.
func (p *provider) feel(m mood) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moods[m]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.moods[m]--
	}
}

// ServeHTTP lets the sandbox answer whose company the request speaks of, or which has made the generation.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client is gone.
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if id := r.URL.Query().Get("id"); id != "" {
		if s := p.maker(id); s != nil {
			s.ServeHTTP(w, r)
			return
		}
		http.Error(w, `{"error": {"code": 404, "message": "nobody knows it"}}`, http.StatusNotFound)
		return
	}
	p.asked.Add(1)
	s, injection, cut := p.receive(string(body))
	if cut {
		panic(http.ErrAbortHandler)
	}
	s.Next(injection)
	s.ServeHTTP(w, r)
}

// receive finds the sandbox for a request and decides what it meets.
func (p *provider) receive(body string) (s *sandbox.Sandbox, injection sandbox.Injection, cut bool) {
	company := "nobody"
	if _, rest, found := strings.Cut(body, companyPrefix); found {
		name, _, _ := strings.Cut(rest, `\"`)
		company = companyPrefix + name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s = p.sandboxes[company]; s == nil {
		s = sandbox.New(sandbox.Options{
			Prices: cost.StartPrices(), Now: p.now, FirstByte: 30 * time.Millisecond, Delay: 2 * time.Millisecond,
			GenerationLag: 300 * time.Millisecond,
		})
		p.sandboxes[company] = s
	}
	var choices []sandbox.Injection
	for _, m := range []mood{slow, failing, lying, cutOff} {
		if p.moods[m] > 0 {
			choices = append(choices, misbehaviour[m]...)
		}
	}
	if len(choices) == 0 || p.random.IntN(5) == 0 {
		return s, sandbox.Injection{}, false
	}
	if p.moods[cutOff] > 0 && p.random.IntN(8) == 0 {
		return s, sandbox.Injection{}, true
	}
	return s, choices[p.random.IntN(len(choices))], false
}

// misbehaviour is what a request may meet in a mood. An overcharge stays below what a workflow may spend, or its
// workflow would be stopped, and with it the work.
var misbehaviour = map[mood][]sandbox.Injection{
	slow: {sandbox.Slow(500 * time.Millisecond), sandbox.Slow(1500 * time.Millisecond), sandbox.Slow(4 * time.Second)},
	failing: {
		sandbox.Status(http.StatusInternalServerError, ""), sandbox.Status(http.StatusServiceUnavailable, ""),
		sandbox.Status(http.StatusTooManyRequests, "1"), sandbox.ErrorInBody(http.StatusBadGateway),
		sandbox.ErrorInStream(2), sandbox.FirstModelDown(), sandbox.ContentFilter(),
	},
	lying: {
		sandbox.Overcharge(2), sandbox.Overcharge(40), sandbox.NoUsage(), sandbox.Drift("other/model"),
		sandbox.UnreadableJSON(), sandbox.Empty(), sandbox.ErrorAfterUsage(), sandbox.FencedJSON(),
		sandbox.StatusCharged(http.StatusInternalServerError), sandbox.StatusCharged(http.StatusBadGateway),
	},
	cutOff: {
		sandbox.CutStream(0), sandbox.CutStream(2), sandbox.CutStream(1000), sandbox.HangBeforeHeaders(),
		sandbox.HangAfterHeaders(), sandbox.Unstoppable(2500 * time.Millisecond),
	},
}

// maker finds the sandbox that has made a generation.
func (p *provider) maker(generation string) *sandbox.Sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sandboxes {
		if _, made := s.Charges()[generation]; made {
			return s
		}
	}
	return nil
}

// forget closes the books of the companies of a round that is over.
func (p *provider) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.sandboxes)
}

// openBooks lets every answer be looked up at once, also those that were dated by a clock that was ahead.
func (p *provider) openBooks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sandboxes {
		s.SetGenerationLag(-24 * time.Hour)
	}
}

// isIdle reports that nobody is being answered, so that the books are complete.
func (p *provider) isIdle() bool { return p.inside.Load() == 0 }

// charges are the books.
func (p *provider) charges() []history.Charge {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []history.Charge
	prices := cost.StartPrices()
	for company, s := range p.sandboxes {
		for id, c := range s.Charges() {
			published, err := cost.ListCost(prices, c.Model, c.Usage, c.At)
			if err != nil { // A model that nobody has a price for.
				published = c.Cost
			}
			all = append(all, history.Charge{
				Generation: id, Company: company, Cost: c.Cost, Published: min(published, c.Cost),
			})
		}
	}
	slices.SortFunc(all, func(a, b history.Charge) int { return strings.Compare(a.Generation, b.Generation) })
	return all
}
