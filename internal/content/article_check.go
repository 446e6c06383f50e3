package content

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// CheckCode names what a check of an article found.
type CheckCode string

// The checks. Those above the empty line block an article: it is repaired once, and then a person decides.
const (
	CheckEmptySection    CheckCode = "EMPTY_SECTION"
	CheckCutSection      CheckCode = "CUT_SECTION" // it ends in the middle of a sentence
	CheckHeadingLevels   CheckCode = "HEADING_LEVELS"
	CheckLanguage        CheckCode = "LANGUAGE"
	CheckWordCount       CheckCode = "WORD_COUNT"
	CheckUnknownEvidence CheckCode = "UNKNOWN_EVIDENCE"
	CheckForeignLink     CheckCode = "FOREIGN_LINK" // neither a source nor a page of the customer's site
	CheckBannedWord      CheckCode = "BANNED_WORD"

	CheckUnsupportedNumber CheckCode = "UNSUPPORTED_NUMBER" // a sentence with a figure and without evidence
	CheckRepeatedText      CheckCode = "REPEATED_TEXT"
	CheckNearDuplicate     CheckCode = "NEAR_DUPLICATE"
	CheckKeywordMissing    CheckCode = "KEYWORD_MISSING"
	CheckUnsourced         CheckCode = "UNSOURCED" // no evidence was found
)

// CheckCodes returns all checks. The caller may change the slice.
func CheckCodes() []CheckCode {
	return []CheckCode{
		CheckEmptySection, CheckCutSection, CheckHeadingLevels, CheckLanguage, CheckWordCount, CheckUnknownEvidence,
		CheckForeignLink, CheckBannedWord, CheckUnsupportedNumber, CheckRepeatedText, CheckNearDuplicate,
		CheckKeywordMissing, CheckUnsourced,
	}
}

// Check is one finding about an article.
type Check struct {
	Code       CheckCode `json:"code"`
	IsBlocking bool      `json:"isBlocking"`
	// Section is the heading of the section; "" for the whole article.
	Section string `json:"section"`
	Message string `json:"message"`
}

// ArticleText is what CheckArticle reads.
type ArticleText struct {
	Title    string
	Markdown string
	// Language is the market's, as "de". A text too short or of a language that is not recognised is not judged.
	Language       string
	TargetWords    int // 0 checks no length
	PrimaryKeyword string
	// Evidence are the ids that may be cited.
	Evidence []string
	// Links are the addresses that may be linked to, and Hosts the customer's own.
	Links, Hosts []string
	Banned       []string
	// Others are the fingerprints of the organization's other articles.
	Others []uint64
	// NoNumbers makes every figure blocking: the article has no evidence at all.
	NoNumbers bool
}

// The numbers of the checks. [estimates]
const (
	wordTolerance   = 0.35
	repeatedWords   = 5
	repeatedPhrases = 3   // shared phrases of two sections that are reported
	fewestLetters   = 200 // of a text whose language is judged
	maxChecks       = 50
)

// CheckArticle returns what is wrong with an article, blocking findings first, at most 50.
func CheckArticle(a ArticleText) []Check {
	sections := Sections(a.Markdown)
	whole := read(a.Markdown)
	var found []Check
	for _, check := range []func() []Check{
		func() []Check { return checkSections(sections) },
		func() []Check { return checkHeadings(sections) },
		func() []Check { return checkLanguage(a, whole.text) },
		func() []Check { return checkLength(a, whole.text) },
		func() []Check { return checkEvidence(a, sections) },
		func() []Check { return checkLinks(a) },
		func() []Check { return checkBanned(a, sections) },
		func() []Check { return checkNumbers(a, sections) },
		func() []Check { return checkRepetition(sections) },
		func() []Check { return checkOthers(a, whole.text) },
		func() []Check { return checkKeyword(a, sections) },
	} {
		found = append(found, check()...)
	}
	slices.SortStableFunc(found, func(x, y Check) int {
		switch {
		case x.IsBlocking == y.IsBlocking:
			return 0
		case x.IsBlocking:
			return -1
		}
		return 1
	})
	return found[:min(len(found), maxChecks)]
}

// IsBlocked reports whether a finding blocks the article, so that a person must decide.
func IsBlocked(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return c.IsBlocking })
}

// Fingerprint is the simhash of the words of a text, with which CheckArticle compares other articles.
func Fingerprint(markdown string) uint64 { return Simhash(read(markdown).text) }

func blocking(code CheckCode, section, format string, args ...any) Check {
	return Check{Code: code, IsBlocking: true, Section: section, Message: fmt.Sprintf(format, args...)}
}

func warning(code CheckCode, section, format string, args ...any) Check {
	return Check{Code: code, Section: section, Message: fmt.Sprintf(format, args...)}
}

// checkSections finds sections without text. A heading with smaller headings under it needs no text of its own.
func checkSections(sections []Section) (found []Check) {
	if len(sections) == 0 {
		return []Check{blocking(CheckEmptySection, "", "The article has no text.")}
	}
	for i, s := range sections {
		body := strings.TrimSpace(read(s.Body).text)
		isParent := i+1 < len(sections) && sections[i+1].Level > s.Level
		switch {
		case body == "" && !isParent && strings.TrimSpace(s.Body) == "":
			found = append(found, blocking(CheckEmptySection, s.Heading, "The section has no text."))
		case isCut(s.Body, body):
			found = append(found, blocking(CheckCutSection, s.Heading, "The section ends in the middle of a sentence."))
		}
	}
	return found
}

// isCut reports whether a section ends in a paragraph without an end. Lists, tables and code have none.
func isCut(markdown, text string) bool {
	lines := strings.Split(strings.TrimSpace(markdown), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if text == "" || last == "" || strings.ContainsAny(last[:1], "-*+|>`~#0123456789") {
		return false
	}
	last = strings.TrimRight(citation.ReplaceAllString(last, ""), " *_\"'”’»)]\\0123456789,[")
	end := []rune(last)
	return len(end) > 0 && (unicode.IsLetter(end[len(end)-1]) || end[len(end)-1] == ',')
}

func checkHeadings(sections []Section) (found []Check) {
	before := 1
	for i, s := range sections {
		switch {
		case s.Level == 0:
			continue
		case s.Level == 1 && i > 0:
			found = append(found, blocking(CheckHeadingLevels, s.Heading, "Only the title is a heading of level 1."))
		case s.Level > before+1:
			found = append(found, blocking(CheckHeadingLevels, s.Heading, "A heading of level %d follows one of level %d.",
				s.Level, before))
		}
		before = s.Level
	}
	return found
}

func checkLanguage(a ArticleText, text string) []Check {
	if a.Language == "" || len([]rune(text)) < fewestLetters {
		return nil
	}
	info := whatlanggo.Detect(text)
	got := info.Lang.Iso6391()
	want, _, _ := strings.Cut(strings.ToLower(a.Language), "-")
	if !info.IsReliable() || got == "" || got == want {
		return nil
	}
	return []Check{blocking(CheckLanguage, "", "The text is in the language %q, and the market's is %q.", got, want)}
}

func checkLength(a ArticleText, text string) []Check {
	words, target := CountWords(text), float64(a.TargetWords)
	if target <= 0 || float64(words) >= target*(1-wordTolerance) && float64(words) <= target*(1+wordTolerance) {
		return nil
	}
	return []Check{blocking(CheckWordCount, "", "The article has %d words; the brief asks for %d.", words, a.TargetWords)}
}

func checkEvidence(a ArticleText, sections []Section) (found []Check) {
	for _, s := range sections {
		for _, id := range Citations(s.Body) {
			if !slices.Contains(a.Evidence, id) {
				found = append(found, blocking(CheckUnknownEvidence, s.Heading, "The text cites %s, which is no evidence.", id))
			}
		}
	}
	return found
}

// checkLinks judges the links of the text as readers see it: a citation can hide one or make one.
func checkLinks(a ArticleText) (found []Check) {
	var cited []CitedSource
	for _, id := range a.Evidence {
		cited = append(cited, CitedSource{ID: id, URL: "https://source.invalid/" + id})
	}
	numbered, _ := numberCitations(a.Markdown, cited)
	links := append(read(a.Markdown).links, read(numbered).links...)
	slices.Sort(links)
	for _, link := range slices.Compact(links) {
		if !a.allows(link) {
			found = append(found, blocking(CheckForeignLink, "", "The text links to %.200q, which is no source.", link))
		}
	}
	return found
}

// allows reports whether the text may link to a rendered target.
func (a ArticleText) allows(link string) bool {
	address, err := url.Parse(link)
	switch {
	case slices.ContainsFunc(a.Links, func(source string) bool { return rendered(source) == link }):
		return true
	case err != nil || link == "":
		return false
	case address.Scheme == "" && address.Host == "":
		return !strings.HasPrefix(link, "//") // A browser takes what follows for a host.
	}
	return (address.Scheme == "https" || address.Scheme == "http") && isOwnHost(address.Hostname(), a.Hosts)
}

// isOwnHost reports whether a host is one of the hosts, or below one.
func isOwnHost(host string, hosts []string) bool {
	host = strings.ToLower(host)
	for _, own := range hosts {
		own = strings.TrimPrefix(strings.ToLower(own), "www.")
		if host == own || strings.HasSuffix(host, "."+own) {
			return true
		}
	}
	return false
}

func checkBanned(a ArticleText, sections []Section) (found []Check) {
	for _, s := range sections {
		words := " " + Normalise(s.Heading) + " " + Normalise(read(s.Body).text) + " "
		for _, banned := range a.Banned {
			if phrase := Normalise(banned); phrase != "" && strings.Contains(words, " "+phrase+" ") {
				found = append(found, blocking(CheckBannedWord, s.Heading, "The text has the banned words %q.", banned))
			}
		}
	}
	return found
}

// figure is a number that a reader takes for a fact.
var figure = regexp.MustCompile(`[0-9]`)

func checkNumbers(a ArticleText, sections []Section) (found []Check) {
	for _, s := range sections {
		for _, sentence := range sentences(read(s.Body).text) {
			bare := citation.ReplaceAllString(sentence, "")
			if !figure.MatchString(bare) || bare != sentence {
				continue
			}
			check := warning(CheckUnsupportedNumber, s.Heading, "This has a figure without evidence: %.200s", sentence)
			check.IsBlocking = a.NoNumbers
			found = append(found, check)
		}
	}
	return found
}

// sentenceEnd is the end of a sentence, with the citations and marks that belong to it.
var sentenceEnd = regexp.MustCompile(`[.!?][”"’')\]]*(?:\s*\[E[0-9][^\]]*\])*\s+|[。！？]|\n`)

func sentences(text string) (all []string) {
	for len(text) > 0 {
		at := sentenceEnd.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		if sentence := strings.TrimSpace(text[:at[1]]); sentence != "" {
			all = append(all, sentence)
		}
		text = text[at[1]:]
	}
	return all
}

func checkRepetition(sections []Section) (found []Check) {
	in := map[string]int{}
	shared := map[[2]int]int{}
	for i, s := range sections {
		for _, phrase := range shingles(Words(read(s.Body).text), repeatedWords) {
			first, there := in[phrase]
			if !there {
				in[phrase] = i
			} else if first != i {
				shared[[2]int{first, i}]++
			}
		}
	}
	pairs := slices.SortedFunc(maps.Keys(shared), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0]))
	})
	for _, pair := range pairs {
		if n := shared[pair]; n >= repeatedPhrases {
			found = append(found, warning(CheckRepeatedText, sections[pair[1]].Heading,
				"%d phrases of this section are in the section %q too.", n, sections[pair[0]].Heading))
		}
	}
	return found
}

func checkOthers(a ArticleText, text string) []Check {
	own := Simhash(text)
	if slices.ContainsFunc(a.Others, func(other uint64) bool { return NearDuplicate(own, other) }) {
		return []Check{warning(CheckNearDuplicate, "", "Another article of the organization has nearly the same text.")}
	}
	return nil
}

func checkKeyword(a ArticleText, sections []Section) []Check {
	keyword := Words(a.PrimaryKeyword)
	if len(keyword) == 0 {
		return nil
	}
	heads := Words(a.Title)
	if len(sections) > 0 && sections[0].Level == 1 {
		heads = append(heads, Words(sections[0].Heading)...)
	}
	for _, word := range keyword {
		if !slices.ContainsFunc(heads, func(head string) bool { return strings.Contains(head, word) }) {
			return []Check{warning(CheckKeywordMissing, "", "The title has not all words of %q.", a.PrimaryKeyword)}
		}
	}
	return nil
}
