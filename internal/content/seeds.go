package content

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Seeds merges candidates, scores them and returns the best ones, the highest score first.
func Seeds(candidates []Candidate, profile Profile, source Source, most int) []SeedKeyword {
	var seeds []SeedKeyword
	for _, candidate := range Merge(candidates) {
		score, reasons := Score(candidate, profile)
		seeds = append(seeds, SeedKeyword{
			Text:       candidate.Text,
			Normalised: Normalise(candidate.Text),
			Volume:     candidate.Volume,
			Difficulty: candidate.Difficulty,
			Intent:     Intent(candidate.Intent),
			Language:   candidate.Language,
			Source:     source,
			Score:      score,
			Reasons:    reasons,
		})
	}
	slices.SortFunc(seeds, func(a, b SeedKeyword) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Normalised, b.Normalised))
	})
	return seeds[:min(len(seeds), most)]
}

// NamesBrand reports whether a keyword has all words of a company's name, or the name of its website.
func NamesBrand(text, company, website string) bool {
	words := Words(text)
	if name := Words(company); len(name) > 0 && containsAll(words, name) {
		return true
	}
	host := Host(website)
	label, _, _ := strings.Cut(host, ".")
	return label != "" && slices.Contains(words, Normalise(label))
}

func containsAll(words, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(word string) bool { return !slices.Contains(words, word) })
}

// Host returns the host of an address without "www.", in lower case; "" when there is none.
func Host(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(parsed.Hostname()), "www.")
}

// Domain returns the host of an address as the domain name system writes it, without "www.". valid is false for an
// address without a host of at least two labels.
func Domain(address string) (domain string, valid bool) {
	domain, err := idna.Lookup.ToASCII(Host(address))
	return domain, err == nil && strings.Contains(domain, ".")
}
