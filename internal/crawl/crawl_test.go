package crawl_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/crawl/sandbox"
)

// newCrawler returns a crawler of the sandbox's websites, and the websites.
func newCrawler(t *testing.T, o crawl.Options) (*crawl.Crawler, *sandbox.Sites) {
	t.Helper()
	sites := sandbox.New()
	t.Cleanup(func() { _ = sites.Close() })
	o.Override = sites.Connect
	if o.Pause == 0 {
		o.Pause = -1
	}
	return crawl.New(o), sites
}

func TestSite_ReadsTheTextOfItsPages(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	site, err := c.Site(t.Context(), "acme-dental-billing.example", 12)
	if err != nil {
		t.Fatal(err)
	}
	if len(site.Pages) != 12 || site.Known < 30 || len(site.Failures) != 0 || len(site.Warnings) != 0 {
		t.Fatalf("got %d pages of %d, failures %v, warnings %v, want 12 of 30 or more, without any",
			len(site.Pages), site.Known, site.Failures, site.Warnings)
	}
	home := site.Pages[0]
	if home.Title != "Software for dental billing software | acme dental billing" || home.Language != "en" {
		t.Errorf("got the title %q and the language %q", home.Title, home.Language)
	}
	if len(home.Headings) != 4 || home.Headings[0] != "Software for dental billing software" {
		t.Errorf("got the headings %q, want four", home.Headings)
	}
	if !strings.Contains(home.Text, "This page is synthetic.") || strings.Contains(home.Text, "Log in") {
		t.Errorf("got %q, want the text without the menu", home.Text)
	}
	sections := map[string]int{}
	for _, p := range site.Pages {
		path := strings.Split(p.URL, "/")[3]
		sections[path]++
		if strings.Contains(p.URL, "/private/") {
			t.Errorf("%s is forbidden by robots.txt", p.URL)
		}
	}
	if sections["blog"] == 0 || sections["guides"] == 0 || sections["product"] == 0 {
		t.Errorf("got pages of %v, want some of each section", sections)
	}
}

func TestSite_IsTheSameEachTime(t *testing.T) {
	t.Parallel()
	var urls [2][]string
	for i := range urls {
		c, _ := newCrawler(t, crawl.Options{})
		site, err := c.Site(t.Context(), "north-logistics.example", 30)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range site.Pages {
			urls[i] = append(urls[i], p.URL)
		}
	}
	if len(urls[0]) != 30 || !slices.Equal(urls[0], urls[1]) {
		t.Errorf("got %v, then %v, want the same 30 pages", urls[0], urls[1])
	}
}

func TestSite_EndsEachTrapWithAnOutcome(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]crawl.Outcome{
		sandbox.Absent:           crawl.Network,
		sandbox.Captcha:          crawl.Blocked,
		sandbox.Forbidden:        crawl.Blocked,
		sandbox.Failing:          crawl.Unavailable,
		sandbox.RedirectMetadata: crawl.Redirected,
		sandbox.RedirectMapped:   crawl.Redirected,
		sandbox.RedirectLoop:     crawl.Redirected,
		sandbox.RedirectAway:     crawl.Redirected,
		sandbox.Bomb:             crawl.TooLarge,
		sandbox.Slow:             crawl.Timeout,
		sandbox.LongHeader:       crawl.Network,
		sandbox.Document:         crawl.NotText,
		"169.254.169.254":        crawl.Blocked,
		"localhost":              crawl.Blocked,
		"[::ffff:10.0.0.1]":      crawl.Blocked,
		"2130706433":             crawl.Blocked,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			limit := time.Minute // A trap that is not noticed ends by its time, which is another outcome.
			if host == sandbox.Slow {
				limit = 300 * time.Millisecond
			}
			c, _ := newCrawler(t, crawl.Options{Timeout: limit})
			began := time.Now()
			_, err := c.Site(t.Context(), host, 30)
			// Without the limit above it would take the ten seconds of the default.
			if took := time.Since(began); host == sandbox.Slow && took > 9*time.Second {
				t.Errorf("took %v", took)
			}
			var failure *crawl.Error
			if !errors.As(err, &failure) || failure.Outcome != want {
				t.Errorf("got %v (%+v), want %s", err, failure, want)
			}
		})
	}
}

// A page may redirect anywhere, so the guard decides.
func TestPage_RefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	for _, address := range []string{
		"https://" + sandbox.RedirectMetadata, "https://" + sandbox.RedirectMapped, "https://169.254.169.254/",
		"http://[::ffff:169.254.169.254]/", "http://localhost/", "https://user:secret@web.example/",
		"https://web.example:8443/", "file:///etc/passwd",
	} {
		_, err := c.Page(t.Context(), address)
		var failure *crawl.Error
		if !errors.As(err, &failure) || failure.Outcome != crawl.Blocked {
			t.Errorf("%s: got %v, want BLOCKED", address, err)
		}
	}
	page, err := c.Page(t.Context(), "https://"+sandbox.RedirectAway)
	if err != nil || page.URL != "https://elsewhere.example/" {
		t.Errorf("got %s, %v, want the page of the other site", page.URL, err)
	}
}

func TestSite_AsksARefusingSiteOnlyForItsHomePage(t *testing.T) {
	t.Parallel()
	c, sites := newCrawler(t, crawl.Options{})
	_, _ = c.Site(t.Context(), sandbox.Captcha, 30)
	if n := sites.Requests(); n != 2 {
		t.Errorf("got %d requests, want robots.txt and the home page", n)
	}
}

func TestSite_ReadsNoSitemapOfAnotherSite(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	site, err := c.Site(t.Context(), sandbox.ForeignSitemap, 30)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"A sitemap of another site was not read.", "A sitemap has an address that is refused."}
	for _, warning := range want {
		if !slices.Contains(site.Warnings, warning) {
			t.Errorf("got the warnings %q, want %q", site.Warnings, warning)
		}
	}
	if len(site.Pages) < 5 {
		t.Errorf("got %d pages, want those that the home page links to", len(site.Pages))
	}
}

func TestSite_EndsInAnEndlessCalendar(t *testing.T) {
	t.Parallel()
	c, sites := newCrawler(t, crawl.Options{})
	site, err := c.Site(t.Context(), sandbox.Calendar, 30)
	if err != nil {
		t.Fatal(err)
	}
	if len(site.Pages) > 6 || sites.Requests() > 10 {
		t.Errorf("got %d pages with %d requests, want a few", len(site.Pages), sites.Requests())
	}
}

func TestSite_EndsWhenTheSiteAsksForFewerRequests(t *testing.T) {
	t.Parallel()
	c, sites := newCrawler(t, crawl.Options{})
	site, err := c.Site(t.Context(), sandbox.Limited, 30)
	if err != nil {
		t.Fatal(err)
	}
	if len(site.Pages) != 1 || len(site.Warnings) == 0 || sites.Requests() > 5 {
		t.Errorf("got %d pages, warnings %q, %d requests, want the home page alone", len(site.Pages), site.Warnings,
			sites.Requests())
	}
}

func TestSite_CleansOtherEncodings(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	site, err := c.Site(t.Context(), sandbox.Latin, 1)
	if err != nil {
		t.Fatal(err)
	}
	page := site.Pages[0]
	if page.Title != "Grüße aus Köln" || page.Headings[0] != "Büroausstattung (synthetic)" ||
		!strings.Contains(page.Text, "für Geschäftskunden") || !utf8.ValidString(page.Text) {
		t.Errorf("got %+v, want clean text", page)
	}
}

func TestSite_LeavesHiddenTextOut(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	site, err := c.Site(t.Context(), sandbox.Injecting, 1)
	if err != nil {
		t.Fatal(err)
	}
	if text := site.Pages[0].Text; strings.Contains(text, "Hidden orders") || !strings.Contains(text, "SYSTEM") {
		t.Errorf("got %q, want the visible text alone", text)
	}
}

func TestSite_NeedsLittleMemoryForABomb(t *testing.T) {
	// Not parallel: it measures the memory of the process.
	c, _ := newCrawler(t, crawl.Options{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := c.Site(t.Context(), sandbox.Bomb, 30)
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; err == nil || used > 128 {
		t.Errorf("got %v and %d MB in all, want an error and at most 128 MB", err, used)
	}
}

func TestSite_WaitsBetweenRequests(t *testing.T) {
	t.Parallel()
	c, sites := newCrawler(t, crawl.Options{Pause: 30 * time.Millisecond})
	began := time.Now()
	if _, err := c.Site(t.Context(), "patient.example", 4); err != nil {
		t.Fatal(err)
	}
	// robots.txt, two sitemaps and four pages: six waits.
	if took := time.Since(began); sites.Requests() != 7 || took < 180*time.Millisecond {
		t.Errorf("got %d requests in %v, want 7 in 180 ms or more", sites.Requests(), took)
	}
}

func TestSite_KeepsItsPagesWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{Pause: 400 * time.Millisecond, SiteTimeout: 3 * time.Second})
	site, err := c.Site(t.Context(), "patient.example", 30)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(site.Pages); n == 0 || n > 10 || len(site.Warnings) == 0 {
		t.Errorf("got %d pages and the warnings %q, want some pages and a warning", n, site.Warnings)
	}
}

func TestSite_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	lost := errors.New("the run is lost")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(lost) })
	if _, err := c.Site(ctx, sandbox.Slow, 30); !errors.Is(err, lost) {
		t.Errorf("got %v, want the cause of the context", err)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	c, _ := newCrawler(t, crawl.Options{})
	for host, want := range map[string]bool{
		"rival.example": true, sandbox.Captcha: true, sandbox.Absent: false, sandbox.Failing: false, "127.0.0.1": false,
	} {
		if err := c.Answers(t.Context(), host); (err == nil) != want {
			t.Errorf("%s: got %v, want %t", host, err, want)
		}
	}
}
