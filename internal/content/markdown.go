package content

import (
	"bytes"
	"strings"
	"sync"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// markdown reads CommonMark with tables and strikethrough. It drops raw HTML.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))

// sanitizer allows the elements of an article and links by http, https and mailto. It works on the HTML: what is safe
// as Markdown may not be safe as HTML, and code blocks would break.
var sanitizer = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowRelativeURLs(false)
	p.RequireNoFollowOnLinks(false)
	return p
})

// RenderMarkdown returns a text as sanitised HTML: no script, no style, no event handler, no frame and no form.
func RenderMarkdown(source string) string {
	var html bytes.Buffer
	if err := markdown.Convert([]byte(source), &html); err != nil {
		return "" // Only a writer that fails gives an error, and a buffer does not.
	}
	return sanitised(html.String())
}

// sanitised returns HTML that is safe, and that a site can have in its feed.
func sanitised(html string) string {
	// A reference such as &#7; is a control character by now.
	return PlainLines(sanitizer().Sanitize(html))
}

// UnixLines returns a text with the line ends of Unix.
func UnixLines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// PlainLines returns valid text with the line ends of Unix, without control characters except tabs, and without the two
// characters that XML forbids beside them. One of these breaks the feed of a site.
func PlainLines(source string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, UnixLines(strings.ToValidUTF8(source, "�")))
}

// Section is a heading with the text up to the next heading.
type Section struct {
	// Level is the number of # before the heading; 0 for the text before the first heading.
	Level   int
	Heading string
	Body    string
}

// Sections splits a text at its headings of the form "## Heading". A line of a fenced code block is no heading.
func Sections(source string) []Section {
	var all []Section
	now, fence := Section{}, ""
	var body strings.Builder
	end := func() {
		now.Body = strings.Trim(body.String(), "\n")
		if now.Level > 0 || strings.TrimSpace(now.Body) != "" {
			all = append(all, now)
		}
		body.Reset()
	}
	for line := range strings.Lines(source) {
		fence = fenceAfter(fence, line)
		if level, heading := headingOf(line); fence == "" && level > 0 {
			end()
			now = Section{Level: level, Heading: heading}
			continue
		}
		body.WriteString(line)
	}
	end()
	return all
}

// fenceAfter returns the fence that is open after a line; "" when none is. Only one as long as itself closes a fence.
func fenceAfter(fence, line string) string {
	trimmed := strings.TrimLeft(line, " ")
	if len(line)-len(trimmed) > 3 || trimmed == "" {
		return fence
	}
	mark := trimmed[:1]
	rest := strings.TrimLeft(trimmed, mark)
	run := trimmed[:len(trimmed)-len(rest)]
	switch {
	case mark != "`" && mark != "~" || len(run) < 3:
	case fence == "" && (mark == "~" || !strings.Contains(rest, mark)):
		return run
	case strings.HasPrefix(run, fence) && strings.TrimSpace(rest) == "":
		return ""
	}
	return fence
}

// headingOf returns the level and the text of a heading line; 0 for any other line.
func headingOf(line string) (level int, heading string) {
	line = strings.TrimRight(line, "\r\n")
	for level < len(line) && line[level] == '#' {
		level++
	}
	if level == 0 || level > 6 || level < len(line) && line[level] != ' ' && line[level] != '\t' {
		return 0, ""
	}
	return level, strings.TrimSpace(strings.TrimRight(strings.TrimSpace(line[level:]), "#"))
}

// JoinSections writes sections as one text. It is the reverse of Sections, except for blank lines.
func JoinSections(sections []Section) string {
	var joined strings.Builder
	for _, s := range sections {
		if joined.Len() > 0 {
			joined.WriteString("\n\n")
		}
		if s.Level > 0 {
			joined.WriteString(strings.Repeat("#", s.Level) + " " + s.Heading)
			if s.Body != "" {
				joined.WriteString("\n\n")
			}
		}
		joined.WriteString(s.Body)
	}
	return joined.String()
}

// CountWords counts the words of a text as an editor does. A script without spaces between words has about one word
// for every two letters.
func CountWords(source string) (count int) {
	for _, word := range Words(source) {
		for _, run := range scriptRuns(word) {
			if run.unspaced {
				count += (len([]rune(run.text)) + 1) / 2
			} else {
				count++
			}
		}
	}
	return count
}

// plain is a text without its markup.
type plain struct {
	text  string   // one line for each block; no code
	links []string // the targets of links and images, as they are rendered
	// defines reports a definition of a link, used or not.
	defines bool
}

// read returns the words and the links of a text.
func read(source string) plain {
	var found plain
	var words strings.Builder
	raw := []byte(source)
	parsed := parser.NewContext()
	document := markdown.Parser().Parse(text.NewReader(raw), parser.WithContext(parsed))
	found.defines = len(parsed.References()) > 0
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() == ast.TypeBlock {
				words.WriteByte('\n')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock, *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		case *ast.Link, *ast.Image, *ast.AutoLink:
			found.links = append(found.links, targetOf(n, raw))
		case *ast.Text:
			words.Write(n.Segment.Value(raw))
			if n.SoftLineBreak() || n.HardLineBreak() {
				words.WriteByte(' ')
			}
		case *ast.String:
			words.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	found.text = words.String()
	return found
}

// isTitled reports whether a text has a heading of level 1 or 2.
func isTitled(source string) (titled bool) {
	document := markdown.Parser().Parse(text.NewReader([]byte(source)))
	_ = ast.Walk(document, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		heading, is := n.(*ast.Heading)
		titled = titled || is && heading.Level < 3
		return ast.WalkContinue, nil
	})
	return titled
}
