package crawl

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html/charset"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/outbound"
)

// sitemapDepth is how deep an index may name others: the files of robots.txt, and those that they name.
const sitemapDepth = 2

// sitemapShare is the part of the time for a site that its sitemaps may take.
const sitemapShare = 3

type sitemap struct {
	address string
	depth   int
}

// readSitemaps adds the addresses of the sitemaps to the frontier. A sitemap of another site is not read, because its
// address could lead anywhere.
func (v *visit) readSitemaps(ctx context.Context, site *Site, front *frontier) {
	ctx, cancel := context.WithTimeout(ctx, v.crawler.siteTimeout/sitemapShare)
	defer cancel()
	var queue []sitemap
	for _, address := range v.rules[v.home.Host].sitemaps {
		queue = append(queue, sitemap{address, 1})
	}
	if len(queue) == 0 {
		queue = []sitemap{{v.home.ResolveReference(&url.URL{Path: "/sitemap.xml"}).String(), 1}}
	}
	seen := map[string]bool{}
	for read := 0; len(queue) > 0 && read < maxSitemaps && !front.full() && ctx.Err() == nil; {
		next := queue[0]
		queue = queue[1:]
		u, problem := v.sitemapAddress(next.address)
		if problem != "" {
			site.warn(problem)
			continue
		}
		if seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		read++
		for _, address := range v.readSitemap(ctx, u, site, front) {
			if next.depth < sitemapDepth && len(queue) < maxSitemaps {
				queue = append(queue, sitemap{address, next.depth + 1})
			}
		}
	}
}

// warn adds a warning once, and at most ten.
func (s *Site) warn(text string) {
	for _, known := range s.Warnings {
		if known == text {
			return
		}
	}
	if len(s.Warnings) < 10 {
		s.Warnings = append(s.Warnings, text)
	}
}

// sitemapAddress returns the address of a sitemap on the site, with the scheme at which the site answers.
func (v *visit) sitemapAddress(text string) (u *url.URL, problem string) {
	u, err := v.home.Parse(text)
	if err == nil {
		u, err = outbound.ParseURL(u.String(), outbound.URLRules{HTTP: outbound.AnyHTTP, Query: true})
	}
	switch {
	case err != nil:
		return nil, "A sitemap has an address that is refused."
	case content.Registrable(u.String()) != v.domain || !isDefaultPort(u):
		return nil, "A sitemap of another site was not read."
	}
	u.Scheme, u.Host = v.home.Scheme, strings.ToLower(u.Hostname())
	return u, ""
}

// readSitemap adds the pages of one file to the frontier and returns the sitemaps that it names.
func (v *visit) readSitemap(ctx context.Context, u *url.URL, site *Site, front *frontier) []string {
	got, failure := v.get(ctx, u, request{limit: maxSitemap})
	if failure != nil {
		if failure.Outcome != NotFound {
			site.warn(fmt.Sprintf("A sitemap was not read: %s", failure.Message))
		}
		return nil
	}
	file := bytes.NewReader(got.body)
	var text io.Reader = file
	if bytes.HasPrefix(got.body, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			site.warn("A sitemap was not read: its compression is broken.")
			return nil
		}
		text = &bounded{from: unpacked, left: maxSitemap}
	}
	nested, err := parseSitemap(text, front)
	switch {
	case errors.Is(err, outbound.ErrTooLarge):
		site.warn("A sitemap was read in part: it is too large.")
	case err != nil:
		site.warn("A sitemap was read in part: it is no valid XML.")
	}
	return nested
}

// parseSitemap reads the addresses of a file, up to the limits.
func parseSitemap(text io.Reader, front *frontier) (nested []string, err error) {
	decoder := xml.NewDecoder(text)
	decoder.Strict = false
	decoder.CharsetReader = charset.NewReaderLabel
	var within []string // the names of the open elements
	var location strings.Builder
	for !front.full() {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nested, nil
		}
		if err != nil {
			return nested, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(within) < 16 {
				within = append(within, t.Name.Local)
			}
			location.Reset()
		case xml.CharData:
			if location.Len() <= maxAddress {
				location.Write(t[:min(len(t), maxAddress+1)])
			}
		case xml.EndElement:
			address := strings.TrimSpace(location.String())
			switch parent := parentOf(within); {
			case t.Name.Local != "loc" || address == "":
			case parent == "sitemap" && len(nested) < maxSitemaps:
				nested = append(nested, address)
			case parent == "url":
				front.add(address)
			}
			location.Reset()
			if len(within) > 0 {
				within = within[:len(within)-1]
			}
		}
	}
	return nested, nil
}

// parentOf returns the name of the element around the innermost one.
func parentOf(within []string) string {
	if len(within) < 2 {
		return ""
	}
	return within[len(within)-2]
}

// bounded fails with outbound.ErrTooLarge after a number of bytes.
type bounded struct {
	from io.Reader
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, outbound.ErrTooLarge
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
