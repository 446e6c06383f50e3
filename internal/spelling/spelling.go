// Package spelling is the one rule for the names of things and of actors: two names that look the same are the same.
// It only computes.
package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns a text in the one spelling: composed (NFC), without variation selectors, with plain and single spaces,
// and without the space around it. Text that is not UTF-8 stays as it is.
func Clean(text string) string {
	if !utf8.ValidString(text) {
		return text
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Variation_Selector, r): // They choose between styles of one character, as in UTS 46.
			return -1
		case unicode.Is(unicode.Zs, r) && r != '\u3000': // They look like a space; the ideographic one is wide.
			return ' '
		}
		return r
	}, text)
	plain = singleLetters.Replace(norm.NFC.String(plain))
	for strings.Contains(plain, "  ") { // A browser shows one.
		plain = strings.ReplaceAll(plain, "  ", " ")
	}
	return strings.TrimSpace(plain)
}

// singleLetters replaces spellings with a joiner by the letter that Unicode has for them since version 5.1.
var singleLetters = strings.NewReplacer(
	"\u0d23\u0d4d\u200d", "\u0d7a", "\u0d28\u0d4d\u200d", "\u0d7b", "\u0d30\u0d4d\u200d", "\u0d7c",
	"\u0d32\u0d4d\u200d", "\u0d7d", "\u0d33\u0d4d\u200d", "\u0d7e", "\u0d15\u0d4d\u200d", "\u0d7f",
	"\u09a4\u09cd\u200d", "\u09ce",
)

// IsClean reports whether a text is in the one spelling and has no forbidden character.
func IsClean(text string) bool { return Clean(text) == text && Fault(text) == "" }

// Fault returns what is wrong with a text, after "must": it has a control character, changes the direction of writing,
// or has a character that is not seen. It is empty for a good text. Joiners and tags are allowed where scripts and
// emoji need them.
func Fault(text string) string {
	if !utf8.ValidString(text) {
		return "be valid UTF-8 text"
	}
	letters := []rune(text)
	hidden := unseen(letters)
	for i, r := range letters {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return "not contain control characters or line breaks"
		case unicode.Is(unicode.Bidi_Control, r):
			return "not contain characters that change the direction of writing"
		case hidden[i]:
			return "not contain characters that are not seen"
		}
	}
	return ""
}

// Scrub returns a foreign text, as of a website or a model, in the one spelling and without the characters that Fault
// refuses. A control character and a line break become a space.
func Scrub(text string) string {
	text = Clean(strings.ToValidUTF8(text, " "))
	for Fault(text) != "" { // A character that goes can leave a joiner without its letter.
		letters := []rune(text)
		hidden, kept := unseen(letters), make([]rune, 0, len(letters))
		for i, r := range letters {
			switch {
			case unicode.IsControl(r), r == '\u2028', r == '\u2029':
				kept = append(kept, ' ')
			case !hidden[i]:
				kept = append(kept, r)
			}
		}
		text = Clean(string(kept))
	}
	return text
}

// unseen reports of each character whether it is refused for another reason than being a control character.
func unseen(letters []rune) []bool {
	hidden, within := make([]bool, len(letters)), inSequences(letters)
	for i, r := range letters {
		switch {
		case within[i]:
		case r == nonJoiner || r == joiner:
			hidden[i] = !joins(letters, i)
		default:
			hidden[i] = r == blankBraille || unicode.In(r, unicode.Bidi_Control, unicode.Cf,
				unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		}
	}
	return hidden
}

const (
	nonJoiner, joiner = '\u200c', '\u200d'
	// blankBraille is a symbol without a dot.
	blankBraille = '\u2800'
)
