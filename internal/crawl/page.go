package crawl

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// The limits of a page's parts.
const (
	maxToken    = 256 << 10
	maxTitle    = 300
	maxHeadings = 60
	maxLanguage = 35
	// linkShare is the share of links from which a short block counts as a menu, in percent.
	linkShare      = 60
	linkBlockBytes = 200
	// mainLeast is the least text of the element main for which the rest of the page is dropped, in bytes.
	mainLeast = 400
)

// skipped are the elements without readable text of the page itself.
var skipped = map[atom.Atom]bool{
	atom.Nav: true, atom.Footer: true, atom.Aside: true, atom.Svg: true, atom.Template: true, atom.Button: true,
	atom.Select: true, atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Textarea: true, atom.Iframe: true,
	atom.Object: true, atom.Math: true, atom.Dialog: true, atom.Xmp: true, atom.Noframes: true, atom.Noembed: true,
}

// inline are the elements that end no paragraph.
var inline = map[atom.Atom]bool{
	atom.A: true, atom.Abbr: true, atom.B: true, atom.Bdi: true, atom.Bdo: true, atom.Cite: true, atom.Code: true,
	atom.Data: true, atom.Dfn: true, atom.Em: true, atom.Font: true, atom.I: true, atom.Kbd: true, atom.Mark: true,
	atom.Q: true, atom.S: true, atom.Samp: true, atom.Small: true, atom.Span: true, atom.Strong: true, atom.Sub: true,
	atom.Sup: true, atom.Time: true, atom.U: true, atom.Var: true, atom.Wbr: true, atom.Img: true, atom.Label: true,
}

// void are the elements without an end tag.
var void = map[atom.Atom]bool{
	atom.Area: true, atom.Base: true, atom.Br: true, atom.Col: true, atom.Embed: true, atom.Hr: true, atom.Img: true,
	atom.Input: true, atom.Link: true, atom.Meta: true, atom.Source: true, atom.Track: true, atom.Wbr: true,
}

// reader collects the text of a page from its tags in one pass. It builds no tree, so its time is linear and its memory
// bounded whatever the page nests.
type reader struct {
	page  Page
	links []string

	// skip is the element whose text is left out, and depth how many of its name are open.
	skip  atom.Atom
	depth int

	element atom.Atom // title, h1 or h2, while one is open
	heading strings.Builder

	block, linked strings.Builder // the current paragraph, and the part of it that is links
	inLink        bool
	inMain        bool
	all, main     strings.Builder
}

// readPage reads an HTML page in any encoding that its header or its beginning names.
func readPage(got answer) (Page, []string) {
	r := &reader{page: Page{URL: got.address.String()}}
	var text io.Reader = bytes.NewReader(got.body)
	if decoded, err := charset.NewReader(bytes.NewReader(got.body), got.header.Get("Content-Type")); err == nil {
		text = decoded
	}
	tokens := html.NewTokenizer(text)
	tokens.SetMaxBuf(maxToken)
	for {
		kind := tokens.Next()
		switch kind {
		case html.ErrorToken: // the end, or a token beyond the limit
			return r.end()
		case html.TextToken:
			r.text(string(tokens.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start(tokens, kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := tokens.TagName()
			r.endTag(atom.Lookup(name))
		}
	}
}

func (r *reader) end() (Page, []string) {
	r.endHeading()
	r.flush()
	text := r.all.String()
	if r.main.Len() >= mainLeast {
		text = r.main.String()
	}
	r.page.Text = strings.TrimSpace(text)
	return r.page, r.links
}

func (r *reader) start(tokens *html.Tokenizer, closed bool) {
	name, more := tokens.TagName()
	element := atom.Lookup(name)
	attributes := attributesOf(tokens, more)
	if r.skip != 0 {
		// A menu that is never closed must not hide the rest of the page.
		if element != atom.Main && element != atom.H1 {
			if element == r.skip && !closed {
				r.depth++
			}
			r.link(element, attributes)
			return
		}
		r.skip = 0
	}
	if !inline[element] {
		r.flush()
	}
	_, hidden := attributes["hidden"]
	switch {
	case (skipped[element] || hidden) && !closed && !void[element]:
		r.skip, r.depth = element, 1
	case element == atom.Html:
		r.page.Language = Clean(attributes["lang"], maxLanguage)
	case element == atom.Main || element == atom.Article:
		r.inMain = true
	case element == atom.A:
		r.inLink = true
		r.link(element, attributes)
	case element == atom.Title || element == atom.H1 || element == atom.H2:
		r.endHeading()
		r.element = element
	}
}

// link keeps the address of a link, also of one in a menu.
func (r *reader) link(element atom.Atom, attributes map[string]string) {
	nofollow := strings.Contains(attributes["rel"], "nofollow")
	if element == atom.A && attributes["href"] != "" && !nofollow && len(r.links) < maxLinks {
		r.links = append(r.links, attributes["href"])
	}
}

// attributesOf returns the attributes that count.
func attributesOf(tokens *html.Tokenizer, more bool) map[string]string {
	found := map[string]string{}
	for more {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		switch name := string(key); name {
		case "href", "lang", "rel", "hidden":
			if len(value) <= maxAddress {
				found[name] = string(value)
			}
		}
	}
	return found
}

func (r *reader) endTag(element atom.Atom) {
	if r.skip != 0 {
		if element == r.skip {
			r.depth--
		}
		if r.depth == 0 || element == atom.Body || element == atom.Html {
			r.skip = 0
		}
		return
	}
	if !inline[element] {
		r.flush()
	}
	switch element {
	case atom.Main, atom.Article:
		r.inMain = element == atom.Article && r.inMain
	case atom.A:
		r.inLink = false
	case atom.Title, atom.H1, atom.H2:
		r.endHeading()
	}
}

func (r *reader) text(text string) {
	if r.skip != 0 {
		return
	}
	if r.element != 0 && r.heading.Len() < maxToken {
		r.heading.WriteString(text)
	}
	if r.element == atom.Title || r.block.Len() >= maxText {
		return
	}
	r.block.WriteString(text)
	if r.inLink {
		r.linked.WriteString(text)
	}
}

// endHeading keeps the title or the heading that was open.
func (r *reader) endHeading() {
	text := Clean(strings.Join(strings.Fields(r.heading.String()), " "), maxTitle)
	switch {
	case text == "":
	case r.element == atom.Title && r.page.Title == "":
		r.page.Title = text
	case r.element != atom.Title && len(r.page.Headings) < maxHeadings && !slices.Contains(r.page.Headings, text):
		r.page.Headings = append(r.page.Headings, text)
	}
	r.element = 0
	r.heading.Reset()
}

// flush ends a paragraph. Short ones that are mostly links are menus.
func (r *reader) flush() {
	text := Clean(r.block.String(), maxText)
	linked := Clean(r.linked.String(), maxText)
	r.block.Reset()
	r.linked.Reset()
	if text == "" || len(text) < linkBlockBytes && 100*len(linked) > linkShare*len(text) {
		return
	}
	r.keep(&r.all, text)
	if r.inMain {
		r.keep(&r.main, text)
	}
}

func (r *reader) keep(to *strings.Builder, text string) {
	if left := maxText - to.Len() - 1; left > 0 {
		to.WriteString(cut(text, left))
		to.WriteByte('\n')
	}
}

// Clean returns foreign text on one line, valid and without control characters, of at most limit bytes.
func Clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, r < ' ', r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029':
			return ' '
		case r == '\u00ad', r == '\u061c', r == '\u180e', r == '\u200b', r == '\u200e', r == '\u200f', r == '\ufeff',
			r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069', r >= 0xe0000 && r <= 0xe007f,
			r >= 0xfff0 && r <= 0xffff:
			return -1 // marks without a shape, which can hide or reverse text
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.TrimSpace(cut(strings.Join(strings.Fields(text), " "), limit))
}

// cut shortens a valid text to at most limit bytes.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
