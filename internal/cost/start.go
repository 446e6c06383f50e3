package cost

import "time"

// StartPrices returns the prices of a new installation, so that it can price its first call:
// perplexity/sonar at $1 per million tokens in, $1 per million out and $5 per thousand searches; openai/gpt-4o-mini at
// $0.15 per million in and $0.60 per million out. The caller may change the slice.
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
	}
}
