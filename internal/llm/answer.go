package llm

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// Answer is what a model said and what that cost.
type Answer struct {
	// GenerationID is the provider's name for this answer, by which its cost can be looked up.
	GenerationID string
	// Model is who really answered, Provider who served it, both as the provider names them.
	Model, Provider string
	Text            string
	// FinishReason is "stop", or "length" when max_tokens cut the text.
	FinishReason string
	Usage        cost.Usage
	// Cost is what the provider says it charged; nil when it did not say, or not as an amount of money.
	Cost *cost.Pico
	// CostUnreadable: the provider said what it charged, and it was no amount of money. It must be asked again.
	CostUnreadable bool
}

// chunk is one event of a stream, or a whole answer of a gateway that did not stream. The last event carries the
// usage and may have no choices.
type chunk struct {
	ID       string     `json:"id"`
	Model    string     `json:"model"`
	Provider string     `json:"provider"`
	Choices  []choice   `json:"choices"`
	Usage    *wireUsage `json:"usage"`
	Error    *wireError `json:"error"`
}

type choice struct {
	Delta        wireText   `json:"delta"`
	Message      wireText   `json:"message"`
	FinishReason string     `json:"finish_reason"`
	Error        *wireError `json:"error"`
}

type wireText struct {
	Content string `json:"content"`
}

type wireUsage struct {
	PromptTokens     count           `json:"prompt_tokens"`
	CompletionTokens count           `json:"completion_tokens"`
	Cost             json.RawMessage `json:"cost"`
	Prompt           struct {
		CachedTokens count `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	Completion struct {
		ReasoningTokens count `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
	ServerTools struct {
		WebSearches count `json:"web_search_requests"`
	} `json:"server_tool_use"`
}

func (w *wireUsage) usage() cost.Usage {
	return cost.Usage{
		PromptTokens:     int64(w.PromptTokens),
		CompletionTokens: int64(w.CompletionTokens),
		ReasoningTokens:  int64(w.Completion.ReasoningTokens),
		CachedTokens:     int64(w.Prompt.CachedTokens),
		WebSearches:      int64(w.ServerTools.WebSearches),
	}
}

// count is a number of tokens. What is no such number counts as 0: a figure beside the cost must not lose the answer.
type count int64

// UnmarshalJSON never fails.
func (n *count) UnmarshalJSON(raw []byte) error {
	parsed, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || parsed < 0 {
		parsed = 0
	}
	*n = count(parsed)
	return nil
}

// billed reads an amount as the decimal text that stands on the wire, quoted or not. It is never a float. The second
// result is false when there is no amount, the error when there is one that is no money.
func billed(raw json.RawMessage) (cost.Pico, bool, error) {
	if !present(raw) {
		return 0, false, nil
	}
	amount, err := cost.ParseBilled(strings.Trim(string(raw), `"`))
	if err != nil {
		return 0, false, err
	}
	return amount, true, nil
}
