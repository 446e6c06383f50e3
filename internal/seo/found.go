package seo

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/cost"
)

// The bounds of what is kept of an item.
const (
	maxTextRunes = 200
	maxURLBytes  = 2048
	maxItems     = MaxLimit
)

// Keyword is a keyword with what is known of it. An unknown figure is nil.
type Keyword struct {
	Text       string     `json:"text"`
	Volume     *int       `json:"volume,omitempty"`     // searches a month
	Difficulty *int       `json:"difficulty,omitempty"` // 0 (easy) to 100
	CPC        *cost.Pico `json:"cpc,omitempty"`        // what a click on an advertisement costs
	Intent     string     `json:"intent,omitempty"`     // INFORMATIONAL, NAVIGATIONAL, COMMERCIAL or TRANSACTIONAL
	Language   string     `json:"language,omitempty"`   // as the provider detected it
	// IsOtherLanguage says that the keyword is in another language than the request.
	IsOtherLanguage bool `json:"isOtherLanguage,omitempty"`
	// Rank is the place of the domain among the results; nil for a suggestion. URL is the page that has the place; "" when
	// the provider does not say so.
	Rank *int   `json:"rank,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Result is one organic result of a search.
type Result struct {
	Rank   int    `json:"rank"`
	URL    string `json:"url"`
	Domain string `json:"domain"`
	Title  string `json:"title,omitempty"`
}

// found reads the items of an answer. An item that cannot be read is left out.
func found(r Request, items []value) Found {
	var f Found
	for _, item := range items[:min(len(items), maxItems)] {
		members := item.object()
		if r.kind == organicResults {
			if result, ok := resultOf(members); ok {
				f.Results = append(f.Results, result)
			}
			continue
		}
		data := members
		if r.kind == rankedKeywords {
			data = members["keyword_data"].object()
		}
		if keyword, ok := keywordOf(data); ok {
			element := members["ranked_serp_element"].object()["serp_item"].object()
			keyword.Rank = element["rank_absolute"].number()
			if u, valid := webAddress(element["url"].text()); valid {
				keyword.URL = u.String()
			}
			f.Keywords = append(f.Keywords, keyword)
		}
	}
	return f
}

func keywordOf(data map[string]value) (Keyword, bool) {
	info, properties := data["keyword_info"].object(), data["keyword_properties"].object()
	k := Keyword{
		Text:            cleanText(data["keyword"].text(), maxTextRunes),
		Volume:          info["search_volume"].number(),
		Difficulty:      properties["keyword_difficulty"].number(),
		CPC:             info["cpc"].amount(),
		Intent:          intentOf(data["search_intent_info"].object()["main_intent"].text()),
		Language:        cleanText(properties["detected_language"].text(), maxLanguageLetter),
		IsOtherLanguage: properties["is_another_language"].flag(),
	}
	if k.Difficulty != nil && *k.Difficulty > 100 {
		k.Difficulty = nil
	}
	return k, k.Text != ""
}

func intentOf(text string) string {
	switch intent := strings.ToUpper(text); intent {
	case "INFORMATIONAL", "NAVIGATIONAL", "COMMERCIAL", "TRANSACTIONAL":
		return intent
	}
	return ""
}

// resultOf reads one element of a page of results. Advertisements, boxes and elements without a web address are none.
func resultOf(members map[string]value) (Result, bool) {
	rank := members["rank_group"].number()
	u, valid := webAddress(members["url"].text())
	if members["type"].text() != "organic" || rank == nil || !valid {
		return Result{}, false
	}
	return Result{
		Rank:   *rank,
		URL:    u.String(),
		Domain: strings.ToLower(u.Hostname()),
		Title:  cleanText(members["title"].text(), maxTextRunes),
	}, true
}

// webAddress reads the address of a page.
func webAddress(text string) (u *url.URL, valid bool) {
	u, err := url.Parse(text)
	return u, err == nil && len(text) <= maxURLBytes && utf8.ValidString(text) &&
		(u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}
