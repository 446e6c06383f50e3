package content

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of Phrases.
const (
	shortestPhrase = 2
	longestPhrase  = 5
	// phraseBody is how much of a page's text counts, in bytes.
	phraseBody = 8 << 10
	// prominentWeight is how much more a title, a heading or a slug counts than the text.
	prominentWeight = 4
	// mostPages is the number of pages from which more pages make a phrase no more important.
	mostPages = 6
	// repeatedPages is the number of pages from which a line that half of them have counts as part of the layout.
	repeatedPages = 4
	// shortestRun and longestRun bound a word of a script without spaces, in characters.
	shortestRun = 3
	longestRun  = 12
)

// PageText is the text of one page of a website.
type PageText struct {
	Title    string
	Headings []string
	// Slug is the last part of the page's path.
	Slug string
	Text string // one paragraph a line
}

// Phrase is a group of words on pages of one website.
type Phrase struct {
	Text string
	// Pages is how many pages have it.
	Pages int
	// prominent is how many of them have it in a title, a heading or the slug. first says that the first page does.
	prominent int
	first     bool
}

// weight is what a phrase counts: a few pages that are about it say more than many that mention it.
func (p Phrase) weight() int {
	return prominentWeight*min(p.prominent, mostPages) + min(p.Pages, mostPages)
}

// Phrases returns the phrases of 2 to 5 words that most pages have; those of titles, headings and slugs count more. A
// phrase neither begins nor ends with a word that has no meaning of its own, and has fewer of them than other words.
// A phrase of more than half of the pages is part of the layout, unless the first page, the home page, is about it.
// Of two phrases with the same pages, one in the other, the longer one stays. The same pages give the same phrases.
func Phrases(pages []PageText, most int) []Phrase {
	found := map[string]*Phrase{}
	layout := layoutLines(pages)
	for number, page := range pages {
		here := map[string]int{}
		for _, text := range append([]string{page.Title, strings.ReplaceAll(page.Slug, "-", " ")}, page.Headings...) {
			addPhrases(here, text, prominentWeight)
		}
		left := phraseBody
		for line := range strings.SplitSeq(page.Text, "\n") {
			if left -= len(line); left < 0 {
				break
			}
			if !layout[line] {
				addPhrases(here, line, 1)
			}
		}
		for text, weight := range here {
			if found[text] == nil {
				found[text] = &Phrase{Text: text}
			}
			found[text].Pages++
			if weight == prominentWeight {
				found[text].prominent++
				found[text].first = found[text].first || number == 0
			}
		}
	}
	return bestPhrases(found, len(pages), most)
}

// layoutLines are the lines that at least half of the pages have, such as the notice about cookies.
func layoutLines(pages []PageText) map[string]bool {
	layout := map[string]bool{}
	if len(pages) < repeatedPages {
		return layout
	}
	counts := map[string]int{}
	for _, page := range pages {
		lines := strings.Split(page.Text, "\n")
		slices.Sort(lines)
		for _, line := range slices.Compact(lines) {
			if counts[line]++; 2*counts[line] >= len(pages) {
				layout[line] = true
			}
		}
	}
	return layout
}

// addPhrases notes the phrases of a text with the highest weight that they have on the page.
func addPhrases(phrases map[string]int, text string, weight int) {
	note := func(phrase string) { phrases[phrase] = max(phrases[phrase], weight) }
	for part := range strings.FieldsFuncSeq(text, endsPhrase) {
		words := Words(part)
		for start := range words {
			if isUnspaced(words[start]) {
				if n := utf8.RuneCountInString(words[start]); n >= shortestRun && n <= longestRun {
					note(words[start])
				}
				continue
			}
			for length := shortestPhrase; length <= longestPhrase && start+length <= len(words); length++ {
				if group := words[start : start+length]; isPhrase(group) {
					note(strings.Join(group, " "))
				}
			}
		}
	}
}

// endsPhrase reports whether a character separates phrases. A hyphen and an apostrophe do not.
func endsPhrase(r rune) bool {
	return unicode.IsPunct(r) && !strings.ContainsRune("-'’&/", r) || strings.ContainsRune("|•·–—»", r)
}

func isUnspaced(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return unicode.In(r, unspacedScripts...) })
}

// isPhrase reports whether words can be a phrase.
func isPhrase(words []string) bool {
	empty := 0
	for _, word := range words {
		if emptyWords[word] {
			empty++
		}
	}
	return 2*empty < len(words) && meaningful(words[0]) && meaningful(words[len(words)-1])
}

// meaningful reports whether a phrase may begin or end with a word.
func meaningful(word string) bool {
	return utf8.RuneCountInString(word) > 1 && !emptyWords[word] &&
		strings.ContainsFunc(word, func(r rune) bool { return unicode.In(r, unicode.L) })
}

func bestPhrases(found map[string]*Phrase, pages, most int) []Phrase {
	var all []Phrase
	for _, phrase := range found {
		layout := pages >= repeatedPages && 2*phrase.Pages > pages && !phrase.first
		if !layout && (phrase.Pages > 1 || phrase.prominent > 0) {
			all = append(all, *phrase)
		}
	}
	slices.SortFunc(all, func(a, b Phrase) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(b.prominent, a.prominent),
			cmp.Compare(b.Pages, a.Pages), cmp.Compare(len(b.Text), len(a.Text)), cmp.Compare(a.Text, b.Text))
	})
	var best []Phrase
	for _, phrase := range all {
		if len(best) == most {
			break
		}
		within := func(kept Phrase) bool {
			return kept.Pages >= phrase.Pages && strings.Contains(" "+kept.Text+" ", " "+phrase.Text+" ")
		}
		if !slices.ContainsFunc(best, within) {
			best = append(best, phrase)
		}
	}
	return best
}

// emptyWords have no meaning of their own, in the languages of most websites that customers compete with.
var emptyWords = wordSet(`a about after all also am an and any are as at be because been before but by can could did do
	does for from get had has have her here his how if in into is it its just me more most my no nor not of on one only
	or our out over own per so some such than that the their them then there these they this those to too up us very
	via was we were what when where which who why will with would you your
	aber als am an auch auf aus bei bis das dass dem den der des die durch ein eine einem einen einer eines er es für
	hat ich ihr ihre im in ist kann mehr mit nach nicht noch nur oder sich sie sind so über um und uns unser unsere von
	vor war wenn werden wie wir wird zu zum zur
	au aux avec ce ces cette comme dans de des du elle en est et être il ils je la le les leur leurs mais ne nos notre
	nous on ou où par pas plus pour que qui sa sans se ses son sont sur un une vos votre vous
	al con de del el ella en es esta este la las lo los más mi no nos nuestra nuestro o para pero por que se sin sobre
	son su sus tu un una y ya
	che chi come con da dal dalla dei del della delle di e gli ha i il in la le lo ma nel nella non o per più si sono
	su tra un una uno
	aan al de die dit een en het hij hoe ik in is je maar met naar niet nog of om onze ook op te tot uit van voor wat
	wij worden ze zijn zo
	ao aos as com da das do dos e em na nas no nos o os ou para pela pelo por se seu sua um uma`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}
