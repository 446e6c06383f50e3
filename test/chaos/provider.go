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

// behaviour is a way in which the provider misbehaves for a while.
type behaviour string

// The behaviours.
const (
	slow    behaviour = "slow"
	failing behaviour = "failing"
	lying   behaviour = "lying"
	cutOff  behaviour = "cut off"

	losing   behaviour = "losing answers" // these three are of the site
	refusing behaviour = "refusing"
	dragging behaviour = "dragging"
)

// provider runs in this process, so it survives the servers. Each company has its own sandbox, so each charge belongs
// to a known workflow. Its clock can be stepped.
type provider struct {
	step   atomic.Int64 // offset of the clock
	ticks  atomic.Int64 // makes every time unique, because sandboxes derive ids from the time
	asked  atomic.Int64
	inside atomic.Int64
	shared atomic.Bool // all companies have one sandbox

	mu         sync.Mutex
	random     *rand.Rand
	behaviours map[behaviour]int
	sandboxes  map[string]*sandbox.Sandbox // sandboxes by company
}

// companyPrefix begins the name of a company. Each name ends with a character that is no digit.
const companyPrefix = "Company "

// sharedCompany is the name of the one sandbox of a round of posts.
const sharedCompany = "all"

func newProvider(seed uint64) *provider {
	return &provider{
		random: rand.New(rand.NewPCG(seed, 1)), behaviours: map[behaviour]int{}, //nolint:gosec // Repeatable on purpose.
		sandboxes: map[string]*sandbox.Sandbox{},
	}
}

func (p *provider) now() time.Time {
	return time.Now().Add(time.Duration(p.step.Load()) + time.Duration(p.ticks.Add(1)))
}

// behaves reports whether a behaviour is on and meets this request: it meets the given share, in percent.
func (p *provider) behaves(m behaviour, percent int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.behaviours[m] > 0 && p.random.IntN(100) < percent
}

// choose returns a random number below n.
func (p *provider) choose(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

// behave begins a behaviour. The returned function ends it.
func (p *provider) behave(m behaviour) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behaviours[m]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.behaviours[m]--
	}
}

// ServeHTTP forwards a request to the sandbox of the company that it names, or of the generation that it asks for.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client has disconnected.
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if id := r.URL.Query().Get("id"); id != "" {
		if s := p.sandboxOf(id); s != nil {
			s.ServeHTTP(w, r)
			return
		}
		http.Error(w, `{"error": {"code": 404, "message": "unknown generation"}}`, http.StatusNotFound)
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

// receive returns the sandbox for a request, and the misbehaviour that it meets.
func (p *provider) receive(body string) (s *sandbox.Sandbox, injection sandbox.Injection, cut bool) {
	company := sharedCompany
	if _, rest, found := strings.Cut(body, companyPrefix); found && !p.shared.Load() {
		name, _, _ := strings.Cut(rest, `\"`)
		company = companyPrefix + name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s = p.sandboxes[company]; s == nil {
		s = sandbox.New(sandbox.Options{
			Prices:        cost.StartPrices(),
			Now:           p.now,
			FirstByte:     30 * time.Millisecond,
			Delay:         2 * time.Millisecond,
			GenerationLag: 300 * time.Millisecond,
		})
		p.sandboxes[company] = s
	}
	var choices []sandbox.Injection
	for _, m := range []behaviour{slow, failing, lying, cutOff} {
		if p.behaviours[m] > 0 {
			choices = append(choices, misbehaviour[m]...)
		}
	}
	if len(choices) == 0 || p.random.IntN(5) == 0 {
		return s, sandbox.Injection{}, false
	}
	if p.behaviours[cutOff] > 0 && p.random.IntN(8) == 0 {
		return s, sandbox.Injection{}, true
	}
	return s, choices[p.random.IntN(len(choices))], false
}

// misbehaviour has the injections of each behaviour. An overcharge stays below a workflow's limit: else the workflow
// would be stopped, and the clients would run out of work.
var misbehaviour = map[behaviour][]sandbox.Injection{
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
		sandbox.OwnKey(), sandbox.Wire("OwnKeyWithAFee"), sandbox.Wire("UsageInEveryEvent"),
		sandbox.Wire("UsageBeforeTheTextOnly"), sandbox.Wire("ErrorAfterAnInterimFigure"), sandbox.Wire("ModelHuge"),
		sandbox.Wire("ProviderWithNUL"), sandbox.Wire("TokensAtTheEndOfBigint"), sandbox.Wire("LinesEndWithCR"),
	},
	cutOff: {
		sandbox.CutStream(0), sandbox.CutStream(2), sandbox.CutStream(1000), sandbox.HangBeforeHeaders(),
		sandbox.HangAfterHeaders(), sandbox.Unstoppable(2500 * time.Millisecond),
		sandbox.Wire("CutAfterAnInterimFigure"), sandbox.Wire("CutAfterTheUsage"), sandbox.Wire("ClosedAfterTheUsage"),
	},
}

// sandboxOf returns the sandbox that has made a generation.
func (p *provider) sandboxOf(generation string) *sandbox.Sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sandboxes {
		if _, made := s.Charges()[generation]; made {
			return s
		}
	}
	return nil
}

// forget removes the companies of an ended round.
func (p *provider) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.sandboxes)
}

// revealCharges makes every answer available for a lookup now, also those of a clock that was ahead.
func (p *provider) revealCharges() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sandboxes {
		s.SetGenerationLag(-24 * time.Hour)
	}
}

// isIdle reports whether no request is open. Then the charges are complete.
func (p *provider) isIdle() bool { return p.inside.Load() == 0 }

// charges returns the charges of all companies.
func (p *provider) charges() []history.Charge {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []history.Charge
	prices := cost.StartPrices()
	for company, s := range p.sandboxes {
		for id, c := range s.Charges() {
			published, err := cost.ListCost(prices, c.Model, c.Usage, c.At)
			if err != nil { // The model has no price.
				published = c.Cost
			}
			all = append(all, history.Charge{
				Generation: id,
				Company:    company,
				Cost:       c.Cost,
				Published:  min(published, c.Cost),
			})
		}
	}
	slices.SortFunc(all, func(a, b history.Charge) int { return strings.Compare(a.Generation, b.Generation) })
	return all
}
