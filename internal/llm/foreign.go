package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of the names that a provider writes beside an answer.
const (
	maxNameRunes = 200
	// maxIDBytes is far above the length of any generation id seen.
	maxIDBytes = 200
)

// nameOf makes the name of a model or provider fit to be kept. What was changed shows: a character that cannot be
// printed has become U+FFFD, and a name that was cut ends with "…".
func nameOf(text string) string {
	if utf8.RuneCountInString(text) > maxNameRunes {
		text = string([]rune(text)[:maxNameRunes-1]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// idOf returns the id of a generation, or "" when the text cannot be one. An id is never changed: the provider would
// not know it, or know another generation by it.
func idOf(text string) string {
	if len(text) > maxIDBytes || !utf8.ValidString(text) || nameOf(text) != text ||
		strings.ContainsRune(text, unicode.ReplacementChar) {
		return ""
	}
	return text
}
