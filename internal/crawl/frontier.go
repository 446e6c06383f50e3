package crawl

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/content"
)

// sameShape is how many addresses that differ only in numbers are read. It stops a calendar without an end.
const sameShape = 3

// maxLinks is how many links of one page count.
const maxLinks = 300

// otherFiles are the endings of files that are no pages.
var otherFiles = []string{
	".7z", ".avi", ".css", ".csv", ".doc", ".docx", ".gif", ".gz", ".ico", ".jpeg", ".jpg", ".js", ".json", ".mov", ".mp3",
	".mp4", ".pdf", ".png", ".ppt", ".pptx", ".rar", ".rss", ".svg", ".txt", ".wav", ".webm", ".webp", ".woff", ".woff2",
	".xls", ".xlsx", ".xml", ".zip",
}

// frontier are the addresses of a site that are not read yet. It hands them out in turn from the site's sections, so
// that one large section does not hide the others. The same additions give the same order.
type frontier struct {
	domain   string
	scheme   string // at which the site answers
	seen     map[string]bool
	shapes   map[string]int
	sections [][]*url.URL
	index    map[string]int // of a section, by the first part of the path
	turn     int
}

func newFrontier(domain, scheme string) *frontier {
	return &frontier{
		domain: domain,
		scheme: scheme,
		seen:   map[string]bool{},
		shapes: map[string]int{},
		index:  map[string]int{},
	}
}

// full reports whether the frontier takes no more addresses.
func (f *frontier) full() bool { return len(f.seen) >= maxAddresses }

// known is how many different pages were named.
func (f *frontier) known() int { return len(f.seen) }

// skip marks an address as read.
func (f *frontier) skip(u *url.URL) { f.seen[keyOf(u)] = true }

// addLinks adds the addresses of the links on a page.
func (f *frontier) addLinks(page *url.URL, links []string) {
	for _, link := range links {
		if u, err := page.Parse(link); err == nil {
			f.add(u.String())
		}
	}
}

// add takes an absolute address of a page on the site. It drops addresses of other sites, with a query, and of files.
func (f *frontier) add(address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil, len(address) > maxAddress, f.full(), u.Scheme != "http" && u.Scheme != "https",
		u.User != nil, u.RawQuery != "", !isDefaultPort(u), content.Registrable(address) != f.domain,
		slices.Contains(otherFiles, strings.ToLower(path.Ext(u.Path))):
		return
	}
	u.Fragment, u.Scheme, u.Host = "", f.scheme, strings.ToLower(u.Hostname())
	key := keyOf(u)
	if f.seen[key] {
		return
	}
	f.seen[key] = true
	shape := shapeOf(key)
	if f.shapes[shape]++; f.shapes[shape] > sameShape {
		return
	}
	section, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !strings.Contains(strings.TrimPrefix(u.Path, "/"), "/") {
		section = "" // the pages of the first level are one section
	}
	at, there := f.index[section]
	if !there {
		at = len(f.sections)
		f.index[section] = at
		f.sections = append(f.sections, nil)
	}
	f.sections[at] = append(f.sections[at], u)
}

// next returns the next address; nil when there is none.
func (f *frontier) next() *url.URL {
	for range f.sections {
		at := f.turn % len(f.sections)
		f.turn++
		if section := f.sections[at]; len(section) > 0 {
			f.sections[at] = section[1:]
			return section[0]
		}
	}
	return nil
}

// keyOf is the same for addresses that are nearly always the same page.
func keyOf(u *url.URL) string {
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") + strings.TrimSuffix(u.EscapedPath(), "/")
}

// shapeOf replaces the numbers of an address.
func shapeOf(key string) string {
	var shape strings.Builder
	digit := false
	for _, r := range key {
		isDigit := r >= '0' && r <= '9'
		switch {
		case isDigit && !digit:
			shape.WriteByte('#')
		case !isDigit:
			shape.WriteRune(r)
		}
		digit = isDigit
	}
	return shape.String()
}
