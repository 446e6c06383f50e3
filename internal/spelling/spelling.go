// Package spelling is the one rule for the names of things and of actors: two names that look the same are the same.
// It only computes.
package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns a text in the one spelling: composed (NFC), with plain spaces, and without the space around it. Text
// that is not UTF-8 stays as it is.
func Clean(text string) string {
	if !utf8.ValidString(text) {
		return text
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) && r != '\u3000' { // They look like a space; the ideographic one is wide.
			return ' '
		}
		return r
	}, norm.NFC.String(text))
	return strings.TrimSpace(plain)
}

// IsClean reports whether a text is in the one spelling and has no forbidden character.
func IsClean(text string) bool { return Clean(text) == text && Fault(text) == "" }

// Fault returns what is wrong with a text, after "must": it has a control character, changes the direction of writing,
// or has a character that is not seen. It is empty for a good text. The two joiners are allowed where scripts and emoji
// need them.
func Fault(text string) string {
	if !utf8.ValidString(text) {
		return "be valid UTF-8 text"
	}
	letters := []rune(text)
	for i, r := range letters {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return "not contain control characters or line breaks"
		case unicode.Is(unicode.Bidi_Control, r):
			return "not contain characters that change the direction of writing"
		case unseen(letters, i):
			return invisible
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
		kept := make([]rune, 0, len(letters))
		for i, r := range letters {
			switch {
			case unicode.IsControl(r), r == '\u2028', r == '\u2029':
				kept = append(kept, ' ')
			case !unseen(letters, i):
				kept = append(kept, r)
			}
		}
		text = Clean(string(kept))
	}
	return text
}

// unseen reports whether the character at a place is refused for another reason than being a control character.
func unseen(letters []rune, i int) bool {
	switch r := letters[i]; {
	case r == nonJoiner || r == joiner:
		return !joins(letters, i)
	case unicode.Is(unicode.Variation_Selector, r):
		return i == 0 || !variable(letters[i-1])
	case isTag(r):
		return !flags(letters[:i])
	default:
		return unicode.In(r, unicode.Bidi_Control, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) ||
			r == blankBraille
	}
}

const (
	invisible = "not contain characters that are not seen"

	nonJoiner, joiner = '\u200c', '\u200d'
	// blankBraille is a symbol without a dot.
	blankBraille = '\u2800'
	// The selectors of emoji and text style.
	firstStyle, lastStyle = '\ufe0e', '\ufe0f'
	blackFlag             = '\U0001f3f4'
)

// joining are the scripts that write words with joiners.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mongolian, unicode.Devanagari, unicode.Bengali,
	unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada,
	unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar,
}

// joins reports whether the joiner at a place stands between two emoji, or between two letters of a script that
// writes with joiners.
func joins(letters []rune, at int) bool {
	if at == 0 || at == len(letters)-1 {
		return false
	}
	before, after := letters[at-1], letters[at+1]
	if letters[at] == joiner && pictures(before) && pictures(after) {
		return true
	}
	return unicode.In(before, joining...) && unicode.In(after, joining...) &&
		!pictures(before) && before != joiner && before != nonJoiner && after != joiner && after != nonJoiner
}

// pictures reports a symbol, the color of a skin, or the selector behind an emoji.
func pictures(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sk) && r > 0xff || r == firstStyle || r == lastStyle ||
		unassigned(r) && r >= 0x1f000
}

// unassigned reports a character that is newer than this Go: next year's emoji.
func unassigned(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C)
}

// variable reports a character that has several styles: a symbol, a digit of a keycap, a Mongolian or a Han letter.
func variable(r rune) bool {
	return unicode.In(r, unicode.S, unicode.Han, unicode.Mongolian) || unassigned(r) || r >= '0' && r <= '9' ||
		r == '#' || r == '*' || r == '\u203c' || r == '\u2049'
}

// isTag reports a letter of the flag of a region.
func isTag(r rune) bool { return r >= 0xe0020 && r <= 0xe007f }

// flags reports whether text ends with a black flag and tags.
func flags(letters []rune) bool {
	for i := len(letters) - 1; i >= 0; i-- {
		if !isTag(letters[i]) {
			return letters[i] == blackFlag
		}
	}
	return false
}
