package content

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Seeds merges candidates, scores them and returns the best ones, the highest score first. A keyword that differs
// little from a better one stays and names it.
func Seeds(candidates []Candidate, profile Profile, source Source, most int) []SeedKeyword {
	var seeds []SeedKeyword
	for _, candidate := range Merge(scrubbed(candidates)) {
		score, reasons := Score(candidate, profile)
		seeds = append(seeds, SeedKeyword{
			Text:       candidate.Text,
			Normalised: Normalise(candidate.Text),
			Volume:     candidate.Volume,
			Difficulty: candidate.Difficulty,
			CPC:        candidate.CPC,
			Intent:     Intent(candidate.Intent),
			Language:   candidate.Language,
			Competitor: candidate.Competitor,
			Source:     source,
			Score:      score,
			Reasons:    reasons,
		})
	}
	slices.SortFunc(seeds, func(a, b SeedKeyword) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Normalised, b.Normalised))
	})
	seeds = seeds[:min(len(seeds), most)]
	markSimilar(seeds)
	return seeds
}

// scrubbed returns candidates whose texts have no character that is not seen. They come from models and from services.
func scrubbed(candidates []Candidate) []Candidate {
	clean := slices.Clone(candidates)
	for i := range clean {
		clean[i].Text = spaced(clean[i].Text)
	}
	return clean
}

// HasWords reports whether a keyword has all words of a phrase, in any order.
func HasWords(text, phrase string) bool {
	wanted := Words(phrase)
	return len(wanted) > 0 && containsAll(Words(text), wanted)
}

// BestSeeds returns the most seeds with the highest score, in the order of their rank.
func BestSeeds(seeds []SeedKeyword, most int) []SeedKeyword {
	best := slices.Clone(seeds)
	slices.SortFunc(best, func(a, b SeedKeyword) int { return rank(fromSeed(a), fromSeed(b)) })
	return best[:min(len(best), most)]
}

// NamesBrand reports whether a keyword has all words of a company's name, or all words in the name of its website.
func NamesBrand(text, company, website string) bool {
	words := Words(text)
	if name := Words(company); len(name) > 0 && containsAll(words, name) {
		return true
	}
	label, _, _ := strings.Cut(Registrable(website), ".")
	brand := Words(label)
	return len(brand) > 0 && containsAll(words, brand)
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

// The longest name and the longest label of the domain name system, in bytes.
const (
	maxDomain = 253
	maxLabel  = 63
)

// Domain returns the host of an address as the domain name system writes it, without "www.". valid is false for an
// address without a host of at least two labels, for a name that is too long, and for an IP address in any notation.
func Domain(address string) (domain string, valid bool) {
	domain, err := idna.Lookup.ToASCII(Host(address))
	labels := strings.Split(domain, ".")
	top := labels[len(labels)-1]
	// The last label of a name has a letter; 0x7f is a part of an IPv4 address.
	number := strings.Trim(top, "0123456789") == "" || strings.HasPrefix(top, "0x")
	wrong := func(label string) bool { return label == "" || len(label) > maxLabel }
	return domain, err == nil && len(labels) >= 2 && len(domain) <= maxDomain && !number &&
		!slices.ContainsFunc(labels, wrong)
}

// Registrable returns the part of an address's domain that can be registered: "acme.co.uk" for
// "https://app.acme.co.uk/x". It returns the whole domain where that is unknown, and "" without a host.
func Registrable(address string) string {
	domain, valid := Domain(address)
	if !valid {
		return Host(address)
	}
	if registrable, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registrable
	}
	return domain
}
