package sandbox

import (
	"net/http"
	"slices"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// componentField is how GET /models names a component.
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
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Pricing map[string]string `json:"pricing"`
}

// models answers GET /models: the unconditional prices of today, in USD per token as decimal text.
func (s *Sandbox) models(w http.ResponseWriter, _ *http.Request) {
	byID := map[string]*listedModel{}
	list := []*listedModel{}
	now := s.now()
	for _, p := range s.prices {
		if !p.ValidAt(now) || p.MinPromptTokens > 0 {
			continue
		}
		m := byID[p.Model]
		if m == nil {
			m = &listedModel{ID: p.Model, Name: p.Model + " (sandbox)", Pricing: map[string]string{"request": "0"}}
			byID[p.Model] = m
			list = append(list, m)
		}
		m.Pricing[componentField[p.Component]] = p.Unit.String()
	}
	slices.SortFunc(list, func(a, b *listedModel) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	writeJSON(w, http.StatusOK, map[string]any{"data": list})
}

// ceilingOf is the dearest a model can be for a prompt of this size; false when the sandbox does not know the model.
func (s *Sandbox) ceilingOf(model string, promptBytes int, at time.Time) (cost.Ceiling, bool) {
	c, err := cost.Dearest(s.prices, cost.Estimate{Models: []string{model}, PromptBytes: int64(promptBytes)}, at)
	return c, err == nil
}
