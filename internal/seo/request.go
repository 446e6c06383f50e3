package seo

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// The services by which requests are priced; see cost.IsService.
const (
	ServiceLabs = cost.ServiceLabs
	ServiceSERP = cost.ServiceSERP
)

// The limits of a request.
const (
	MaxLimit          = 1000 // items of one answer
	MaxKeywordRunes   = 700  // of a query, escaped
	maxTargetBytes    = 253
	serpDepth         = 10 // one page of results, which is what one request of ServiceSERP costs
	maxLanguageLetter = 10
)

// Market is where and in which language people search.
type Market struct {
	LocationCode int    // 2840 is the United States
	LanguageCode string // "en"
}

// Request is one task. Its zero value is none.
type Request struct {
	service string
	path    string
	task    task
	items   int64
	kind    kind
}

type kind int

const (
	rankedKeywords kind = iota
	keywordSuggestions
	organicResults
)

// task is the JSON of a request. Data of clickstreams doubles the price, so it is never asked for.
type task struct {
	Target       string   `json:"target,omitempty"`
	Keyword      string   `json:"keyword,omitempty"`
	LocationCode int      `json:"location_code"`
	LanguageCode string   `json:"language_code"`
	Limit        int      `json:"limit,omitempty"`
	Depth        int      `json:"depth,omitempty"`
	OrderBy      []string `json:"order_by,omitempty"`
	Tag          string   `json:"tag,omitempty"`
}

// RankedKeywords asks for the keywords that a domain is found for, the most searched first, at most limit.
func RankedKeywords(domain string, market Market, limit int) (Request, error) {
	if domain == "" || len(domain) > maxTargetBytes || strings.ContainsAny(domain, "/:@ ") {
		return Request{}, fault.New(fault.InvalidInput, "The domain %.60q cannot be looked up.", domain)
	}
	return newRequest(rankedKeywords, task{
		Target:       domain,
		LocationCode: market.LocationCode,
		LanguageCode: market.LanguageCode,
		Limit:        limit,
		OrderBy:      []string{"keyword_data.keyword_info.search_volume,desc"},
	})
}

// KeywordSuggestions asks for longer keywords that contain a seed, the most searched first, at most limit.
func KeywordSuggestions(seed string, market Market, limit int) (Request, error) {
	return newRequest(keywordSuggestions, task{
		Keyword:      Query(seed),
		LocationCode: market.LocationCode,
		LanguageCode: market.LanguageCode,
		Limit:        limit,
		OrderBy:      []string{"keyword_info.search_volume,desc"},
	})
}

// OrganicResults asks for the first page of Google's organic results.
func OrganicResults(keyword string, market Market) (Request, error) {
	return newRequest(organicResults, task{
		Keyword:      Query(keyword),
		LocationCode: market.LocationCode,
		LanguageCode: market.LanguageCode,
		Depth:        serpDepth,
	})
}

func newRequest(of kind, t task) (Request, error) {
	r := Request{
		service: ServiceLabs,
		path:    "/dataforseo_labs/google/ranked_keywords/live",
		task:    t,
		items:   int64(t.Limit),
		kind:    of,
	}
	switch of {
	case rankedKeywords:
	case keywordSuggestions:
		r.path = "/dataforseo_labs/google/keyword_suggestions/live"
	case organicResults:
		r.service, r.path = ServiceSERP, "/serp/google/organic/live/regular"
	}
	switch {
	case of != rankedKeywords && (t.Keyword == "" || utf8.RuneCountInString(t.Keyword) > MaxKeywordRunes):
		return Request{}, fault.New(fault.InvalidInput, "A keyword to look up has 1 to %d characters.", MaxKeywordRunes)
	case of != organicResults && (t.Limit < 1 || t.Limit > MaxLimit):
		return Request{}, fault.New(fault.InvalidInput, "A request for keywords has a limit from 1 to %d.", MaxLimit)
	case t.LocationCode < 1 || t.LanguageCode == "" || len(t.LanguageCode) > maxLanguageLetter:
		return Request{}, fault.New(fault.InvalidInput, "The market needs a location code and a language code.")
	}
	return r, nil
}

// Service is the name by which the request is priced.
func (r Request) Service() string { return r.service }

// MaxItems is the most items that the answer is charged for; 0 when items are not charged.
func (r Request) MaxItems() int64 { return r.items }

// Key names the request by its content: equal requests have equal keys. It has fewer than 100 characters.
func (r Request) Key() string {
	content, _ := json.Marshal(r.task) // Strings and numbers can always be written.
	sum := sha256.Sum256(append([]byte(r.path+"\n"), content...))
	return fmt.Sprintf("%s/%x", r.name(), sum[:8])
}

func (r Request) name() string {
	switch r.kind {
	case keywordSuggestions:
		return "suggestions"
	case organicResults:
		return "serp"
	default:
		return "ranked"
	}
}

// body returns the bytes of the request: one task, which is all that a live request may have.
func (r Request) body(tag string) ([]byte, error) {
	t := r.task
	t.Tag = tag
	return json.Marshal([]task{t})
}

// operators are the search operators. A query with one costs several times as much.
var operators = map[string]bool{
	"allinanchor": true, "allintext": true, "allintitle": true, "allinurl": true, "cache": true, "define": true,
	"filetype": true, "ext": true, "id": true, "inanchor": true, "info": true, "intext": true, "intitle": true,
	"inurl": true, "link": true, "related": true, "site": true, "before": true, "after": true, "source": true,
	"cid": true,
}

// Query writes a keyword as a query that means only its words. Search operators lose their colon, quotation marks and
// a leading minus are dropped, and the characters that the API would decode are escaped: % as %25, + as %2B.
func Query(keyword string) string {
	words := strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '"' || r == unicode.ReplacementChar || r == '“' || r == '”' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(keyword, " ")))
	var kept []string
	for _, word := range words {
		for _, part := range strings.Fields(plain(word)) {
			if part = strings.TrimLeft(part, "-–"); part != "" {
				kept = append(kept, part)
			}
		}
	}
	return strings.NewReplacer("%", "%25", "+", "%2B").Replace(strings.Join(kept, " "))
}

// plain puts a space in place of the colon after each search operator.
func plain(word string) string {
	parts := strings.Split(word, ":")
	for i, part := range parts[:len(parts)-1] {
		colon := ":"
		if operators[strings.ToLower(strings.TrimLeft(part, "-–("))] {
			colon = " "
		}
		parts[i] = part + colon
	}
	return strings.Join(parts, "")
}
