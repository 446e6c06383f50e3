package simulation_test

import (
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

// provider is a model provider with books of its own, which are the truth that the ledger has to reach.
type provider struct {
	w           *world
	charges     map[uuid.UUID]*charge // by call
	generations map[string]*charge
	// outside are the calls that were made without asking, by the request that records each.
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

// charge is what became of one request.
type charge struct {
	call       uuid.UUID
	generation string
	cost       cost.Pico
	usage      cost.Usage
	fate       fate
	// variant is how the answer stands on the wire, scene what it says, and heard what the real client makes of it.
	variant sandbox.Variant
	scene   sandbox.Scene
	heard   llm.Answer
	failed  bool // the answer is of no use
	// knownFrom is when the look-up begins to answer; nil for never.
	knownFrom *time.Time
}

// fate is what the client hears of its request.
type fate string

const (
	// told: the answer comes with its cost.
	told fate = "an answer with its cost"
	// listed: the answer comes without its cost, which is that of the price table.
	listed fate = "an answer without its cost"
	// refused: the provider proves that nothing was charged.
	refused fate = "a refusal"
	// cutOff: the model was at work, and the client knows at most the generation's name.
	cutOff fate = "an answer that is cut off"
	// lost: nothing was charged, and the client cannot know.
	lost fate = "a request that is lost"
)

// send makes the request of a call that was admitted, and decides its fate.
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
		fate: pick(p.w, []fate{told, told, told, listed, refused, cutOff, cutOff, cutOff, lost}),
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
	if c.fate == listed {
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

// price is what a call costs: less than its hold nearly always, all of it at times, and sometimes more.
func (p *provider) price(call cost.Call) (cost.Pico, cost.Usage) {
	usage := cost.Usage{PromptTokens: 1 + p.w.chance.Int64N(4000), CompletionTokens: p.w.chance.Int64N(2000)}
	switch {
	case p.w.oneIn(8):
		return call.Hold, usage
	case p.w.oneIn(8):
		return call.Hold + cost.Pico(1+p.w.chance.Int64N(int64(30*cent))), usage
	}
	return cost.Pico(p.w.chance.Int64N(int64(call.Hold) + 1)), usage
}

func (p *provider) listPrice(u cost.Usage) cost.Pico {
	listed, err := cost.ListCost(cost.StartPrices(), model, u, p.w.clock)
	if err != nil {
		p.w.failf("the list price: %v", err)
	}
	return listed
}

// charged returns what a call has cost in the provider's books.
func (p *provider) charged(c *call) cost.Pico {
	if request := p.charges[c.id]; request != nil {
		return request.cost
	}
	if c.recorded {
		return *p.outside[c.actor].Cost
	}
	return 0
}

// settlement is the provider's own word about a request, with the names that the client has read beside it.
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

// ask looks a generation up, as sweepers do: it may lag, and it may know nothing for ever.
func (p *provider) ask(ctx context.Context, name, generation string) (*engine.SettleInput, error) {
	c := p.generations[generation]
	switch {
	case name != providerName || c == nil:
		p.w.failf("the provider %s is asked for the generation %q, which it has not made", name, generation)
		return nil, nil
	case !p.w.calm && p.w.oneIn(2):
		p.w.saw("the look-up fails")
		return nil, errLookup
	case c.knownFrom == nil || p.w.clock.Before(*c.knownFrom):
		p.w.saw("the look-up does not know yet")
		return nil, nil
	}
	found, err := c.client().Generation(ctx, generation)
	if err != nil || found.Cost != c.cost {
		p.w.failf("the look-up of %s says %s, %v, want %s", c.variant.Name, found.Cost, err, c.cost)
	}
	p.w.saw("the look-up answers")
	return &engine.SettleInput{
		CallID:       c.call,
		Model:        found.Model,
		Usage:        found.Usage,
		Cost:         &found.Cost,
		Provider:     providerName,
		GenerationID: generation,
	}, nil
}

var errLookup = errors.New("the provider cannot be asked now")
