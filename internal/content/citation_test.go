package content_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/content"
)

func TestHasQuote(t *testing.T) {
	t.Parallel()
	const page = "The firm said:\n “Sales grew by 12 % in 2025 – the\tbest year”.\u00a0Co\u00adsts did not."
	for quote, want := range map[string]bool{
		`"Sales grew by 12 % in 2025 - the best year"`: true,
		"Sales grew by 12 % in 2025":                   true,
		"Costs did not.":                               false, // too short to prove anything
		"the best year”. Costs did not.":               true,
		"sales grew by 12 % in 2025":                   false,
		"Sales grew by 13 % in 2025":                   false,
		"":                                             false,
	} {
		if got := content.HasQuote(page, quote); got != want {
			t.Errorf("%q: got %t, want %t", quote, got, want)
		}
	}
}

func TestCitations(t *testing.T) {
	t.Parallel()
	got := content.Citations("A [E3], b [E1, E3]; c [E12;E2]. No: [e1] [E] E4 [E5.")
	if diff := cmp.Diff([]string{"E3", "E1", "E12", "E2"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNumberCitations(t *testing.T) {
	t.Parallel()
	sources := []content.CitedSource{
		{ID: "E1", URL: "https://a.example/x_y", Title: "A [best] page\nof all"},
		{ID: "E2", URL: "https://a.example/x_y", Title: "The same page"},
		{ID: "E3", URL: "https://b.example/?q=<i>", Title: ""},
		{ID: "E4", URL: "javascript:alert(1)", Title: "Bad"},
		{ID: "E5", URL: "https://c.example/", Title: "Not cited"},
	}
	got := content.NumberCitations("One [E3]. Two [E1, E2, E3]. Three [E4]. Four [E9].\n", "Sources", sources)
	const want = "One \\[1\\]. Two \\[2, 1\\]. Three . Four .\n\n## Sources\n\n" +
		"1. [https://b.example/?q=\\<i\\>](<https://b.example/?q=%3Ci%3E>)\n" +
		"2. [A \\[best\\] page of all](<https://a.example/x_y>)\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := content.NumberCitations("None [E9].", "Sources", nil); got != "None ." {
		t.Errorf("no source: got %q", got)
	}
}
