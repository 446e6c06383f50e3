package content

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// The rules of validation.
const (
	// sameSubject is the similarity from which an existing page answers the same search.
	sameSubject = 0.8
	// purePage and mixedPage are the shares of the most frequent intent below which a page is WEAK, and INVALID.
	purePage, mixedPage = 0.7, 0.5
	// closeCall is how far above its threshold the similarity of a page may be and still be doubtful.
	closeCall = 1.05
	// MostExisting is how many existing pages are compared.
	MostExisting = 3000
	// mostReasons is how many existing pages a verdict names.
	mostReasons = 3
)

// Existing is a page or an article that is there already. Reference is its address or its id.
type Existing struct {
	Reference string `json:"reference"`
	Title     string `json:"title,omitempty"`
}

// Validate returns a verdict about every page and every topic of a clustering, the topics first. existing are the pages
// of the customer's own site and the articles of the organization's other workflows.
func Validate(c Clustering, existing []Existing) []Validated {
	twins := cannibals(c.Pages(), existing)
	var topics, pages []Validated
	for _, topic := range c.Topics {
		var own []Validated
		for _, page := range topic.Pages {
			own = append(own, validatePage(page, twins[page.ID.String()]))
		}
		topics = append(topics, validateTopic(topic, own))
		pages = append(pages, own...)
	}
	for _, page := range c.Own {
		pages = append(pages, validatePage(page, twins[page.ID.String()]))
	}
	return append(topics, pages...)
}

func validatePage(page TopicPage, twins []string) Validated {
	id := page.ID
	v := Validated{
		PageID:     &id,
		WorkflowID: page.WorkflowID,
		Verdict:    VerdictValid,
		Reasons:    []string{describe(page.Similarity, len(page.Keywords))},
		Size:       len(page.Keywords),
	}
	v.Purity, v.Language = purity(page.Keywords), language(page.Keywords)
	say := func(verdict Verdict, format string, args ...any) {
		v.Reasons = append(v.Reasons, fmt.Sprintf(format, args...))
		if verdict == VerdictInvalid || v.Verdict == VerdictValid {
			v.Verdict = verdict
		}
	}
	for _, twin := range twins {
		say(VerdictInvalid, "CANNIBALISES %s", twin)
	}
	switch {
	case v.Purity < mixedPage:
		say(VerdictInvalid, "MIXED_INTENT: %.0f%% of the keywords have the same intent.", 100*v.Purity)
	case v.Purity < purePage:
		say(VerdictWeak, "MIXED_INTENT: %.0f%% of the keywords have the same intent.", 100*v.Purity)
	}
	if v.Language == "mul" {
		say(VerdictInvalid, "OTHER_LANGUAGE: The keywords are in several languages.")
	}
	for _, method := range page.Similarity.Methods {
		if limit := Thresholds()[method].Page; page.Similarity.Least < limit*closeCall && len(page.Similarity.Methods) == 1 {
			say(VerdictWeak, "LOW_SIMILARITY: %.2f is close to the limit of %.2f.", page.Similarity.Least, limit)
		}
	}
	if !slices.ContainsFunc(page.Keywords, func(k TopicKeyword) bool { return k.SeedID != nil }) {
		say(VerdictWeak, "NOT_SELECTED: No keyword of the page was selected in the seed review.")
	}
	return v
}

// describe says how alike the keywords of a group are.
func describe(s Similarity, size int) string {
	if size < 2 || len(s.Methods) == 0 {
		return fmt.Sprintf("SIZE: %d keyword(s).", size)
	}
	methods := make([]string, len(s.Methods))
	for i, method := range s.Methods {
		methods[i] = string(method)
	}
	return fmt.Sprintf("SIMILARITY: %d keywords, least %.2f, mean %.2f by %s.", size, s.Least, s.Mean,
		strings.Join(methods, " and "))
}

// validateTopic sums the verdicts of its pages up: VALID with a valid hub, INVALID without any other page than INVALID
// ones.
func validateTopic(topic PageTopic, pages []Validated) Validated {
	id := topic.ID
	var keywords []TopicKeyword
	counts := map[Verdict]int{}
	for i, page := range topic.Pages {
		keywords = append(keywords, page.Keywords...)
		counts[pages[i].Verdict]++
	}
	v := Validated{
		TopicID:    &id,
		WorkflowID: topic.WorkflowID,
		Verdict:    VerdictWeak,
		Reasons: []string{
			describe(topic.Similarity, len(keywords)),
			fmt.Sprintf("PAGES: %d valid, %d weak, %d invalid.", counts[VerdictValid], counts[VerdictWeak],
				counts[VerdictInvalid]),
		},
		Purity:   purity(keywords),
		Size:     len(keywords),
		Language: language(keywords),
	}
	switch {
	case counts[VerdictInvalid] == len(pages):
		v.Verdict = VerdictInvalid
	case pages[0].Verdict == VerdictValid:
		v.Verdict = VerdictValid
	}
	return v
}

// purity returns the share of the most frequent intent among the keywords whose intent is known; 1 when none is.
func purity(keywords []TopicKeyword) float64 {
	counts, known, most := map[Intent]int{}, 0, 0
	for _, k := range keywords {
		if k.Intent != "" {
			counts[k.Intent]++
			known++
			most = max(most, counts[k.Intent])
		}
	}
	if known == 0 {
		return 1
	}
	return float64(most) / float64(known)
}

// language returns the language of the keywords: "" when unknown, "mul" for several.
func language(keywords []TopicKeyword) string {
	found := ""
	for _, k := range keywords {
		switch own := base(k.Language); {
		case own == "" || own == found:
		case found == "":
			found = own
		default:
			return "mul"
		}
	}
	return found
}

// cannibals returns the existing pages with the same subject as each page, by its id.
func cannibals(pages []TopicPage, existing []Existing) map[string][]string {
	var (
		texts  []string
		owners []string   // the page of each keyword
		there  []Existing // the existing page of each text after the keywords
	)
	for _, page := range pages {
		for _, k := range page.Keywords {
			texts, owners = append(texts, k.Text), append(owners, page.ID.String())
		}
	}
	for _, one := range existing[:min(len(existing), MostExisting)] {
		for _, form := range forms(one) {
			texts, there = append(texts, form), append(there, one)
		}
	}
	found := map[string][]string{}
	for i, matches := range NewLexical(texts).Matches(len(owners), sameSubject) {
		for _, at := range matches {
			found[owners[i]] = append(found[owners[i]], there[at-len(owners)].Reference)
		}
	}
	for id := range found {
		slices.Sort(found[id])
		found[id] = slices.Compact(found[id])
		found[id] = found[id][:min(len(found[id]), mostReasons)]
	}
	return found
}

// forms returns the texts by which an existing page is compared: its title without the name of the site, and the words
// of the last part of its address.
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
	if parsed, err := url.Parse(one.Reference); err == nil && parsed.Host != "" {
		slug := strings.TrimSuffix(path.Base(parsed.Path), path.Ext(parsed.Path))
		if words := Words(slug); len(words) > 1 {
			texts = append(texts, strings.Join(words, " "))
		}
	}
	return texts
}
