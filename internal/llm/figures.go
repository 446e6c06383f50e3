package llm

import (
	"encoding/json"
	"errors"

	"github.com/infin8content/engine/internal/cost"
)

// figures are what one usage object says.
type figures struct {
	usage cost.Usage
	// cost is what the organization pays; nil when the provider does not say, or not as an amount.
	cost *cost.Pico
	// unclear says that something is there which cannot be read, and that a price depends on.
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
		charged: f, chargedName: "cost", upstream: details, upstreamName: "upstream_inference_cost", odd: oddDetails,
	})
	switch {
	case err != nil:
		read.unclear = true
	case said:
		read.cost = &amount
	}
	return read
}

// bill is where a provider says what it has charged, and what an upstream provider has.
type bill struct {
	charged      fields // with is_byok
	chargedName  string
	upstream     fields
	upstreamName string
	odd          bool // the fields of the upstream provider cannot be read
}

var (
	errNoUpstreamCost = errors.New("the key is the organization's own, and the upstream provider's cost is missing")
	errAboveAllCalls  = errors.New("no call costs so much")
)

// paid returns what the organization pays for a call: what the provider charges and, when the key at the upstream
// provider is the organization's own (is_byok), what that one charges as well. Where nothing is said of the key, it is
// the organization's own when the upstream provider charges more than the provider. said is false when the provider
// says nothing of a cost.
func paid(b bill) (amount cost.Pico, said bool, err error) {
	own, keySaid := b.charged.flag("is_byok")
	charged, said, err := b.charged.amount(b.chargedName)
	if err != nil || !said {
		// Without a figure the price table would stand in, and it knows nothing of an own key.
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

// bounded refuses a figure that no call costs: it is a mistake, and the books could not hold many of its kind.
func bounded(amount cost.Pico) (cost.Pico, bool, error) {
	if amount > cost.MaxToldCost {
		return 0, false, errAboveAllCalls
	}
	return amount, true, nil
}
