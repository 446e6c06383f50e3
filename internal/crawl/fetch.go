package crawl

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/outbound"
)

// visit is one crawl of one site.
type visit struct {
	crawler *Crawler
	domain  string // registrable
	home    *url.URL
	rules   map[string]*rules // by host
	// anywhere lets redirects lead to other sites.
	anywhere bool
}

// answer is a complete answer with a status of 2xx.
type answer struct {
	address *url.URL // after redirects
	header  http.Header
	body    []byte
}

// visit opens a site: it finds the address at which the site answers, and reads its robots.txt. A site without https,
// and one that answers only at "www.", is found too.
func (c *Crawler) visit(ctx context.Context, domain string) (*visit, error) {
	v := &visit{crawler: c, domain: content.Registrable("https://" + domain), rules: map[string]*rules{}}
	var first error
	bases := []string{"https://" + domain, "https://www." + domain, "http://" + domain}
	for _, base := range bases {
		u, err := outbound.ParseURL(base+"/", outbound.URLRules{HTTP: outbound.AnyHTTP})
		if err != nil {
			return nil, failed(Blocked, "The address is refused: "+err.Error()+".", err)
		}
		_, failure := v.rulesOf(ctx, u)
		if failure == nil {
			v.home = u
			return v, nil
		}
		if first == nil {
			first = failure
		}
		if failure.Outcome != Network || ctx.Err() != nil {
			return nil, failure
		}
	}
	return nil, first
}

// rulesOf returns the rules of a host. It asks once.
func (v *visit) rulesOf(ctx context.Context, u *url.URL) (*rules, *Error) {
	if known, there := v.rules[u.Host]; there {
		return known, nil
	}
	got, failure := v.get(ctx, u.ResolveReference(&url.URL{Path: "/robots.txt"}), request{robots: true, limit: maxRobots})
	found, failure := rulesFrom(got, failure)
	if failure == nil {
		v.rules[u.Host] = found
	}
	return found, failure
}

// request says what get asks for.
type request struct {
	limit  int64
	robots bool // the request for robots.txt itself needs no permission
	accept string
}

// get asks for an address and follows its redirects. Each hop stays on the site, obeys robots.txt, waits for its turn,
// and is checked by the client at the moment of its connection.
func (v *visit) get(ctx context.Context, u *url.URL, in request) (answer, *Error) {
	for range maxRedirects + 1 {
		if err := v.allow(ctx, u, in.robots); err != nil {
			return answer{}, err
		}
		got, next, err := v.ask(ctx, u, in)
		if err != nil || next == nil {
			return got, err
		}
		if next.Scheme != u.Scheme {
			return answer{}, failed(Redirected, "The server redirects to another scheme.", nil)
		}
		u = next
	}
	return answer{}, failed(Redirected, "The server redirects too often.", nil)
}

// allow returns when a request may be sent.
func (v *visit) allow(ctx context.Context, u *url.URL, robots bool) *Error {
	if !v.anywhere && content.Registrable(u.String()) != v.domain {
		return failed(Redirected, "The server redirects to another site.", nil)
	}
	pause := v.crawler.pause
	if !robots {
		r, failure := v.rulesOf(ctx, u)
		if failure != nil {
			return failure
		}
		if !r.allow(u) {
			return failed(Blocked, "The robots.txt of the site forbids the page.", errRobots)
		}
		pause = r.delay
	}
	if err := v.crawler.wait(ctx, u.Hostname(), pause); err != nil {
		return failureOf(err)
	}
	return nil
}

// ask sends one request. It returns the address of a redirect as next.
func (v *visit) ask(ctx context.Context, u *url.URL, in request) (got answer, next *url.URL, failure *Error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, nil, failureOf(err)
	}
	r.Header.Set("User-Agent", v.crawler.userAgent)
	if in.accept != "" {
		r.Header.Set("Accept", in.accept)
	}
	response, err := v.crawler.client.Do(r)
	if err != nil {
		return answer{}, nil, failureOf(err)
	}
	// The rest of a long body is not worth the connection.
	defer func() { _ = response.Body.Close() }()
	status := response.StatusCode
	if status >= 300 && status <= 399 && response.Header.Get("Location") != "" {
		if next, err = response.Location(); err != nil {
			return answer{}, nil, failed(Redirected, "The server redirects to no address.", err)
		}
		next.Fragment = ""
		return answer{}, next, nil
	}
	if status < 200 || status > 299 {
		failure := statusFailure(status, response.Header)
		failure.cause = &statusError{status}
		return answer{}, nil, failure
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, in.limit+1))
	switch {
	case err != nil:
		return answer{}, nil, failureOf(err)
	case int64(len(body)) > in.limit && !in.robots:
		return answer{}, nil, failed(TooLarge, "The answer is too large.", nil)
	case !plain(response.Header):
		return answer{}, nil, failed(NotText, "The answer has an unknown encoding.", nil)
	}
	return answer{address: u, header: response.Header, body: body[:min(int64(len(body)), in.limit)]}, nil, nil
}

// plain reports whether a body is as it was written. The client has unpacked gzip and dropped the header then. Some
// servers name the encoding of the text, or none.
func plain(header http.Header) bool {
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Encoding"))) {
	case "", "identity", "none", "utf-8":
		return true
	}
	return false
}

// errRobots is the cause of a failure by robots.txt.
var errRobots = errors.New("robots.txt forbids the page")

// statusError is the cause of a failure by its status.
type statusError struct{ status int }

func (e *statusError) Error() string { return http.StatusText(e.status) }

// statusOf returns the status of a failure; 0 without one.
func statusOf(failure *Error) int {
	var status *statusError
	if failure != nil && errors.As(failure, &status) {
		return status.status
	}
	return 0
}

// page reads one page and the addresses that it links to.
func (v *visit) page(ctx context.Context, u *url.URL) (Page, []string, *Error) {
	got, failure := v.get(ctx, u, request{limit: maxPage, accept: "text/html,application/xhtml+xml"})
	if failure != nil {
		return Page{}, nil, failure
	}
	if !isHTML(got) {
		return Page{}, nil, failed(NotText, "The answer is no HTML page.", nil)
	}
	page, links := readPage(got)
	return page, links, nil
}

func isHTML(got answer) bool {
	kind := got.header.Get("Content-Type")
	if kind == "" {
		kind = http.DetectContentType(got.body)
	}
	// A parameter that cannot be read does not hide the type.
	media, _, _ := mime.ParseMediaType(kind)
	if media == "" {
		media, _, _ = strings.Cut(strings.ToLower(kind), ";")
	}
	media = strings.TrimSpace(media)
	return media == "text/html" || media == "application/xhtml+xml"
}

// isDefaultPort reports whether an address has the port of its scheme.
func isDefaultPort(u *url.URL) bool {
	_, port, err := net.SplitHostPort(u.Host)
	return err != nil || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80"
}
