package simulation_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

const (
	providerName = "provider"
	model        = "perplexity/sonar"
	cent         = cost.Dollar / 100
)

// provider is a model provider. The ledger must reach its charges.
type provider struct {
	w           *world
	charges     map[uuid.UUID]*charge // charges by call
	generations map[string]*charge
	// outside are the calls without a reservation, by the request that records them.
	outside map[string]engine.RecordInput
}

func newProvider(w *world) *provider {
	return &provider{
		w:           w,
		charges:     map[uuid.UUID]*charge{},
		generations: map[string]*charge{},
		outside:     map[string]engine.RecordInput{},
	}
}

// charge is the result of one request.
type charge struct {
	call       uuid.UUID
	generation string
	cost       cost.Pico
	usage      cost.Usage
	fate       fate
	// variant is the form of the answer on the wire, scene its content, and heard what the real client has read.
	variant sandbox.Variant
	scene   sandbox.Scene
	heard   llm.Answer
	failed  bool // the answer cannot be used
	// knownFrom is the time from which a lookup has an answer, or nil.
	knownFrom *time.Time
}

// fate is the result that the client gets for its request.
type fate string

const (
	// priced: an answer with its cost.
	priced fate = "an answer with its cost"
	// unpriced: an answer without its cost, which follows from the price table.
	unpriced fate = "an answer without its cost"
	// refused: a proof that nothing was charged.
	refused fate = "a refusal"
	// cutOff: the model has worked, and the client has at most the generation's id.
	cutOff fate = "an aborted answer"
	// lost: nothing was charged, and the client cannot see it.
	lost fate = "a lost request"
)

// send makes the request of an admitted call and decides its fate.
func (p *provider) send(a *actor, call cost.Call) *charge {
	row, admitted := p.w.books.calls[call.ID]
	switch {
	case !admitted:
		p.w.failf("a refused call reaches the provider: %s of %s is not in the books", call.ID, a.name)
	case row.state == cost.CallReleased:
		p.w.failf("a released call reaches the provider: %s of %s", call.ID, a.name)
	case p.charges[call.ID] != nil:
		p.w.failf("call %s reaches the provider twice, the second time by %s", call.ID, a.name)
	}
	c := &charge{
		call: call.ID, generation: fmt.Sprintf("gen-%d-%d", p.w.seed, len(p.charges)),
		fate: pick(p.w, []fate{priced, priced, priced, unpriced, refused, cutOff, cutOff, cutOff, lost}),
	}
	if p.w.calm {
		c.fate = priced
	}
	if c.fate != lost {
		c.variant = pick(p.w, spoken[c.fate])
	}
	if c.variant.NumericID {
		c.generation = fmt.Sprintf("9%d%06d", p.w.seed, len(p.charges))
	}
	p.charges[call.ID], p.generations[c.generation] = c, c
	if c.fate != lost && c.variant.Charges() {
		c.cost, c.usage = p.price(call)
	}
	if c.fate == unpriced {
		c.cost = p.listPrice(c.usage)
	}
	if c.fate != lost {
		p.speak(c)
	}
	if !p.w.oneIn(4) && c.variant.Books != sandbox.BooksHold {
		lag := pick(p.w, []time.Duration{0, 2 * time.Second, 10 * time.Minute, 26 * time.Hour})
		from := p.w.clock.Add(lag)
		c.knownFrom = &from
	}
	p.w.saw(string(c.fate))
	if c.cost > call.Hold {
		p.w.saw("a charge above its hold")
	}
	p.w.tracef("%s: the provider answers %s with %s (%s): $%s", a.name, call.ID, c.fate, c.variant.Name, c.cost)
	return c
}

// price returns the cost of a call: nearly always less than its hold, sometimes equal, sometimes more.
func (p *provider) price(call cost.Call) (cost.Pico, cost.Usage) {
	usage := cost.Usage{PromptTokens: 1 + p.w.chance.Int64N(4000), CompletionTokens: p.w.chance.Int64N(2000)}
	switch {
	case p.w.oneIn(8):
		return call.Hold, usage
	case p.w.oneIn(8):
		return call.Hold + cost.Pico(1+p.w.chance.Int64N(int64(cmp.Or(p.w.profile.overcharge, 30*cent)))), usage
	}
	return cost.Pico(p.w.chance.Int64N(int64(call.Hold) + 1)), usage
}

func (p *provider) listPrice(u cost.Usage) cost.Pico {
	unpriced, err := cost.ListCost(cost.StartPrices(), model, u, p.w.clock)
	if err != nil {
		p.w.failf("the list price: %v", err)
	}
	return unpriced
}

// charged returns the provider's charge for a call.
func (p *provider) charged(c *call) cost.Pico {
	if request := p.charges[c.id]; request != nil {
		return request.cost
	}
	if c.recorded {
		return *p.outside[c.actor].Cost
	}
	return 0
}

// settlement returns the provider's figures for a request, with the names that the client has read.
func (c *charge) settlement() engine.SettleInput {
	in := engine.SettleInput{
		CallID:       c.call,
		Model:        c.heard.Model,
		Usage:        c.heard.Usage,
		Cost:         &c.cost,
		Provider:     providerName,
		GenerationID: c.heard.GenerationID,
	}
	if in.Model == "" {
		in.Model = model
	}
	return in
}

// ask looks a generation up, like a sweeper. The answer may come late or never.
func (p *provider) ask(ctx context.Context, name, generation string) (*engine.SettleInput, error) {
	c := p.generations[generation]
	switch {
	case name != providerName || c == nil:
		p.w.failf("a lookup at the provider %s for the unknown generation %q", name, generation)
		return nil, nil
	case !p.w.calm && p.w.oneIn(2):
		p.w.saw("the lookup fails")
		return nil, errLookup
	case c.knownFrom == nil || p.w.clock.Before(*c.knownFrom):
		p.w.saw("the lookup has no answer yet")
		return nil, nil
	}
	found, err := c.client().Generation(ctx, generation)
	if err != nil || found.Cost != c.cost {
		p.w.failf("the lookup of %s returns %s, %v, want %s", c.variant.Name, found.Cost, err, c.cost)
	}
	p.w.saw("the lookup has an answer")
	return &engine.SettleInput{
		CallID:       c.call,
		Model:        found.Model,
		Usage:        found.Usage,
		Cost:         &found.Cost,
		Provider:     providerName,
		GenerationID: generation,
	}, nil
}

var errLookup = errors.New("the provider is unavailable")
