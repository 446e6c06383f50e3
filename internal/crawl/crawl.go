// Package crawl reads websites: robots.txt, sitemaps and a few pages, as text. Addresses come from people, models and
// other websites, so every request goes through package outbound.
//
// It refuses to ask more than a site allows: the rules of robots.txt hold, requests to one site wait for each other,
// and numbers, sizes and times have limits. It follows no link to another site, keeps no cookies and runs no script.
package crawl

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/outbound"
)

// The limits of a crawl.
const (
	// MaxPages is the most pages of one site.
	MaxPages = 30
	// DefaultPause is the least time between two requests to one site.
	DefaultPause = time.Second
	// DefaultTimeout bounds one request, DefaultSiteTimeout all requests to one site.
	DefaultTimeout     = 10 * time.Second
	DefaultSiteTimeout = 90 * time.Second

	maxPause      = 10 * time.Second
	maxRedirects  = 5
	maxPage       = 2 << 20
	maxRobots     = 500 << 10 // RFC 9309, section 2.5
	maxSitemap    = 10 << 20
	maxHeader     = 64 << 10
	maxSitemaps   = 50
	maxAddresses  = 10_000
	maxText       = 64 << 10
	maxAddress    = 2048
	maxSitesPaced = 10_000
)

// DefaultUserAgent names the program and a contact. Its first word is the name for robots.txt.
const DefaultUserAgent = agent + "/1.0 (+https://github.com/infin8content/engine)"

// agent is the name of the crawler in robots.txt.
const agent = "Infin8ContentBot"

// Options configure a Crawler. The zero value is good for the public web.
type Options struct {
	// Contact is an address or a URL for the administrators of websites; DefaultUserAgent has one when empty.
	Contact string
	// Pause is the least time between two requests to one site. DefaultPause when zero, none when negative.
	Pause time.Duration
	// Timeout bounds one request, and SiteTimeout all requests to one site.
	Timeout, SiteTimeout time.Duration
	// Override connects to the sites of a sandbox.
	Override outbound.Override
	// Resolver looks names up; the system's when nil.
	Resolver *net.Resolver
}

// Crawler reads websites. It is safe for concurrent use.
type Crawler struct {
	client      *http.Client
	userAgent   string
	pause       time.Duration
	siteTimeout time.Duration

	mu   sync.Mutex
	next map[string]time.Time // by registrable domain: the earliest time of the next request
}

// New returns a Crawler.
func New(o Options) *Crawler {
	c := &Crawler{
		client: outbound.New(outbound.Options{
			Mode:           outbound.Public,
			Timeout:        cmp.Or(o.Timeout, DefaultTimeout),
			MaxBodyBytes:   maxSitemap,
			MaxHeaderBytes: maxHeader,
			KeepAlive:      true,
			PlainHTTP:      true,
			Resolver:       o.Resolver,
			Override:       o.Override,
		}),
		userAgent:   DefaultUserAgent,
		pause:       max(0, cmp.Or(o.Pause, DefaultPause)),
		siteTimeout: cmp.Or(o.SiteTimeout, DefaultSiteTimeout),
		next:        map[string]time.Time{},
	}
	if o.Contact != "" {
		c.userAgent = agent + "/1.0 (+" + o.Contact + ")"
	}
	return c
}

// Page is the readable part of a page.
type Page struct {
	URL string
	// Title is the text of the element title, Headings are those of h1 and h2, in order.
	Title    string
	Headings []string
	Language string // as the page says; "" without a word about it
	// Text is the readable text: paragraphs on lines of their own, without menus, at most 64 kB.
	Text string
}

// Failure is a page that could not be read.
type Failure struct {
	URL     string
	Outcome Outcome
}

// Site is what a crawl of one site has read.
type Site struct {
	Domain string
	Pages  []Page
	// Known is how many addresses the sitemaps and the pages name.
	Known int
	// Addresses are the pages among them that were not read, in the order in which they would be.
	Addresses []string
	Failures  []Failure
	// Warnings are sentences about what was left out.
	Warnings []string
}

// Site reads the home page of a domain and up to most further pages: those of its sitemaps, or those that its pages
// link to. An *Error means that no page was read. A crawl that ends early returns the pages that it has.
func (c *Crawler) Site(ctx context.Context, domain string, most int) (Site, error) {
	limited, cancel := context.WithTimeout(ctx, c.siteTimeout)
	defer cancel()
	v, err := c.visit(limited, domain)
	if err != nil {
		return Site{}, ended(ctx, err)
	}
	site := Site{Domain: domain}
	front := newFrontier(v.domain, v.home.Scheme)
	front.skip(v.home)
	most = min(max(most, 1), MaxPages)
	if v.rules[v.home.Host].homeOnly {
		most = 1
		site.warn("The site refuses the crawler its robots.txt, so only the home page was read.")
	} else {
		v.readSitemaps(limited, &site, front)
	}
	failure := v.readPages(limited, &site, front, most)
	site.Known = front.known()
	for next := front.next(); next != nil; next = front.next() {
		site.Addresses = append(site.Addresses, next.String())
	}
	if ctx.Err() != nil || len(site.Pages) == 0 {
		return Site{}, ended(ctx, failure)
	}
	return site, nil
}

// Page reads one page. Its redirects may lead to other sites, whose robots.txt holds as well. The error is an *Error.
func (c *Crawler) Page(ctx context.Context, address string) (Page, error) {
	limited, cancel := context.WithTimeout(ctx, c.siteTimeout)
	defer cancel()
	u, err := outbound.ParseURL(address, outbound.URLRules{HTTP: outbound.AnyHTTP, Query: true})
	if err != nil {
		return Page{}, failed(Blocked, "The address is refused: "+err.Error()+".", err)
	}
	v := &visit{crawler: c, rules: map[string]*rules{}, anywhere: true}
	page, _, failure := v.page(limited, u)
	if failure != nil {
		return Page{}, ended(ctx, failure)
	}
	return page, nil
}

// Answers reports whether a domain resolves to public addresses and has a web server that answers. The error is an
// *Error.
func (c *Crawler) Answers(ctx context.Context, domain string) error {
	limited, cancel := context.WithTimeout(ctx, c.siteTimeout)
	defer cancel()
	if _, err := c.visit(limited, domain); err != nil {
		return ended(ctx, err)
	}
	return nil
}

// wait waits until a request to a site may be sent.
func (c *Crawler) wait(ctx context.Context, host string, pause time.Duration) error {
	pause = min(max(c.pause, pause), maxPause)
	if pause == 0 {
		return ctx.Err()
	}
	site, now := content.Registrable("https://"+host), time.Now()
	c.mu.Lock()
	at := c.next[site]
	if at.Before(now) {
		at = now
	}
	if len(c.next) >= maxSitesPaced {
		for name, next := range c.next {
			if next.Before(now) {
				delete(c.next, name)
			}
		}
	}
	c.next[site] = at.Add(pause)
	c.mu.Unlock()
	if at.Equal(now) {
		return ctx.Err()
	}
	timer := time.NewTimer(at.Sub(now))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
