package content_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/content"
)

func FuzzSectionText_HasNoAddress(f *testing.F) {
	for _, seed := range []string{
		"Plain text [E1].",
		"[word](https://invented.example/a) and ![image](http://invented.example/b.png)",
		"<https://invented.example/c> https://invented.example/d www.invented.example",
		"[a][b]\n\n[b]: https://invented.example/e",
		"[a [b](https://invented.example/f)](https://invented.example/g)",
		"[x](<https://invented.example/a b>) [y](javascript:alert(1)) <mail@invented.example>",
		"[m]:\nhttps://invented.example/m",
		"# Title\n\nText\n===\n\n```\n# no heading\n",
		" #",
		"> # Quoted\n\n- # Listed\n\n  Text\n  ---",
		"> [q]: <https://invented.example/q>\n\n[q]",
		"[a]\\\n(https://invented.example/z)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body := content.SectionText(text)
		html := content.RenderMarkdown(body)
		if strings.Contains(html, "href=") || strings.Contains(html, "src=") {
			t.Errorf("the text %q became %q with an address", text, html)
		}
		if strings.Contains(html, "<h1") || strings.Contains(html, "<h2") {
			t.Errorf("the text %q became %q with a heading of the article", text, html)
		}
	})
}

func TestSectionText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"See [the study](https://a.example) [E1].":        "See the study [E1].",
		"## Own heading\n\nText.":                         "### Own heading\n\nText.",
		"Title\n=====\n\nText.":                           "Title\n\nText.",
		"```go\n# comment\n```":                           "```go\n# comment\n```",
		"An open fence\n\n```\ncode":                      "An open fence\n\n```\ncode\n```",
		"- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |": "- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |",
	} {
		if got := content.SectionText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAssignQuotes_EachToOneSection(t *testing.T) {
	t.Parallel()
	sections := []content.SectionPlan{
		{Heading: "What reminders cost"}, {Heading: "How payroll works"}, {Heading: "Questions"},
	}
	quotes := []content.Quote{
		{Number: 1, Text: "Most reminders are free of charge."},
		{Number: 2, Text: "Nothing of this is known."},
		{Number: 3, Text: "A payroll works monthly."},
	}
	var got [][]string
	for _, assigned := range content.AssignQuotes(sections, quotes) {
		ids := []string{}
		for _, q := range assigned {
			ids = append(ids, q.ID())
		}
		got = append(got, ids)
	}
	if diff := cmp.Diff([][]string{{"E1"}, {"E3"}, {"E2"}}, got); diff != "" {
		t.Errorf("the quotes of the sections (-want +got):\n%s", diff)
	}
}

func TestOutline_IsCutToItsLimits(t *testing.T) {
	t.Parallel()
	section := func(heading string, words int) content.SectionPlan {
		return content.SectionPlan{Heading: heading, Words: words}
	}
	_, err := content.Outline{Sections: []content.SectionPlan{
		section("One", 100), section("one", 100), section("Two", 100), section("Three", 100),
	}}.Clean(1000)
	if err == nil {
		t.Error("three different sections are an outline")
	}
	outline, err := content.Outline{Sections: []content.SectionPlan{
		section("## One [E1]", 9000), section("Two", 0), section("Three", 225), section("Four", 225),
	}}.Clean(1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []content.SectionPlan{
		section("One", 281), section("Two", 168), section("Three", 225), section("Four", 225),
	} {
		if got := outline.Sections[i]; got.Heading != want.Heading || got.Words != want.Words {
			t.Errorf("section %d: got %q with %d words, want %q with %d", i, got.Heading, got.Words, want.Heading, want.Words)
		}
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"What it costs – and why!":  "what-it-costs-and-why",
		"名前":                        "名前",
		"!!!":                       "article",
		strings.Repeat("word ", 40): strings.TrimSuffix(strings.Repeat("word-", 16), "-"),
		strings.Repeat("x", 200):    strings.Repeat("x", 80),
	} {
		if got := content.Slug(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}
