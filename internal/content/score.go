package content

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// The weights of a keyword's score. They sum to 1.
const (
	weightProfile    = 0.4
	weightVolume     = 0.3
	weightDifficulty = 0.2
	weightIntent     = 0.1
	// fullVolume is the number of searches a month from which the volume counts in full.
	fullVolume = 10_000
	// unknownShare is what an unknown volume or difficulty counts: neither good nor bad.
	unknownShare = 0.5
)

// Candidate is a keyword before it is merged and scored.
type Candidate struct {
	Text       string
	Volume     *int // searches a month; nil when unknown
	Difficulty *int // 0 (easy) to 100; nil when unknown
	CPC        *cost.Pico
	Intent     string
	Language   string
	Competitor string // the domain that it was found for; "" for none
}

// intentShares are how much each search intent is worth to a company that sells something.
var intentShares = map[string]float64{
	"TRANSACTIONAL": 1, "COMMERCIAL": 0.9, "INFORMATIONAL": 0.6, "NAVIGATIONAL": 0.2,
}

// Score returns a value from 0 to 1 for a keyword, and the reasons in words:
// 0.4·profile match + 0.3·log volume + 0.2·(1 − difficulty) + 0.1·intent. An unknown part counts one half.
func Score(c Candidate, profile Profile) (float64, []string) {
	match := profile.match(c.Text)
	volumeShare, volumeText := unknownShare, "volume unknown"
	if c.Volume != nil {
		volumeShare = min(1, math.Log1p(float64(max(0, *c.Volume)))/math.Log1p(fullVolume))
		volumeText = fmt.Sprintf("%d searches a month", *c.Volume)
	}
	easy, difficultyText := unknownShare, "difficulty unknown"
	if c.Difficulty != nil {
		easy = 1 - float64(min(100, max(0, *c.Difficulty)))/100
		difficultyText = fmt.Sprintf("difficulty %d of 100", *c.Difficulty)
	}
	intent, known := intentShares[c.Intent]
	intentText := "intent " + strings.ToLower(c.Intent)
	if !known {
		intent, intentText = unknownShare, "intent unknown"
	}
	score := weightProfile*match + weightVolume*volumeShare + weightDifficulty*easy + weightIntent*intent
	reasons := []string{
		fmt.Sprintf("%.0f%% of its words occur in the customer profile", 100*match), volumeText, difficultyText, intentText,
	}
	// Four decimals keep the order of two keywords free of floating-point noise.
	return math.Round(score*1e4) / 1e4, reasons
}

// Profile is the vocabulary of an ideal customer profile.
type Profile struct{ grams map[string]bool }

// NewProfile collects the vocabulary of texts: industries, roles, pain points and the value proposition.
func NewProfile(texts ...string) Profile {
	p := Profile{grams: map[string]bool{}}
	for _, text := range texts {
		for _, word := range Words(text) {
			p.grams[stem(word)] = true
		}
	}
	return p
}

// match returns the share of a keyword's words that the profile has, from 0 to 1.
func (p Profile) match(text string) float64 {
	words := Words(text)
	found := 0
	for _, word := range words {
		if p.grams[stem(word)] {
			found++
		}
	}
	if len(words) == 0 {
		return 0
	}
	return float64(found) / float64(len(words))
}

// stem cuts a long word to its first five letters: a rough stem that needs no language.
func stem(word string) string {
	letters := []rune(word)
	return string(letters[:min(len(letters), 5)])
}

// Merge joins candidates that have the same words in any order. The volume of the result is the highest, the difficulty
// the lowest known one, and the text the shortest, then the first in order. The result is ordered by TokenKey.
func Merge(candidates []Candidate) []Candidate {
	byKey := map[string]Candidate{}
	for _, candidate := range candidates {
		key := TokenKey(candidate.Text)
		if key == "" {
			continue
		}
		if first, found := byKey[key]; found {
			candidate = merged(first, candidate)
		}
		byKey[key] = candidate
	}
	keys := make([]string, 0, len(byKey))
	for key := range byKey {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	result := make([]Candidate, len(keys))
	for i, key := range keys {
		result[i] = byKey[key]
	}
	return result
}

func merged(a, b Candidate) Candidate {
	if cmp.Or(cmp.Compare(len(b.Text), len(a.Text)), cmp.Compare(b.Text, a.Text)) < 0 {
		a, b = b, a
	}
	a.Volume = better(a.Volume, b.Volume, func(x, y int) bool { return y > x })
	a.Difficulty = better(a.Difficulty, b.Difficulty, func(x, y int) bool { return y < x })
	a.Intent = cmp.Or(a.Intent, b.Intent)
	a.Language = cmp.Or(a.Language, b.Language)
	a.Competitor = cmp.Or(a.Competitor, b.Competitor)
	if a.CPC == nil {
		a.CPC = b.CPC
	}
	return a
}

func better(a, b *int, than func(x, y int) bool) *int {
	if a == nil || b != nil && than(*a, *b) {
		return b
	}
	return a
}
