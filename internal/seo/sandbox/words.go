package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
)

// subjects are what companies are found for, beside the words of their own addresses.
var subjects = []string{
	"inventory planning", "warehouse automation", "fleet tracking", "order picking", "demand forecasting",
	"supplier management", "route optimization", "quality inspection", "predictive maintenance", "shift scheduling",
	"customer onboarding", "invoice processing", "field service", "asset tracking", "energy monitoring",
}

// form is a form of a keyword; %s is its subject.
type form struct{ text, intent string }

var forms = []form{
	{"%s software", "commercial"},
	{"best %s software", "commercial"},
	{"%s pricing", "transactional"},
	{"what is %s", "informational"},
	{"how to improve %s", "informational"},
	{"%s software comparison", "commercial"},
	{"%s checklist", "informational"},
	{"buy %s system", "transactional"},
	{"%s for small business", "commercial"},
	{"%s examples", "informational"},
}

// random returns the random numbers of a request: the same for the same seed and words.
func (s *Sandbox) random(words ...string) *rand.Rand {
	sum := sha256.Sum256([]byte(strings.Join(words, "\n")))
	return rand.New(rand.NewPCG(s.options.Seed, binary.BigEndian.Uint64(sum[:8]))) //nolint:gosec // No secret.
}

// ranked answers with keywords for the words of a domain and some subjects.
func (s *Sandbox) ranked(t task) result {
	random := s.random("ranked", t.Target, t.LanguageCode)
	label, _, _ := strings.Cut(t.Target, ".")
	topics := slices.DeleteFunc(strings.Split(label, "-"), func(word string) bool { return len(word) < 4 })
	if len(topics) < 2 {
		topics = nil // The only word of an address is the name of the company.
	}
	for _, i := range random.Perm(len(subjects))[:5] {
		topics = append(topics, subjects[i])
	}
	var items []any
	for _, f := range forms {
		for _, topic := range topics {
			text := fmt.Sprintf(f.text, topic)
			keyword := s.keyword(t, text, f.intent)
			group := 1 + random.IntN(100)
			items = append(items, map[string]any{
				"se_type":      "google",
				"keyword_data": keyword,
				"ranked_serp_element": map[string]any{"se_type": "google", "serp_item": map[string]any{
					"type":          "organic",
					"rank_group":    group,
					"rank_absolute": group + random.IntN(10),
					"domain":        t.Target,
					"url":           "https://" + t.Target + "/" + url.PathEscape(strings.ReplaceAll(text, " ", "-")),
				}},
			})
		}
	}
	return cut(items, t, random, map[string]any{"se_type": "google", "target": t.Target})
}

// suggestions answers with longer keywords that contain the seed.
func (s *Sandbox) suggestions(t task) result {
	random := s.random("suggestions", t.Keyword, t.LanguageCode)
	seed := decoded(t.Keyword)
	var items []any
	for _, i := range random.Perm(len(forms)) {
		items = append(items, s.keyword(t, fmt.Sprintf(forms[i].text, seed), forms[i].intent))
	}
	for _, word := range []string{"free", "online", "template", "tools", "guide", "services", "near me", "course"} {
		items = append(items, s.keyword(t, seed+" "+word, "informational"))
	}
	return cut(items, t, random, map[string]any{"se_type": "google", "seed_keyword": seed})
}

// cut returns at most the limit of the items, which is 100 if there is none, and sometimes fewer than there are.
func cut(items []any, t task, random *rand.Rand, content map[string]any) result {
	limit := t.Limit
	if limit <= 0 {
		limit = 100
	}
	most := len(items) - random.IntN(1+len(items)/3)
	content["location_code"], content["language_code"] = t.LocationCode, t.LanguageCode
	content["total_count"] = most
	items = items[:min(limit, most)]
	content["items_count"], content["items"] = len(items), items
	return result{content: content, items: len(items)}
}

// keyword is the data of one keyword. Some volumes, difficulties and prices are unknown, and some keywords are in
// another language, as with the provider.
func (s *Sandbox) keyword(t task, text, intent string) map[string]any {
	random := s.random("keyword", text, t.LanguageCode)
	unless := func(share int, value any) any {
		if random.IntN(share) == 0 {
			return nil
		}
		return value
	}
	other := random.IntN(15) == 0
	language := t.LanguageCode
	if other {
		language = "xx"
	}
	return map[string]any{
		"se_type":       "google",
		"keyword":       text,
		"location_code": t.LocationCode,
		"language_code": t.LanguageCode,
		"keyword_info": map[string]any{
			"search_volume":     unless(9, 10*(1+random.IntN(900))),
			"cpc":               unless(4, float64(random.IntN(900))/100),
			"competition":       unless(6, float64(random.IntN(100))/100),
			"competition_level": "LOW",
			"monthly_searches":  []any{},
		},
		"keyword_properties": map[string]any{
			"keyword_difficulty":  unless(8, random.IntN(101)),
			"detected_language":   language,
			"is_another_language": other,
		},
		"search_intent_info": map[string]any{"main_intent": intent},
	}
}

// filler words say how a subject is searched, not what is searched.
var filler = map[string]bool{
	"best": true, "software": true, "pricing": true, "what": true, "is": true, "how": true, "to": true,
	"improve": true, "comparison": true, "checklist": true, "buy": true, "system": true, "for": true, "small": true,
	"business": true, "examples": true, "free": true, "online": true, "template": true, "tools": true, "guide": true,
	"services": true, "near": true, "me": true, "course": true, "tool": true,
}

// results answers with a page of ten. Searches for the same subject share seven pages, and those for different subjects
// share none but a directory that stands everywhere.
func (s *Sandbox) results(t task) result {
	text := decoded(t.Keyword)
	words := strings.Fields(strings.ToLower(text))
	core := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return filler[word] })
	if len(core) == 0 {
		core = words
	}
	slices.Sort(core)
	subject := strings.Join(slices.Compact(core), "-")
	slug := url.PathEscape(strings.Join(words, "-"))
	items := []any{s.page(1, "directory.example", "/lists/"+slug, text)}
	random := s.random("serp", subject, t.LanguageCode)
	for i := range 7 {
		host := fmt.Sprintf("site-%d.example", random.IntN(1_000_000))
		items = append(items, s.page(2+i, host, "/"+url.PathEscape(subject), subject))
	}
	random = s.random("serp", text, t.LanguageCode)
	for i := range 2 {
		host := fmt.Sprintf("blog-%d.example", random.IntN(1_000_000))
		items = append(items, s.page(9+i, host, "/"+slug, text))
	}
	return result{items: len(items), content: map[string]any{
		"keyword":          text,
		"type":             "organic",
		"se_domain":        "google.com",
		"location_code":    t.LocationCode,
		"language_code":    t.LanguageCode,
		"check_url":        "https://www.google.com/search?q=" + url.QueryEscape(text),
		"item_types":       []string{"organic"},
		"se_results_count": 1000,
		"items_count":      len(items),
		"items":            items,
	}}
}

func (s *Sandbox) page(rank int, host, path, title string) map[string]any {
	return map[string]any{
		"type":          "organic",
		"rank_group":    rank,
		"rank_absolute": rank,
		"domain":        host,
		"title":         title + " (sandbox)",
		"description":   "A synthetic result.",
		"url":           "https://" + host + path,
	}
}

// decoded reads a keyword as the API does: %## and + are escapes.
func decoded(keyword string) string {
	text, err := url.QueryUnescape(keyword)
	if err != nil {
		return keyword
	}
	return text
}
