package content

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"
)

const (
	// sameSubject is the similarity from which an existing page answers the same search.
	sameSubject = 0.8
	// MostExisting is how many existing pages are compared.
	MostExisting = 3000
	// mostReasons is how many existing pages a verdict names.
	mostReasons = 3
	// doubtfulUnspaced is the similarity from which keywords of a script without spaces are compared by their result
	// pages: 顧客管理 and 顧客管理システム have 0.27.
	doubtfulUnspaced = 0.2
)

// Existing is a page or an article that is there already. Reference is its address or its id.
type Existing struct {
	Reference string `json:"reference"`
	Title     string `json:"title,omitempty"`
	// Keyword is what the page is found for, or what the article is about.
	Keyword string `json:"keyword,omitempty"`
}

// There is what a plan is compared with: the pages of the customer's own site and the articles of the organization's
// other workflows.
type There struct {
	Existing []Existing
	// Results are the addresses of result pages, the best first, by the normalised keyword; empty without search data.
	Results map[string][]string
	// Site is the address of the customer's website; "" when it is unknown.
	Site string
	// Posts are the addresses of the workflow's own posts. They are no competitors of the plan that replaces them.
	Posts []string
}

// without returns what is there without the workflow's own posts.
func (t There) without() There {
	own := map[string]bool{}
	for _, post := range t.Posts {
		key, _ := addressKey(post)
		own[key] = true
	}
	isPost := func(address string) bool {
		key, _ := addressKey(address)
		return own[key]
	}
	if len(own) == 0 {
		return t
	}
	t.Existing = slices.DeleteFunc(slices.Clone(t.Existing), func(e Existing) bool { return isPost(e.Reference) })
	results := map[string][]string{}
	for text, page := range t.Results {
		results[text] = slices.DeleteFunc(slices.Clone(page), isPost)
	}
	t.Results = results
	return t
}

// OwnPage reports whether an address belongs to a website. That of a website at the root of its host has the same
// registrable domain. That of a website below a path, as of a company on a shared host, is below the same path.
func OwnPage(site, address string) bool {
	base, host := addressKey(site)
	key, _ := addressKey(address)
	switch {
	case site == "" || host == "":
		return false
	case base == host:
		return Registrable(address) == Registrable(site)
	}
	return key == base || strings.HasPrefix(key, base+"/")
}

// cannibals returns the existing pages with the same subject as each page, by its id: those with a similar title,
// keyword or address, and those that a search engine shows for the same search.
func cannibals(pages []TopicPage, there There) map[string][]string {
	found := sameTexts(pages, there)
	for id, twins := range sameResults(pages, there) {
		found[id] = append(found[id], twins...)
	}
	for id := range found {
		slices.Sort(found[id])
		found[id] = slices.Compact(found[id])
		found[id] = found[id][:min(len(found[id]), mostReasons)]
	}
	return found
}

// sameTexts returns the existing pages with a similar title, keyword or address.
func sameTexts(pages []TopicPage, there There) map[string][]string {
	var (
		texts  []string
		owners []string   // the page of each keyword
		twins  []Existing // the existing page of each text after the keywords
	)
	for _, page := range pages {
		for _, k := range page.Keywords {
			texts, owners = append(texts, k.Text), append(owners, page.ID.String())
		}
	}
	for _, one := range there.Existing[:min(len(there.Existing), MostExisting)] {
		for _, form := range forms(one) {
			texts, twins = append(texts, form), append(twins, one)
		}
	}
	found := map[string][]string{}
	for i, matches := range NewLexical(texts).Matches(len(owners), sameSubject) {
		for _, at := range matches {
			found[owners[i]] = append(found[owners[i]], twins[at-len(owners)].Reference)
		}
	}
	return found
}

// shown returns the addresses of the customer's site on the result page of each page, by its id. They may have another
// subject, as a home page has.
func shown(pages []TopicPage, there There) map[string][]string {
	found := map[string][]string{}
	for _, page := range pages {
		results := there.Results[page.Primary().Normalised]
		for _, address := range results[:min(len(results), resultsCompared)] {
			if id := page.ID.String(); OwnPage(there.Site, address) && len(found[id]) < mostReasons {
				found[id] = append(found[id], address)
			}
		}
	}
	return found
}

// sameResults returns the existing pages whose keyword has a result page with enough of the same addresses.
func sameResults(pages []TopicPage, there There) map[string][]string {
	var texts []string
	var results [][]string
	add := func(keyword string) {
		texts, results = append(texts, keyword), append(results, there.Results[Normalise(keyword)])
	}
	for _, page := range pages {
		add(page.Primary().Text)
	}
	var searched []Existing
	for _, one := range there.Existing {
		if one.Keyword != "" && len(there.Results[Normalise(one.Keyword)]) > 0 {
			searched = append(searched, one)
			add(one.Keyword)
		}
	}
	found, evidence := map[string][]string{}, NewEvidence(texts, results, nil)
	for i, page := range pages {
		id := page.ID.String()
		for k, one := range searched {
			similarity, method := evidence.Similarity(i, len(pages)+k)
			if method == MethodSERP && similarity >= Thresholds()[MethodSERP].Page {
				found[id] = append(found[id], one.Reference)
			}
		}
	}
	return found
}

// Doubtful returns the keywords whose result pages would show whether a page has the subject of an existing one: of
// each page without a twin the most similar existing keyword, if it is similar enough for a topic, and the page's own.
// They have no result page yet. The most similar pairs come first; at most most keywords.
func Doubtful(c Clustering, there There, most int) []string {
	there = there.without()
	pages, twins := c.Pages(), cannibals(c.Pages(), there)
	var texts []string
	for _, page := range pages {
		texts = append(texts, page.Primary().Text)
	}
	for _, one := range there.Existing[:min(len(there.Existing), MostExisting)] {
		if len(Words(one.Keyword)) > 0 {
			texts = append(texts, one.Keyword)
		}
	}
	type pair struct {
		page, other string
		similarity  float64
	}
	var pairs []pair
	lexical := NewLexical(texts)
	for i, matches := range lexical.Matches(len(pages), doubtfulUnspaced) {
		best := pair{page: texts[i]}
		for _, at := range matches {
			similarity := lexical.Similarity(i, at)
			near := similarity >= Thresholds()[MethodLexical].Topic || isUnspaced(texts[i]) && isUnspaced(texts[at])
			if near && similarity > best.similarity {
				best.other, best.similarity = texts[at], similarity
			}
		}
		if best.other != "" && len(twins[pages[i].ID.String()]) == 0 {
			pairs = append(pairs, best)
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(a.page, b.page))
	})
	var wanted []string
	asked := map[string]bool{}
	for _, p := range pairs {
		for _, text := range []string{p.page, p.other} {
			if key := Normalise(text); !asked[key] && len(there.Results[key]) == 0 && len(wanted) < most {
				asked[key] = true
				wanted = append(wanted, text)
			}
		}
	}
	return wanted
}

// forms returns the texts by which an existing page is compared: its title without the name of the site, its keyword,
// and the words of the last part of its address.
func forms(one Existing) (texts []string) {
	title := one.Title
	for _, separator := range []string{" | ", " – ", " — ", " - ", " · "} {
		if at := strings.LastIndex(title, separator); at > 0 {
			title = title[:at]
		}
	}
	if len(Words(title)) > 0 {
		texts = append(texts, title)
	}
	if len(Words(one.Keyword)) > 0 {
		texts = append(texts, one.Keyword)
	}
	if parsed, err := url.Parse(one.Reference); err == nil && parsed.Host != "" {
		slug := strings.TrimSuffix(path.Base(parsed.Path), path.Ext(parsed.Path))
		if words := Words(slug); len(words) > 1 {
			texts = append(texts, strings.Join(words, " "))
		}
	}
	return texts
}
