package cost_test

import (
	"math"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/cost"
)

func TestCleanName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                        "",
		"openai/gpt-4o-mini":      "openai/gpt-4o-mini",
		" ünïcode 名前 🚀 ":          " ünïcode 名前 🚀 ",
		"a\x00b\x1b[31m\u0085":    "a\ufffdb\ufffd[31m\ufffd",
		"a\u202eb\u200bc\u2028":   "a\ufffdb\ufffdc\ufffd",
		"a\xff\xfeb":              "a\ufffd\ufffdb",
		strings.Repeat("ü", 200):  strings.Repeat("ü", 200),
		strings.Repeat("ü", 201):  strings.Repeat("ü", 199) + "…",
		strings.Repeat("\x00", 9): strings.Repeat("\ufffd", 9),
	} {
		got := cost.CleanName(text)
		if got != want || cost.CleanName(got) != got {
			t.Errorf("%.40q: got %q, want %q, and the same again", text, got, want)
		}
	}
}

func TestCleanGenerationID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		"gen-1764402000-AbC":     "gen-1764402000-AbC",
		"12345678901234567890":   "12345678901234567890",
		strings.Repeat("n", 200): strings.Repeat("n", 200),
		strings.Repeat("n", 201): "",
		"gen\x00":                "",
		"gen\n":                  "",
		"gen\xff":                "",
		"gen\ufffd":              "",
	} {
		if got := cost.CleanGenerationID(text); got != want {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
}

func TestUsageClean(t *testing.T) {
	t.Parallel()
	got := cost.Usage{
		PromptTokens:     cost.MaxTokens,
		CompletionTokens: cost.MaxTokens + 1,
		ReasoningTokens:  -1,
		CachedTokens:     math.MaxInt64,
		WebSearches:      math.MinInt64,
	}.Clean()
	if want := (cost.Usage{PromptTokens: cost.MaxTokens}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
