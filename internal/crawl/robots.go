package crawl

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The limits of a robots.txt.
const (
	maxRules = 5000 // more rules forbid everything
	maxRule  = 2048 // bytes of a line that count
)

// rules are what a robots.txt says to this crawler, as in RFC 9309.
type rules struct {
	paths    []rule
	delay    time.Duration
	sitemaps []string
	// homeOnly limits a crawl to the home page: the server refuses to show its robots.txt.
	homeOnly  bool
	forbidden bool
}

type rule struct {
	pattern string
	allow   bool
}

// rulesFrom reads the answer to the request for robots.txt. A file that does not exist allows everything. A refusal is
// often a firewall that answers every request of a program with 403, so only the home page is asked for then. A server
// that fails, or that gives no answer, forbids everything for now.
func rulesFrom(got answer, failure *Error) (*rules, *Error) {
	switch status := statusOf(failure); {
	case failure == nil:
		return parseRules(got.body), nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &rules{homeOnly: true}, nil
	case failure.Outcome == NotFound, failure.Outcome == Redirected:
		return &rules{}, nil
	}
	return nil, failure
}

// group is the records for one set of crawlers.
type group struct {
	paths []rule
	delay time.Duration
}

// parseRules reads a robots.txt. The groups that name this crawler count; without one, those for all crawlers. A line
// that cannot be read counts as absent.
func parseRules(body []byte) *rules {
	var (
		own, all  group
		ownNamed  bool
		targets   []*group
		inHeader  bool
		found     rules
		lineCount int
	)
	lines := bufio.NewScanner(bytes.NewReader(bytes.ReplaceAll(body, []byte("\r"), []byte("\n"))))
	lines.Buffer(nil, len(body)+1)
	for lines.Scan() {
		key, value := record(lines.Bytes())
		switch key {
		case "user-agent":
			if !inHeader {
				targets, inHeader = nil, true
			}
			if value == "*" {
				targets = append(targets, &all)
			} else if names(value) {
				targets, ownNamed = append(targets, &own), true
			}
		case "allow", "disallow":
			inHeader = false
			if value == "" {
				continue
			}
			for _, g := range targets {
				g.paths = append(g.paths, rule{pattern: value, allow: key == "allow"})
				lineCount++
			}
		case "crawl-delay":
			inHeader = false
			for _, g := range targets {
				g.delay = delayOf(value)
			}
		case "sitemap":
			if len(found.sitemaps) < maxSitemaps {
				found.sitemaps = append(found.sitemaps, value)
			}
		}
		if lineCount > maxRules {
			return &rules{forbidden: true}
		}
	}
	chosen := all
	if ownNamed {
		chosen = own
	}
	found.paths, found.delay = chosen.paths, chosen.delay
	return &found
}

// record splits a line into its key in lower case and its value.
func record(line []byte) (key, value string) {
	line, _, _ = bytes.Cut(line[:min(len(line), maxRule)], []byte("#"))
	name, rest, found := bytes.Cut(line, []byte(":"))
	if !found {
		return "", ""
	}
	// The mark of the byte order may stand before the first key.
	name = bytes.TrimPrefix(name, []byte("\ufeff"))
	return strings.ToLower(string(bytes.TrimSpace(name))), string(bytes.TrimSpace(rest))
}

// names reports whether the name in a robots.txt is this crawler's, with or without a version.
func names(value string) bool {
	name, _, _ := strings.Cut(value, "/")
	return strings.EqualFold(strings.TrimSpace(name), agent)
}

func delayOf(value string) time.Duration {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, maxPause.Seconds()) * float64(time.Second))
}

// allow reports whether the rules allow a request. The longest pattern that matches counts; an allowance wins a tie.
func (r *rules) allow(u *url.URL) bool {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if r.forbidden || r.homeOnly && path != "/" {
		return false
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	longest, allowed := -1, true
	for _, rule := range r.paths {
		length := len(rule.pattern)
		if length < longest || length == longest && !rule.allow || !matches(rule.pattern, path) {
			continue
		}
		longest, allowed = length, rule.allow
	}
	return allowed
}

// matches reports whether a path begins with a pattern, in which "*" is any text, and "$" at the end is the end. It
// needs at most len(pattern)·len(path) steps.
func matches(pattern, path string) bool {
	pattern, whole := strings.CutSuffix(pattern, "$")
	pieces := strings.Split(pattern, "*")
	rest, found := strings.CutPrefix(path, pieces[0])
	if !found {
		return false
	}
	for i, piece := range pieces[1:] {
		if whole && i == len(pieces)-2 {
			return strings.HasSuffix(rest, piece)
		}
		at := strings.Index(rest, piece)
		if at < 0 {
			return false
		}
		rest = rest[at+len(piece):]
	}
	return !whole || rest == ""
}
