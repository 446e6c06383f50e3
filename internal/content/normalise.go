package content

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normalise returns the form in which keywords are compared: NFKC, case-folded, words joined by one space. A word is a
// run of letters, marks and digits of any script, so Cyrillic, Devanagari and Japanese survive. The result is "" for a
// text without a word.
func Normalise(text string) string { return strings.Join(Words(text), " ") }

// Words returns the words of a text in order, normalised as Normalise does.
func Words(text string) []string {
	// Folding can undo a composition (ŉ, İ), so the form is restored after it. Fold turns small Cherokee letters into
	// capitals and back at each call; ToLower settles them. A Caser has state: one per call.
	folded := norm.NFKC.String(strings.ToLower(cases.Fold().String(norm.NFKC.String(text))))
	return strings.FieldsFunc(folded, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N)
	})
}

// TokenKey returns the normalised words sorted and without duplicates. Two keywords with the same key differ only in
// the order of their words.
func TokenKey(text string) string {
	words := Words(text)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// The longest keyword, in characters. A normalised text can be longer than its original.
const (
	maxKeyword    = 200
	maxNormalised = 800
)

// IsKeyword reports whether a text can be a keyword: it has a letter or a digit, at most 200 characters, and at most
// 800 once it is normalised.
func IsKeyword(text string) bool {
	normalised := Normalise(text)
	written := strings.ContainsFunc(normalised, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) })
	return written && utf8.RuneCountInString(normalised) <= maxNormalised &&
		utf8.RuneCountInString(text) <= maxKeyword
}
