package llm_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
)

func TestBody(t *testing.T) {
	t.Parallel()

	t.Run("IsWhatTheProviderReads", func(t *testing.T) {
		t.Parallel()
		got := string(body(t, func(r *llm.Request) {
			r.Messages = []llm.Message{{Role: "user", Content: "a < b & \"c\""}}
			r.Ceiling = cost.Ceiling{
				Prompt:     150_000,
				Completion: 600_000,
				Request:    1,
				WebSearch:  5_000_000_000,
			}
		}))
		want := `{"model":"perplexity/sonar","models":["openai/gpt-4o-mini"],` +
			`"messages":[{"role":"user","content":"a < b & \"c\""}],"max_tokens":700,"temperature":0.3,"stream":true,` +
			`"stream_options":{"include_usage":true},"usage":{"include":true},` +
			`"provider":{"max_price":{"prompt":"0.15","completion":"0.6","request":"0.005000000001"}}}`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	})

	t.Run("AcceptsOnlyWhatIsFreeWithoutACeiling", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		free := body(t, func(r *llm.Request) { r.Ceiling = cost.Ceiling{} })
		err := asError(t, second(b.client.Complete(t.Context(), free, ignore)))
		if err.Class != llm.ProviderUnavailable || err.Charge != llm.ChargeNone || err.Status != 503 {
			t.Errorf("got %v, want a refusal with 503", err)
		}
	})

	refused := map[string]func(*llm.Request){
		"NoModel":            func(r *llm.Request) { r.Models = nil },
		"EmptyModel":         func(r *llm.Request) { r.Models = []string{sonar, ""} },
		"NineModels":         func(r *llm.Request) { r.Models = make([]string, 9) },
		"NoMessage":          func(r *llm.Request) { r.Messages = nil },
		"NoMaxTokens":        func(r *llm.Request) { r.MaxTokens = 0 },
		"TemperatureNaN":     func(r *llm.Request) { r.Temperature = math.NaN() },
		"TemperatureTooHigh": func(r *llm.Request) { r.Temperature = 2.1 },
		"CeilingTooHigh":     func(r *llm.Request) { r.Ceiling.Prompt = math.MaxInt64 },
	}
	for name, change := range refused {
		t.Run("Refuses"+name, func(t *testing.T) {
			t.Parallel()
			if got, err := request(change).Body(); err == nil {
				t.Errorf("got %s, want an error", got)
			}
		})
	}
}
