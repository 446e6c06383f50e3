package cost

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A provider writes names, ids and counts beside a cost. They are foreign data: these bounds make them fit to be kept,
// so that none of them can stop a booking.
const (
	maxNameRunes         = 200
	maxGenerationIDBytes = 200 // far above the length of any id seen
	// MaxTokens is more than any model reads or writes. Sums of counts up to it fit into the database for ever.
	MaxTokens = 1_000_000_000
)

// CleanName makes the name of a model or provider fit to be kept. A change shows: a character that cannot be printed
// becomes U+FFFD, and a name that was cut ends with "…". It never changes a clean name.
func CleanName(text string) string {
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

// CleanGenerationID returns the id of a generation, or "" when the text cannot be one. An id is never changed: the
// provider would not find it, or find another generation by it.
func CleanGenerationID(text string) string {
	if len(text) > maxGenerationIDBytes || !utf8.ValidString(text) || CleanName(text) != text ||
		strings.ContainsRune(text, unicode.ReplacementChar) {
		return ""
	}
	return text
}

// Clean returns the usage with 0 for every count that is negative or above MaxTokens.
func (u Usage) Clean() Usage {
	for _, count := range []*int64{
		&u.PromptTokens, &u.CompletionTokens, &u.ReasoningTokens, &u.CachedTokens, &u.WebSearches,
		&u.Items,
	} {
		if *count < 0 || *count > MaxTokens {
			*count = 0
		}
	}
	return u
}
