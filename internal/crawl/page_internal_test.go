package crawl

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/worktime"
)

// pageOf reads a text as a page.
func pageOf(text, contentType string) (Page, []string) {
	return readPage(answer{
		address: &url.URL{Scheme: "https", Host: "web.example", Path: "/"},
		header:  http.Header{"Content-Type": {contentType}},
		body:    []byte(text),
	})
}

func TestReadPage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Long text of the article. ", 20)
	for name, c := range map[string]struct{ html, title, headings, text string }{
		"Plain": {
			"<title>A &amp; B</title><h1>One</h1><p>Two <b>three</b> four</p>",
			"A & B",
			"One",
			"One\nTwo three four",
		},
		"Menu":         {"<nav>Menu</nav><p>Text</p><footer>Foot</footer>", "", "", "Text"},
		"LinkList":     {"<ul><li><a href=/a>A</a></li><li><a href=/b>B</a></li></ul><p>Text</p>", "", "", "Text"},
		"UnclosedMenu": {"<nav>Menu<main><h1>One</h1><p>Text</p></main>", "", "One", "One\nText"},
		"NestedSkip":   {"<aside>a<aside>b</aside>c</aside><p>Text</p>", "", "", "Text"},
		"Script": {
			"<script>var a = '<p>no</p>'</script><style>p{}</style><noscript><p>no</p></noscript><p>Text</p>",
			"",
			"",
			"Text",
		},
		"Hidden":        {"<div hidden><div>no</div>no</div><p>Text</p>", "", "", "Text"},
		"MainAlone":     {"<p>Cookie banner</p><main>" + long + "</main>", "", "", strings.TrimSpace(long)},
		"UnclosedTitle": {"<title>A", "A", "", ""},
		"TwoHeadings":   {"<h1>One</h1><h2>Two<h2>Two</h2><h3>Three</h3>", "", "One|Two", "One\nTwo\nTwo\nThree"},
		"Controls":      {"<p>a\x00b\u202ec\u200bd\U000E0041</p>", "", "", "a bcd"},
		"Entities":      {"<p>&lt;script&gt; &#x41; &nbsp; &unknown;</p>", "", "", "<script> A &unknown;"},
		"EscapedCode":   {"<p>&amp;lt;b&amp;gt; &amp;amp;</p>", "", "", "&lt;b&gt; &amp;"},
		"Invalid":       {"<p>a\xff\xfeb</p>", "", "", "a b"},
	} {
		page, _ := pageOf(c.html, "text/html; charset=utf-8")
		if got := strings.Join(page.Headings, "|"); page.Title != c.title || got != c.headings || page.Text != c.text {
			t.Errorf("%s: got %q, %q, %q, want %q, %q, %q", name, page.Title, got, page.Text, c.title, c.headings, c.text)
		}
	}
}

func TestReadPage_Encodings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ html, contentType, want string }{
		"Header":    {"<p>\xcf\xf0\xe8\xe2\xe5\xf2</p>", "text/html; charset=windows-1251", "Привет"},
		"Meta":      {"<meta charset=shift_jis><p>\x8c\xda\x8bq\x8a\xc7\x97\x9d</p>", "text/html", "顧客管理"},
		"Mark":      {"\xef\xbb\xbf<p>für</p>", "text/html", "für"},
		"UTF16":     {"\xff\xfe<\x00p\x00>\x00\xfc\x00", "text/html", "ü"},
		"Unknown":   {"<meta charset=klingon><p>ok</p>", "text/html; charset=klingon", "ok"},
		"Forbidden": {"<p>ok</p>", "text/html; charset=replacement", ""},
	} {
		page, _ := pageOf(c.html, c.contentType)
		if page.Text != c.want || !utf8.ValidString(page.Text) {
			t.Errorf("%s: got %q, want %q", name, page.Text, c.want)
		}
	}
}

func TestReadPage_Links(t *testing.T) {
	t.Parallel()
	_, links := pageOf("<a href=/a>A</a><nav><a href=/b>B</a></nav><a rel=nofollow href=/c>C</a><a>D</a>"+
		"<a href='"+strings.Repeat("x", maxAddress+1)+"'>E</a>", "text/html")
	if want := []string{"/a", "/b"}; !slices.Equal(links, want) {
		t.Errorf("got %q, want %q", links, want)
	}
}

// Pages that would need much time or memory in a parser that builds a tree.
func TestReadPage_NeedsLittleTime(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]string{
		"Nested": "<div>", "Tables": "<table><tr><td>", "Formatting": "<b><a href=x>", "Attributes": "<p a b c d=e>",
		"Comments": "<!-- -", "Headings": "<h1>x", "Skipped": "<nav>", "Text": "x ", "Entities": "&amp;", "Open": "<",
	} {
		var page Page
		var links []string
		took := worktime.Of(func() { page, links = pageOf(strings.Repeat(piece, maxPage/len(piece)), "text/html") })
		if len(page.Text) > maxText || len(links) > maxLinks || len(page.Headings) > maxHeadings {
			t.Errorf("%s: got %d bytes, %d links, %d headings", name, len(page.Text), len(links), len(page.Headings))
		}
		if took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add("<title>a</title><nav><p hidden>b</nav><a href=x>c</a>", "text/html; charset=latin1")
	f.Fuzz(func(t *testing.T, text, contentType string) {
		page, _ := pageOf(text, contentType)
		for _, s := range append(page.Headings, page.Title, page.Text, page.Language) {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > maxText {
				t.Errorf("got %q", s)
			}
		}
	})
}
