package crawl

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/worktime"
)

func TestRules_Allow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		robots string
		allow  []string
		forbid []string
	}{
		"Empty":      {"", []string{"/", "/a?b=c"}, nil},
		"NoRule":     {"User-agent: *\nDisallow:\n", []string{"/a"}, nil},
		"Everything": {"User-agent: *\nDisallow: /\n", nil, []string{"/", "/a"}},
		"LongestWins": {
			"User-agent: *\nDisallow: /a\nAllow: /a/b\n",
			[]string{"/", "/a/b/c"},
			[]string{"/a", "/ab", "/a/c"},
		},
		"AllowWinsATie": {"User-agent: *\nDisallow: /a\nAllow: /a\n", []string{"/a"}, nil},
		"Wildcards": {
			"User-agent: *\nDisallow: /*/private\nDisallow: /*.php$\n",
			[]string{"/private", "/x.php5"},
			[]string{"/a/private", "/a/b/private/c", "/x.php"},
		},
		"EndOfThePath": {"User-agent: *\nDisallow: /a$\n", []string{"/a/", "/ab"}, []string{"/a"}},
		"Anchored":     {"User-agent: *\nDisallow: /a*b\n", []string{"/x/a/b"}, []string{"/a/b", "/ab"}},
		"Query":        {"User-agent: *\nDisallow: /*?\n", []string{"/a"}, []string{"/a?b=c"}},
		"OwnGroupAlone": {
			"User-agent: *\nDisallow: /\n\nUser-agent: infin8contentbot/2.0\nDisallow: /b\n",
			[]string{"/a"},
			[]string{"/b"},
		},
		"OwnGroupTwice": {
			"User-agent: Infin8ContentBot\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: Infin8Cont" +
				"entBot\nDisallow: /b",
			[]string{"/c"},
			[]string{"/a", "/b"},
		},
		"SharedGroup": {"User-agent: x\nUser-agent: *\nDisallow: /a\n", []string{"/b"}, []string{"/a"}},
		"OtherGroup":  {"User-agent: Googlebot\nDisallow: /\n", []string{"/a"}, nil},
		"Comments": {
			"# all\nUser-agent: * # each\nDisallow: /a # not this\n",
			[]string{"/b"},
			[]string{"/a"},
		},
		"RuleWithoutGroup": {"Disallow: /\nUser-agent: *\nDisallow: /a\n", []string{"/b"}, []string{"/a"}},
		"Garbage": {
			"\x00\xff<html>\nUser-agent *\nCrawl-delay: soon\nUser-agent: *\nDisallow: /a\n",
			[]string{"/b"},
			[]string{"/a"},
		},
		"OldLineEnds":   {"User-agent: *\rDisallow: /a\r", []string{"/b"}, []string{"/a"}},
		"ByteOrderMark": {"\ufeffUser-agent: *\nDisallow: /a\n", []string{"/b"}, []string{"/a"}},
		"TooManyRules": {
			"User-agent: *\n" + strings.Repeat("Disallow: /*x\n", maxRules+1),
			nil,
			[]string{"/", "/a"},
		},
	} {
		r := parseRules([]byte(c.robots))
		for path, want := range paths(c.allow, c.forbid) {
			u, err := url.Parse("https://web.example" + path)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.allow(u); got != want {
				t.Errorf("%s: %s: got %t, want %t", name, path, got, want)
			}
		}
	}
}

func paths(allow, forbid []string) map[string]bool {
	all := map[string]bool{}
	for _, path := range allow {
		all[path] = true
	}
	for _, path := range forbid {
		all[path] = false
	}
	return all
}

func TestRules_Delay(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"2": 2 * time.Second, "0.5": 500 * time.Millisecond, "1e9": maxPause, "-1": 0, "NaN": 0, "+Inf": maxPause, "": 0,
	} {
		if got := parseRules([]byte("User-agent: *\nCrawl-delay: " + value)).delay; got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

func TestMatches_NeedsLittleTime(t *testing.T) {
	t.Parallel()
	var matched bool
	took := worktime.Of(func() {
		matched = matches("/"+strings.Repeat("*a", 1000)+"b", "/"+strings.Repeat("a", 2000))
	})
	if matched {
		t.Error("got a match, want none")
	}
	if took > time.Second {
		t.Errorf("took %v", took)
	}
}

// A status decides what an absent robots.txt means.
func TestRulesFrom(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		401: "home", 403: "home", 404: "all", 410: "all", 400: "all", 429: "none", 500: "none", 503: "none", 599: "none",
	} {
		failure := statusFailure(status, http.Header{})
		failure.cause = &statusError{status}
		got := "all"
		switch r, failed := rulesFrom(answer{}, failure); {
		case failed != nil:
			got = "none"
		case r.homeOnly:
			got = "home"
		}
		if got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
	}
}

func TestParseSitemap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text         string
		pages, files int
	}{
		"Pages": {
			`<urlset><url><loc> https://web.example/a </loc></url><url><loc>https://web.example/b</loc></ur` +
				`l></urlset>`,
			2,
			0,
		},
		"Index": {`<sitemapindex><sitemap><loc>https://web.example/s.xml</loc></sitemap></sitemapindex>`, 0, 1},
		"Images": {
			`<urlset><url><loc>https://web.example/a</loc><image:image><image:loc>x</image:loc></image:imag` +
				`e></url></urlset>`,
			1,
			0,
		},
		"CDATA": {`<urlset><url><loc><![CDATA[https://web.example/a]]></loc></url></urlset>`, 1, 0},
		"Foreign": {
			`<urlset><url><loc>https://other.example/a</loc></url><url><loc>file:///etc/passwd</loc></url></urlset>`,
			0,
			0,
		},
		"Cut": {`<urlset><url><loc>https://web.example/a</loc></url><url><loc>https://web`, 1, 0},
		"Latin": {
			"<?xml version='1.0' encoding='iso-8859-1'?><urlset><url><loc>https://web.example/caf\xe9</loc>" +
				"</url></urlset>",
			1,
			0,
		},
		"HTML":  {`<!doctype html><html><body><br>Not found</body></html>`, 0, 0},
		"Empty": {``, 0, 0},
		"Deep":  {strings.Repeat("<a>", 100_000), 0, 0},
		"Plain": {"https://web.example/a\n", 0, 0},
		"Entities": {`<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]><urlset><url>` +
			`<loc>https://web.example/&c;</loc></url></urlset>`, 1, 0},
	} {
		front := newFrontier("web.example", "https")
		nested, _ := parseSitemap(strings.NewReader(c.text), front)
		if got := front.known(); got != c.pages || len(nested) != c.files {
			t.Errorf("%s: got %d pages and %d files, want %d and %d", name, got, len(nested), c.pages, c.files)
		}
	}
}

func TestFrontier_HasAtMostItsLimit(t *testing.T) {
	t.Parallel()
	front := newFrontier("web.example", "https")
	var text strings.Builder
	text.WriteString("<urlset>")
	for i := range maxAddresses + 100 {
		name := strings.Repeat("x", i/26+1) + string(rune('a'+i%26))
		text.WriteString("<url><loc>https://web.example/" + name + "</loc></url>")
	}
	if _, err := parseSitemap(strings.NewReader(text.String()), front); err != nil {
		t.Fatal(err)
	}
	if got := front.known(); got > maxAddresses {
		t.Errorf("got %d addresses, want at most %d", got, maxAddresses)
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /*a$\nSitemap: x"), "/ab")
	f.Fuzz(func(_ *testing.T, body []byte, path string) {
		parseRules(body).allow(&url.URL{Path: path})
	})
}
