package content

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// MostClustered is how many keywords topic clustering works with, the best ones.
	MostClustered = 100
	// FewestClustered is how many it needs.
	FewestClustered = 2
	// fewestSearches is the least number of searches a month, where the number is known.
	fewestSearches = 10
)

// DropReason is why topic clustering leaves a keyword out.
type DropReason string

// The reasons.
const (
	DropLowVolume     DropReason = "LOW_VOLUME"     // too few searches a month
	DropOtherLanguage DropReason = "OTHER_LANGUAGE" // not the language of the market
	DropNegative      DropReason = "NEGATIVE"       // it has a word that the organization excludes
	DropDuplicate     DropReason = "DUPLICATE"      // another keyword has the same words
	DropNotBest       DropReason = "NOT_BEST"       // more keywords than clustering takes have a higher score
)

// DropReasons returns all reasons.
func DropReasons() []DropReason {
	return []DropReason{DropLowVolume, DropOtherLanguage, DropNegative, DropDuplicate, DropNotBest}
}

// Expansion is what topic clustering starts from: the selected keywords, and the ones that were found for them.
type Expansion struct {
	Seeds   []SeedKeyword
	Found   []Candidate
	Source  Source // of the found ones
	Profile Profile
	// Language is the language of the market, and Negatives are phrases that no keyword may have; both may be empty.
	Language  string
	Negatives []string
}

// Expand returns all keywords, first those that clustering works with, the best first, and then the others with their
// reasons. A selected keyword is never left out. The result does not depend on the order of the input.
func Expand(in Expansion) []TopicKeyword {
	seeds := slices.Clone(in.Seeds)
	slices.SortFunc(seeds, func(a, b SeedKeyword) int { return rank(fromSeed(a), fromSeed(b)) })
	var kept, dropped []TopicKeyword
	have := map[string]bool{}
	for _, seed := range seeds[:min(len(seeds), MostClustered)] {
		have[TokenKey(seed.Text)] = true
		kept = append(kept, fromSeed(seed))
	}
	found := make([]TopicKeyword, 0, len(in.Found))
	for _, candidate := range scrubbed(in.Found) {
		if IsKeyword(candidate.Text) {
			found = append(found, fromCandidate(candidate, in))
		}
	}
	slices.SortFunc(found, rank)
	for _, keyword := range found {
		key := TokenKey(keyword.Text)
		switch reason := in.reason(keyword); {
		case have[key]:
			keyword.Dropped = DropDuplicate
		case reason != "":
			keyword.Dropped = reason
		case len(kept) == MostClustered:
			keyword.Dropped = DropNotBest
		}
		if keyword.Dropped != "" {
			dropped = append(dropped, keyword)
			continue
		}
		have[key] = true
		kept = append(kept, keyword)
	}
	slices.SortFunc(kept, rank)
	return append(kept, dropped...)
}

// reason returns why a found keyword is left out; "" when it is not.
func (in Expansion) reason(k TopicKeyword) DropReason {
	words := Words(k.Text)
	excludes := func(phrase string) bool {
		excluded := Words(phrase)
		return len(excluded) > 0 && containsAll(words, excluded)
	}
	switch {
	case k.Volume != nil && *k.Volume < fewestSearches:
		return DropLowVolume
	case k.Language != "" && in.Language != "" && base(k.Language) != base(in.Language):
		return DropOtherLanguage
	case slices.ContainsFunc(in.Negatives, excludes):
		return DropNegative
	}
	return ""
}

// base returns the language of a BCP 47 tag, without script and region.
func base(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return language
}

func fromSeed(seed SeedKeyword) TopicKeyword {
	id := seed.ID
	return TopicKeyword{
		SeedID:     &id,
		Text:       seed.Text,
		Normalised: seed.Normalised,
		Volume:     seed.Volume,
		Difficulty: seed.Difficulty,
		Intent:     seed.Intent,
		Language:   seed.Language,
		Source:     seed.Source,
		Score:      seed.Score,
	}
}

func fromCandidate(c Candidate, in Expansion) TopicKeyword {
	score, _ := Score(c, in.Profile)
	return TopicKeyword{
		Text:       c.Text,
		Normalised: Normalise(c.Text),
		Volume:     c.Volume,
		Difficulty: c.Difficulty,
		Intent:     Intent(c.Intent),
		Language:   c.Language,
		Source:     in.Source,
		Score:      score,
	}
}

// rank orders keywords: the highest score first, then the highest volume, then the text.
func rank(a, b TopicKeyword) int {
	return cmp.Or(
		byRank(a.evidence(), b.evidence()),
		cmp.Compare(a.Language, b.Language), cmp.Compare(a.Intent, b.Intent),
		compareKnown(a.Difficulty, b.Difficulty),
	)
}

// compareKnown orders two figures that may be unknown, the known lower one first.
func compareKnown(a, b *int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*a, *b)
}
