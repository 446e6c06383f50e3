package cost

import "time"

// StartPrices returns the prices of a new installation, so that it can price its first call:
// perplexity/sonar at $1 per million tokens in, $1 per million out and $5 per thousand searches; openai/gpt-4o-mini at
// $0.15 per million in and $0.60 per million out; openai/text-embedding-3-small at $0.02 per million in;
// service/dataforseo/labs at $0.01 per request and $0.0001 per item; service/dataforseo/serp-live at $0.002 per
// request, which is one page of ten results. The caller may change the slice.
func StartPrices() []Price {
	const (
		million  = 1_000_000
		thousand = 1_000
	)
	from := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	price := func(model string, component Component, unit Pico) Price {
		return Price{
			Model:     model,
			Component: component,
			Unit:      unit,
			ValidFrom: from,
			Source:    "built in",
		}
	}
	return []Price{
		// Every division here is exact.
		price("perplexity/sonar", ComponentPrompt, Dollar/million),
		price("perplexity/sonar", ComponentCompletion, Dollar/million),
		price("perplexity/sonar", ComponentWebSearch, 5*Dollar/thousand),
		price("openai/gpt-4o-mini", ComponentPrompt, 15*Dollar/100/million),
		price("openai/gpt-4o-mini", ComponentCompletion, 60*Dollar/100/million),
		// An embedding has no text in its answer.
		price("openai/text-embedding-3-small", ComponentPrompt, 2*Dollar/100/million),
		price("openai/text-embedding-3-small", ComponentCompletion, 0),
		price("service/dataforseo/labs", ComponentRequest, Dollar/100),
		price("service/dataforseo/labs", ComponentItem, Dollar/10/thousand),
		price("service/dataforseo/serp-live", ComponentRequest, 2*Dollar/thousand),
	}
}
