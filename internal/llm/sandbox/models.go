package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// componentField is the name of a component in GET /models.
var componentField = map[cost.Component]string{
	cost.ComponentPrompt:     "prompt",
	cost.ComponentCompletion: "completion",
	cost.ComponentRequest:    "request",
	cost.ComponentWebSearch:  "web_search",
	cost.ComponentReasoning:  "internal_reasoning",
	cost.ComponentCacheRead:  "input_cache_read",
	cost.ComponentCacheWrite: "input_cache_write",
}

type listedModel struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Pricing map[string]any `json:"pricing"`
}

// models answers GET /models: today's prices, in USD per token, request or search, as decimal text. Prices from a size
// of prompt on are overrides of the others.
func (s *Sandbox) models(w http.ResponseWriter, _ *http.Request) {
	now := s.now()
	prices := slices.DeleteFunc(slices.Clone(s.prices), func(p cost.Price) bool { return !p.ValidAt(now) })
	slices.SortFunc(prices, func(a, b cost.Price) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.MinPromptTokens, b.MinPromptTokens))
	})
	list := []*listedModel{}
	for _, p := range prices {
		if len(list) == 0 || list[len(list)-1].ID != p.Model {
			list = append(list, &listedModel{
				ID: p.Model, Name: p.Model + " (sandbox)", Pricing: map[string]any{"request": "0"},
			})
		}
		list[len(list)-1].add(p)
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": list})
}

// add adds a price. Its callers add prices by size, the smallest first.
func (m *listedModel) add(p cost.Price) {
	tier := m.Pricing
	if p.MinPromptTokens > 0 {
		overrides, _ := m.Pricing["overrides"].([]map[string]any)
		if n := len(overrides); n == 0 || overrides[n-1]["min_prompt_tokens"] != p.MinPromptTokens {
			overrides = append(overrides, map[string]any{"min_prompt_tokens": p.MinPromptTokens})
			m.Pricing["overrides"] = overrides
		}
		tier = overrides[len(overrides)-1]
	}
	tier[componentField[p.Component]] = p.Unit.String()
}

// ceilingOf returns the highest prices of a model for a prompt of this size, and false for an unknown model.
func (s *Sandbox) ceilingOf(model string, promptBytes int, at time.Time) (cost.Ceiling, bool) {
	c, err := cost.Dearest(s.prices, cost.Estimate{Models: []string{model}, PromptBytes: int64(promptBytes)}, at)
	return c, err == nil
}
