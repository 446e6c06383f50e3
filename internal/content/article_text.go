package content

import (
	"slices"
	"strings"
)

// sourcesHeadings are the headings of the list of sources, by the language of the market.
var sourcesHeadings = map[string]string{
	"de": "Quellen",
	"es": "Fuentes",
	"fr": "Sources",
	"it": "Fonti",
	"nl": "Bronnen",
	"pt": "Fontes",
}

// Written is the text of a version with what its publishing depends on.
type Written struct {
	Markdown string
	Author   AuthorKind
	Language string // of the market
	// Quotes are the evidence that the text may cite.
	Quotes []Quote
}

// PublishedMarkdown returns a text as readers see it: with numbers in the place of the ids, and with the list of the
// cited sources at its end. In a text of a model these are the only links.
func PublishedMarkdown(w Written) string {
	text, _ := w.published()
	return text
}

// PublishedHTML returns PublishedMarkdown as sanitised HTML. It has no title: that is a field of its own.
func PublishedHTML(w Written) string {
	text, sources := w.published()
	if w.Author == AuthorPerson {
		return RenderMarkdown(text)
	}
	return renderLinked(text, sources)
}

func (w Written) published() (text string, sources []CitedSource) {
	base, _, _ := strings.Cut(strings.ToLower(w.Language), "-")
	heading := sourcesHeadings[base]
	if heading == "" {
		heading = "Sources"
	}
	text, sources = numberCitations(w.Markdown, Sources(w.Quotes))
	if w.Author != AuthorPerson {
		text = WithoutLinks(text)
	}
	return withSources(text, heading, sources), sources
}

// CitedQuotes returns the quotes that a text cites, in their order.
func CitedQuotes(markdown string, quotes []Quote) (cited []Quote) {
	ids := Citations(markdown)
	for _, q := range quotes {
		if slices.Contains(ids, q.ID()) {
			cited = append(cited, q)
		}
	}
	return cited
}

// maxSlug is the longest slug, in characters.
const maxSlug = 80

// Slug returns the last part of the address of a text with this title: its words in lower case, joined by hyphens. It
// has whole words only, except when the first one is longer than 80 characters. It is "article" for a title without
// words.
func Slug(title string) string {
	slug := ""
	for _, word := range Words(title) {
		next := strings.TrimPrefix(slug+"-"+word, "-")
		if len([]rune(next)) > maxSlug {
			break
		}
		slug = next
	}
	if slug == "" {
		if words := Words(title); len(words) > 0 {
			return string([]rune(words[0])[:maxSlug])
		}
		return "article"
	}
	return slug
}
