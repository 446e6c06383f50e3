package cost_test

import (
	"math"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		usage, consistent cost.Usage
		field             string // that CheckReported names; "" when it accepts the usage
	}{
		"Nothing":   {cost.Usage{}, cost.Usage{}, ""},
		"AllCached": {cost.Usage{PromptTokens: 10, CachedTokens: 10}, cost.Usage{PromptTokens: 10, CachedTokens: 10}, ""},
		"OneCachedTooMany": {
			cost.Usage{PromptTokens: 10, CachedTokens: 11}, cost.Usage{PromptTokens: 11, CachedTokens: 11}, "cachedTokens",
		},
		"AllReasoning": {
			cost.Usage{CompletionTokens: 3, ReasoningTokens: 3}, cost.Usage{CompletionTokens: 3, ReasoningTokens: 3}, "",
		},
		"ReasoningCountedApart": {
			cost.Usage{CompletionTokens: 3, ReasoningTokens: 4},
			cost.Usage{CompletionTokens: 4, ReasoningTokens: 4},
			"reasoningTokens",
		},
		"NegativePrompt":     {cost.Usage{PromptTokens: -1}, cost.Usage{}, "promptTokens"},
		"NegativeCompletion": {cost.Usage{CompletionTokens: -1}, cost.Usage{}, "completionTokens"},
		"NegativeCached":     {cost.Usage{CachedTokens: -1}, cost.Usage{}, "cachedTokens"},
		"NegativeReasoning":  {cost.Usage{ReasoningTokens: -1}, cost.Usage{}, "reasoningTokens"},
		"NegativeSearches":   {cost.Usage{WebSearches: -1}, cost.Usage{}, "webSearches"},
		"Greatest": {
			cost.Usage{CachedTokens: cost.MaxTokens, ReasoningTokens: cost.MaxTokens},
			cost.Usage{
				PromptTokens:     cost.MaxTokens,
				CachedTokens:     cost.MaxTokens,
				CompletionTokens: cost.MaxTokens,
				ReasoningTokens:  cost.MaxTokens,
			},
			"cachedTokens",
		},
		"AboveTheGreatest": {cost.Usage{PromptTokens: cost.MaxTokens + 1}, cost.Usage{}, "promptTokens"},
		"AtTheEndOfItsType": {
			cost.Usage{CachedTokens: math.MaxInt64, PromptTokens: math.MaxInt64}, cost.Usage{}, "promptTokens",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.usage.CheckReported()
			if (err == nil) != (c.field == "") || strings.Join(fault.FieldOf(err), ".") != c.field {
				t.Errorf("CheckReported: got %v, want it about %q", err, c.field)
			}
			got := c.usage.Consistent()
			if got != c.consistent {
				t.Errorf("Consistent: got %+v, want %+v", got, c.consistent)
			}
			if err := got.CheckReported(); err != nil {
				t.Errorf("Consistent is not: %v", err)
			}
		})
	}
}
