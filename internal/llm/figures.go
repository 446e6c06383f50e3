package llm

import (
	"encoding/json"
	"errors"

	"github.com/infin8content/engine/internal/cost"
)

// figures is the content of one usage object.
type figures struct {
	usage cost.Usage
	// cost is the amount that the organization pays; nil when it is missing or unreadable.
	cost *cost.Pico
	// unclear means that a value which the price depends on is there and cannot be read.
	unclear bool
}

// figuresOf reads a usage object.
func figuresOf(raw json.RawMessage) figures {
	f, is := objectOf(raw)
	if !is {
		return figures{unclear: true}
	}
	prompt, oddPrompt := f.object("prompt_tokens_details")
	completion, oddCompletion := f.object("completion_tokens_details")
	tools, oddTools := f.object("server_tool_use")
	odd := oddPrompt || oddCompletion || oddTools
	count := func(of fields, name string) int64 {
		n, unreadable := of.count(name)
		odd = odd || unreadable
		return n
	}
	read := figures{usage: cost.Usage{
		PromptTokens:     count(f, "prompt_tokens"),
		CompletionTokens: count(f, "completion_tokens"),
		ReasoningTokens:  count(completion, "reasoning_tokens"),
		CachedTokens:     count(prompt, "cached_tokens"),
		WebSearches:      count(tools, "web_search_requests"),
	}}
	read.unclear = odd || read.usage.CachedTokens > read.usage.PromptTokens
	details, oddDetails := f.object("cost_details")
	amount, said, err := paid(bill{
		charged:      f,
		chargedName:  "cost",
		upstream:     details,
		upstreamName: "upstream_inference_cost",
		odd:          oddDetails,
	})
	switch {
	case err != nil:
		read.unclear = true
	case said:
		read.cost = &amount
	}
	return read
}

// bill names the fields with the charges of a provider and of its upstream provider.
type bill struct {
	charged      fields // with is_byok
	chargedName  string
	upstream     fields
	upstreamName string
	odd          bool // the upstream fields cannot be read
}

var (
	errNoUpstreamCost = errors.New("the upstream provider's cost is missing for a key of the organization's own")
	errAboveAllCalls  = errors.New("no call costs so much")
)

// paid returns the amount that the organization pays for a call: the provider's charge and, with a key of its own at
// the upstream provider (is_byok), the upstream provider's charge. When is_byok is missing, an upstream charge above
// the provider's implies a key of its own. said is false when the provider reports no cost.
func paid(b bill) (amount cost.Pico, said bool, err error) {
	own, keySaid := b.charged.flag("is_byok")
	charged, said, err := b.charged.amount(b.chargedName)
	if err != nil || !said {
		// Otherwise the price table would price a call that another provider charges.
		if err == nil && own {
			err = errNoUpstreamCost
		}
		return 0, false, err
	}
	if keySaid && !own {
		return bounded(charged)
	}
	upstream, upstreamSaid, err := b.upstream.amount(b.upstreamName)
	switch {
	case err != nil:
		return 0, false, err
	case own && (b.odd || !upstreamSaid):
		return 0, false, errNoUpstreamCost
	case !own && upstream <= charged:
		return bounded(charged)
	}
	sum, err := charged.Add(upstream)
	if err != nil {
		return 0, false, err
	}
	return bounded(sum)
}

// bounded refuses an amount above cost.MaxCallCost: no call costs so much, and the sums in the ledger have a limit.
func bounded(amount cost.Pico) (cost.Pico, bool, error) {
	if amount > cost.MaxCallCost {
		return 0, false, errAboveAllCalls
	}
	return amount, true, nil
}
