package cost

import (
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// Usage is the consumption of a call, as its provider counted it.
type Usage struct {
	PromptTokens     int64
	CompletionTokens int64
	ReasoningTokens  int64 // of the completion tokens, those of hidden reasoning
	CachedTokens     int64 // of the prompt tokens, those read from the provider's cache
	WebSearches      int64
	// Items are the items of a service's answer.
	// Without them the fingerprint of a settlement is that of earlier programs, whose keys still count.
	Items int64 `json:",omitempty"`
}

// namedCount is a count with the name of its field.
type namedCount struct {
	field string
	value int64
}

func (u Usage) counts() []namedCount {
	return []namedCount{
		{"promptTokens", u.PromptTokens},
		{"completionTokens", u.CompletionTokens},
		{"reasoningTokens", u.ReasoningTokens},
		{"cachedTokens", u.CachedTokens},
		{"webSearches", u.WebSearches},
		{"items", u.Items},
	}
}

// Check returns nil when no count is negative, and otherwise an INVALID_INPUT error about the first that is.
func (u Usage) Check() error {
	for _, count := range u.counts() {
		if count.value < 0 {
			return fault.Invalid([]string{count.field}, "%s must not be negative.", count.field)
		}
	}
	return nil
}

// CheckReported is Check for the usage that a caller reports: no part exceeds its whole, and no count MaxTokens.
func (u Usage) CheckReported() error {
	if err := u.Check(); err != nil {
		return err
	}
	if u.CachedTokens > u.PromptTokens {
		return fault.Invalid([]string{"cachedTokens"},
			"cachedTokens must not be more than promptTokens, which they are a part of.")
	}
	if u.ReasoningTokens > u.CompletionTokens {
		return fault.Invalid([]string{"reasoningTokens"},
			"reasoningTokens must not be more than completionTokens, which they are a part of.")
	}
	for _, count := range u.counts() {
		if count.value > MaxTokens {
			return fault.Invalid([]string{count.field}, "%s must be at most %d.", count.field, MaxTokens)
		}
	}
	return nil
}

// Consistent returns the usage as the books keep it when a provider has counted: every count is clean, and a whole is
// at least its part, since some providers do not count reasoning into the completion.
func (u Usage) Consistent() Usage {
	u = u.Clean()
	u.PromptTokens = max(u.PromptTokens, u.CachedTokens)
	u.CompletionTokens = max(u.CompletionTokens, u.ReasoningTokens)
	return u
}

// ListCost returns what the usage costs by the price table: for every component the price in force whose
// MinPromptTokens is the greatest that PromptTokens reaches. Reasoning and cached tokens pay the REASONING and the
// CACHE_READ price where the model has one, and are ordinary tokens where it has none. A part that is greater than its
// whole is charged in full: some providers do not count reasoning into the completion. Nothing is rounded.
//
// Errors: *PriceUnknownError as in Hold; INVALID_INPUT for a negative count or a cost beyond the range of Pico. A
// settlement must succeed in spite of them: the provider's figure is the cost, and this one is stored beside it.
func ListCost(prices []Price, model string, u Usage, at time.Time) (Pico, error) {
	if err := u.Check(); err != nil {
		return 0, err
	}
	t, err := tariffOf(prices, model, at)
	if err != nil {
		return 0, err
	}
	prompt, _ := t.charged(ComponentPrompt, u.PromptTokens)
	completion, _ := t.charged(ComponentCompletion, u.PromptTokens)
	request, _ := t.charged(ComponentRequest, u.PromptTokens)
	search, _ := t.charged(ComponentWebSearch, u.PromptTokens)
	perItem, _ := t.charged(ComponentItem, u.PromptTokens)
	cached, found := t.charged(ComponentCacheRead, u.PromptTokens)
	if !found {
		cached = prompt
	}
	reasoning, found := t.charged(ComponentReasoning, u.PromptTokens)
	if !found {
		reasoning = completion
	}
	return sum(
		item{prompt, max(0, u.PromptTokens-u.CachedTokens)},
		item{cached, u.CachedTokens},
		item{completion, max(0, u.CompletionTokens-u.ReasoningTokens)},
		item{reasoning, u.ReasoningTokens},
		item{request, 1},
		item{search, u.WebSearches},
		item{perItem, u.Items},
	)
}
