package content

import (
	"fmt"
	"slices"
	"strings"
)

// The rules of validation.
const (
	// purePage and mixedPage are the shares of the most frequent intent below which a page is WEAK, and INVALID.
	purePage, mixedPage = 0.7, 0.5
	// closeCall is how far above its threshold the similarity of a page may be and still be doubtful.
	closeCall = 1.05
)

// Validate returns a verdict about every page and every topic of a clustering, the topics first, compared with what is
// there already.
func Validate(c Clustering, there There) []Validated {
	there = there.without()
	twins, found := cannibals(c.Pages(), there), shown(c.Pages(), there)
	var topics, pages []Validated
	for _, topic := range c.Topics {
		var own []Validated
		for _, page := range topic.Pages {
			own = append(own, validatePage(page, twins[page.ID.String()], found[page.ID.String()]))
		}
		topics = append(topics, validateTopic(topic, own))
		pages = append(pages, own...)
	}
	for _, page := range c.Own {
		pages = append(pages, validatePage(page, twins[page.ID.String()], found[page.ID.String()]))
	}
	return append(topics, pages...)
}

func validatePage(page TopicPage, twins, found []string) Validated {
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
	for _, address := range found {
		if !slices.Contains(twins, address) {
			say(VerdictWeak, "FOUND_ALREADY %s", address)
		}
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
