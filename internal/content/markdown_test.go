package content_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/infin8content/engine/internal/content"
)

func TestRenderMarkdown(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"# A & B\n\nText with `a < b`.": "<h1>A &amp; B</h1>\n<p>Text with <code>a &lt; b</code>.</p>\n",
		"| a |\n|---|\n| 1 |": "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n" +
			"</tbody>\n</table>\n",
		"<script>alert(1)</script>": "\n",
		"[x](javascript:alert(1))":  "<p>x</p>\n",
		"[x](https://a.example/)":   `<p><a href="https://a.example/">x</a></p>` + "\n",
		"```\n<b>&\n```":            "<pre><code>&lt;b&gt;&amp;\n</code></pre>\n",
		"":                          "",
	} {
		if got := content.RenderMarkdown(source); got != want {
			t.Errorf("%q: got %q, want %q", source, got, want)
		}
	}
}

// harmless checks that HTML has neither a script nor another way to run one.
func harmless(t *testing.T, source, rendered string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(rendered))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return
		}
		token := tokens.Token()
		switch token.Data {
		case "script", "style", "iframe", "object", "embed", "form", "input", "svg", "math", "base", "meta", "link":
			if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
				t.Fatalf("%q gives the element %s: %q", source, token.Data, rendered)
			}
		}
		for _, a := range token.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(value, "javascript:") ||
				strings.HasPrefix(value, "data:") || strings.HasPrefix(value, "vbscript:") {
				t.Fatalf("%q gives the attribute %s=%q: %q", source, a.Key, a.Val, rendered)
			}
		}
	}
}

// go test ./internal/content -fuzz MarkdownCannotCarryScript -fuzztime 60s
func FuzzMarkdownCannotCarryScript(f *testing.F) {
	for _, seed := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
		"[x](JaVaScRiPt&colon;alert(1))", "![x](data:text/html;base64,PHNjcmlwdD4=)",
		"<a href=\"java\nscript:alert(1)\">x</a>",
		"<svg onload=alert(1)>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "`<script>`",
		"```html\n<script>alert(1)</script>\n```", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]",
		"| <img onerror=alert(1) src=x> |\n|---|\n| a |", "<!--><img src=x onerror=alert(1)>-->",
		"&lt;script&gt;alert(1)&lt;/script&gt;", "<iframe srcdoc=\"<script>alert(1)</script>\">", "\x00<script\x00>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) { harmless(t, source, content.RenderMarkdown(source)) })
}

// A character that XML forbids breaks the feed of a site. A reference to one is as bad as the character.
func TestRenderMarkdown_HasOnlyCharactersOfXML(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a&#7;b", "a&#x1b;b", "a&#8;b", "a&#xFFFE;b", "a&#xFFFF;b", "a\ufffeb", "a\uffffb", "a\x01b", "a&#0;b", "a\u0085b",
		"[a&#7;b](https://a.example/ \"x&#8;y\")", "`a\x07b`", "```\na\x1bb\n```", "## a&#11;b",
		"![a&#7;b](https://a.example/x)",
	} {
		for name, html := range map[string]string{
			"rendered":  content.RenderMarkdown(text),
			"published": content.PublishedHTML(content.Written{Markdown: text, Language: "en"}),
		} {
			if strings.ContainsFunc(html, func(r rune) bool {
				return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff
			}) || !strings.Contains(html, "a") {
				t.Errorf("%q, %s: got %q", text, name, html)
			}
		}
	}
}

func TestSections(t *testing.T) {
	t.Parallel()
	const source = "Before.\n\n# Title\n\n## One ##\n\nText.\n\n```\n## no heading\n```\n\n" +
		"### Deep\n#no heading\n####### no\n"
	got := content.Sections(source)
	want := []content.Section{
		{Body: "Before."},
		{Level: 1, Heading: "Title"},
		{Level: 2, Heading: "One", Body: "Text.\n\n```\n## no heading\n```"},
		{Level: 3, Heading: "Deep", Body: "#no heading\n####### no"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(got, content.Sections(content.JoinSections(got))); diff != "" {
		t.Errorf("joined and split again (-want +got):\n%s", diff)
	}
	if got := content.Sections(" \n\n"); got != nil {
		t.Errorf("no text: got %v", got)
	}
}

func TestCountWords(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		"": 0, "one two-three, four": 4, "顧客管理システム": 4, "SEO対策": 2, "# Привет, мир": 2,
	} {
		if got := content.CountWords(source); got != want {
			t.Errorf("%q: got %d, want %d", source, got, want)
		}
	}
}
