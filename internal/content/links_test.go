package content_test

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/content"
)

// spelled are ways to spell an address that only a renderer resolves.
var spelled = []string{
	"&#104;ttp&#58;//evil.example/", "&#x68;ttps&colon;//evil.example/", "ht[E98, E99]tps://evil.example/",
	`https\://evil.example/`, "&#47;/evil.example/",
}

// placed are pairs of sections that have a link to %s together, and some of them alone.
var placed = [][2]string{
	{"- [report]: %s", "See the [report]."},
	{"> - [report]: %s", "See the ![report][]."},
	{"1. [report]:\n   <%s>", "[The study][report] says so."},
	{"    [report]: %s", "[report]"},
	{"Text.\n\n````\n```\n[x]", "````\n[report]: %s\n\n[report]"},
	{"<!-- open", "-->\n\n[report]: %s\n\n[report]"},
	{"[x[E1]]: %s", "[x[E1]]"},
	{"[[E1]]: %s", "[[E1]]"},
	{"[report][E99](%s)", "Text."},
	{"[report]\\[E99](%s)", "Text."},
	{"<%s>", "Text."},
	{"%s", "Text."},
	{"- ![report](%s)", "Text."},
	{"[report](\n%s)", "| [a]: %s |\n|---|\n| [a] |"},
}

func draftOf(bodies [2]string) content.Draft {
	return content.Draft{
		Outline: content.Outline{Sections: []content.SectionPlan{{Heading: "One"}, {Heading: "Two"}}},
		Bodies:  []string{content.SectionText(bodies[0]), content.SectionText(bodies[1])},
		Edit:    content.Edit{Introduction: "Intro.", ConclusionHeading: "End", Conclusion: "Conclusion."},
	}
}

func TestDraft_PlacesNoAddress(t *testing.T) {
	t.Parallel()
	source := content.Quote{Number: 1, URL: "https://source.example/a?b=1&amp=2", Title: "Source", Text: "Quote."}
	for _, pair := range placed {
		for _, address := range spelled {
			bodies := [2]string{
				"Fact [E1].\n\n" + strings.ReplaceAll(pair[0], "%s", address),
				strings.ReplaceAll(pair[1], "%s", address),
			}
			joined := bodies[0] + "\n\n" + bodies[1]
			for name, markdown := range map[string]string{"draft": draftOf(bodies).Markdown(), "kept": joined} {
				text := content.Written{Markdown: markdown, Quotes: []content.Quote{source}}
				onlySource(t, name, markdown, content.PublishedHTML(text))
				// Another renderer may see the Markdown.
				onlySource(t, name, markdown, content.RenderMarkdown(content.PublishedMarkdown(text)))
			}
		}
	}
}

// onlySource fails the test for an address in HTML other than that of the source.
func onlySource(t *testing.T, name, markdown, html string) {
	t.Helper()
	rest := strings.Replace(html, `<a href="https://source.example/a?b=1&amp;amp=2"`, "", 1)
	if rest == html || strings.Contains(rest, "href=") || strings.Contains(rest, "src=") ||
		strings.Contains(rest, "https://") || strings.Contains(rest, "http://") {
		t.Errorf("%s: %q became %q, want one address, the source's", name, markdown, html)
	}
}

func TestPublishedHTML_KeepsALinkOfAPerson(t *testing.T) {
	t.Parallel()
	text := content.Written{Markdown: "See [it](https://partner.example/).", Author: content.AuthorPerson}
	const want = `<p>See <a href="https://partner.example/">it</a>.</p>` + "\n"
	if got := content.PublishedHTML(text); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if text.Author = content.AuthorEngine; strings.Contains(content.PublishedHTML(text), "partner") {
		t.Error("a text of a model keeps its link")
	}
}

func TestCheckArticle_ResolvesLinks(t *testing.T) {
	t.Parallel()
	for markdown, foreign := range map[string]bool{
		"[a](&#104;ttps&#58;//evil.example/)":           true,
		"[a](&#47;/evil.example/)":                      true,
		"[a](///evil.example/)":                         true,
		"- [a]: &#104;ttp&colon;//evil.example/\n\n[a]": true,
		"<ht[E98, E99]tps://evil.example/>":             true,
		"[[E1]]: https://evil.example/\n\n[[E1]]":       true,
		"![a](https://evil.example/a.png)":              true,
		"[a](mailto:a@evil.example)":                    true,
		"[a](/pricing) [b](https://www.own.example/)":   false,
		"[a](<https://source.example/?a=1&b=ü>)":        false,
		"[a](https://source.example/?a=1&amp;b=ü)":      false,
	} {
		checks := content.CheckArticle(content.ArticleText{
			Markdown: "Text. " + strings.Repeat("\n", 2) + markdown + "\n",
			Evidence: []string{"E1"},
			Links:    []string{"https://source.example/?a=1&b=ü"},
			Hosts:    []string{"own.example"},
		})
		found := false
		for _, c := range checks {
			found = found || c.Code == content.CheckForeignLink && c.IsBlocking
		}
		if found != foreign {
			t.Errorf("%q: foreign is %t, want %t", markdown, found, foreign)
		}
	}
}
