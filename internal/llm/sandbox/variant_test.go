package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

func TestVariants(t *testing.T) {
	t.Parallel()
	t.Run("HaveNamesOfTheirOwn", func(t *testing.T) {
		t.Parallel()
		seen, books := map[string]bool{}, map[sandbox.Booking]int{}
		for _, v := range sandbox.Variants() {
			if seen[v.Name] || v.Name == "" {
				t.Errorf("got the name %q twice", v.Name)
			}
			seen[v.Name] = true
			books[v.Books]++
		}
		if len(seen) < 60 || len(books) != 5 {
			t.Errorf("got %d variants that are booked as %v, want 60 in five ways", len(seen), books)
		}
	})
	t.Run("LeaveNoMarkUnfilled", func(t *testing.T) {
		t.Parallel()
		scene := sandbox.Scene{
			ID:    "gen-1",
			Model: mini,
			Text:  `{"a": "ü"}`,
			Cost:  cost.Dollar,
		}
		for _, v := range sandbox.Variants() {
			for _, mark := range []string{"<id>", "<model>", "<cost>", "<interim>", "<first>", "<prompt>", "<fee>", "<own>"} {
				if text := v.Generation(scene); strings.Contains(text, mark) {
					t.Errorf("%s: got the look-up %s, want no %s", v.Name, text, mark)
				}
			}
		}
	})
	t.Run("AreSpokenOnDemand", func(t *testing.T) {
		t.Parallel()
		b := setup(t, withControl)
		body := `{"next":[{"kind":"WIRE","variant":"RefusedWithProof"},{"kind":"WIRE","variant":"CutBeforeAnything"}]}`
		if status, text := b.ask(t, http.MethodPost, "/sandbox/injections", body); status != http.StatusOK {
			t.Fatalf("got %d %s, want 200", status, text)
		}
		if status, _ := b.chat(t, chat(`["`+mini+`"]`, "x", "")); status != http.StatusTooManyRequests {
			t.Errorf("got %d, want 429", status)
		}
		if got := b.box.Total(); got != 0 {
			t.Errorf("got $%s charged for a refusal, want nothing", got)
		}
		response := b.do(t.Context(), t, http.MethodPost, "/chat/completions", chat(`["`+mini+`"]`, "x", ""))
		if id := response.Header.Get("X-Generation-Id"); b.box.Charges()[id].Cost == 0 {
			t.Errorf("got no charge for the generation %q of an answer that was cut", id)
		}
	})
}
