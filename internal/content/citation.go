package content

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// shortestQuote is the least number of characters of a quote. A shorter one occurs in any page. [estimate]
const shortestQuote = 15

// HasQuote reports whether a page has a quote in it. White space, quotation marks and dashes of different forms count
// as equal, and invisible characters do not count. Letters must agree in case.
func HasQuote(page, quote string) bool {
	folded := foldQuote(quote)
	return len([]rune(folded)) >= shortestQuote && strings.Contains(foldQuote(page), folded)
}

var quoteForms = strings.NewReplacer(
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'", "‹", "'", "›", "'",
	"–", "-", "—", "-", "‐", "-", "‑", "-", "−", "-",
)

func foldQuote(text string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	return strings.Join(strings.Fields(quoteForms.Replace(visible)), " ")
}

var (
	// citation is one or more ids of evidence in brackets: [E3] or [E1, E2].
	citation = regexp.MustCompile(`\[E[0-9]{1,4}(?:\s*[,;]\s*E[0-9]{1,4})*\]`)
	citedID  = regexp.MustCompile(`E[0-9]+`)
)

// Citations returns the ids of evidence that a text cites, in the order of their first use.
func Citations(markdown string) []string {
	var ids []string
	for _, group := range citation.FindAllString(markdown, -1) {
		for _, id := range citedID.FindAllString(group, -1) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// CitedSource is a page that a text cites by an id such as "E3".
type CitedSource struct{ ID, URL, Title string }

// NumberCitations replaces the ids of evidence with numbers in the order of their first use, and lists the cited pages
// under a heading at the end. Two ids of one page have one number. An id without a source is dropped, and a source that
// is not cited is not listed. The program writes every address, so that a model cannot invent one.
func NumberCitations(markdown, heading string, sources []CitedSource) string {
	numbered, listed := numberCitations(markdown, sources)
	return withSources(numbered, heading, listed)
}

// numberCitations returns a text with numbers in the place of the ids, and the pages in the order of their numbers.
func numberCitations(markdown string, sources []CitedSource) (numbered string, listed []CitedSource) {
	page := map[string]CitedSource{}
	for _, s := range sources {
		if address, err := url.Parse(s.URL); err == nil && (address.Scheme == "https" || address.Scheme == "http") {
			page[s.ID] = s
		}
	}
	numbered = citation.ReplaceAllStringFunc(markdown, func(group string) string {
		var numbers []string
		for _, id := range citedID.FindAllString(group, -1) {
			source, there := page[id]
			if !there {
				continue
			}
			at := slices.IndexFunc(listed, func(s CitedSource) bool { return s.URL == source.URL })
			if at < 0 {
				at, listed = len(listed), append(listed, source)
			}
			if n := fmt.Sprint(at + 1); !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
		if len(numbers) == 0 {
			return ""
		}
		return "\\[" + strings.Join(numbers, ", ") + "\\]"
	})
	return numbered, listed
}

// withSources returns a text and the list of its sources.
func withSources(text, heading string, sources []CitedSource) string {
	if len(sources) == 0 {
		return text
	}
	var list strings.Builder
	list.WriteString(strings.TrimRight(text, "\n") + "\n\n## " + heading + "\n")
	for i, s := range sources {
		fmt.Fprintf(&list, "\n%d. [%s](<%s>)", i+1, linkText(s.Title, s.URL), escapeTarget(s.URL))
	}
	return list.String() + "\n"
}

// linkText returns a title on one line, with the characters of Markdown escaped.
func linkText(title, address string) string {
	title = strings.Join(strings.Fields(title), " ")
	if title == "" {
		title = address
	}
	return regexp.MustCompile("[\\\\`*_\\[\\]<>&|~#!]").ReplaceAllString(title, `\$0`)
}

var targetEscapes = strings.NewReplacer("<", "%3C", ">", "%3E", "\\", "%5C", "\n", "", "\r", "", " ", "%20")

func escapeTarget(address string) string { return targetEscapes.Replace(address) }
