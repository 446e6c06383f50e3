package content

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var (
	inlineLink = regexp.MustCompile(`!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)`)
	definition = regexp.MustCompile(`(?m)^[ >\t]{0,8}\[[^\]\n]*\]:.*$`)
	// angleLink may have citations in it: it is a link when they are dropped.
	angleLink   = regexp.MustCompile(`<(?:` + citation.String() + `|[^<>\s])*[:@](?:` + citation.String() + `|[^<>\s])*>`)
	bareAddress = regexp.MustCompile(`(?i)(?:https?://|www\.)[^\s<>()\[\]]*`)
)

// disarm breaks every form of link: none is without these signs. The last ones spell an address as references.
var disarm = strings.NewReplacer("](", "] (", "]:", "] :", "][", "] [", "<", "&lt;", "&", "&amp;", `\`, `\\`)

// WithoutLinks returns a text of which no link, image, link definition or address is left, neither before nor after its
// citations are numbered. The words of a link stay.
func WithoutLinks(markdown string) string {
	for range 8 { // A link within a link appears when the outer one is gone.
		next := inlineLink.ReplaceAllString(markdown, "$1")
		next = definition.ReplaceAllString(next, "")
		next = angleLink.ReplaceAllString(next, "")
		next = bareAddress.ReplaceAllString(next, "")
		if next == markdown {
			break
		}
		markdown = next
	}
	for _, form := range slices.Compact([]string{ // One without citations.
		markdown,
		citation.ReplaceAllString(markdown, ""),
		citation.ReplaceAllString(markdown, `\[1\]`),
	}) {
		if hasLinks(form) {
			return disarm.Replace(markdown)
		}
	}
	return markdown
}

// hasLinks reports whether a text has a link, an address that is rendered as one, or a definition that another text
// could use.
func hasLinks(source string) bool {
	found := read(source)
	return found.defines || len(found.links) > 0 || bareAddress.MatchString(resolved(found.text))
}

// resolved returns a text with its escapes and entities resolved, as it is rendered.
func resolved(words string) string {
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations([]byte(words)))))
}

// targetOf returns the target of a link or an image as it is rendered; "" for another node.
func targetOf(n ast.Node, source []byte) string {
	switch n := n.(type) {
	case *ast.Link:
		return string(util.URLEscape(n.Destination, true))
	case *ast.Image:
		return string(util.URLEscape(n.Destination, true))
	case *ast.AutoLink:
		return rendered(string(n.URL(source)))
	}
	return ""
}

// rendered returns an address in the form that links to it have when they are rendered.
func rendered(address string) string { return string(util.URLEscape([]byte(address), false)) }

// renderLinked is RenderMarkdown with no image, and with links to the sources only. Of the others the words stay.
func renderLinked(source string, sources []CitedSource) string {
	var targets []string
	for _, s := range sources {
		targets = append(targets, string(util.URLEscape([]byte(escapeTarget(s.URL)), true)))
	}
	raw := []byte(source)
	document := markdown.Parser().Parse(text.NewReader(raw))
	var foreign []ast.Node
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Link, *ast.Image, *ast.AutoLink:
			_, isImage := n.(*ast.Image)
			if entering && (isImage || !slices.Contains(targets, targetOf(n, raw))) {
				foreign = append(foreign, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range foreign {
		parent := n.Parent()
		for child := n.FirstChild(); child != nil; child = n.FirstChild() {
			parent.InsertBefore(parent, n, child)
		}
		parent.RemoveChild(parent, n)
	}
	var html bytes.Buffer
	if err := markdown.Renderer().Render(&html, raw, document); err != nil {
		return "" // Only a writer that fails gives an error, and a buffer does not.
	}
	return sanitised(html.String())
}
