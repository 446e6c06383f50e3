package spelling

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// contextual has the rule of RFC 5892, appendix A, for joiners: between two letters of which at least one changes its
// form, or behind a virama.
var contextual = idna.New(idna.CheckJoiners(true))

var (
	// conjoining are the scripts in which a joiner behind a virama chooses the form of the letters around it.
	conjoining = []*unicode.RangeTable{
		unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Telugu,
		unicode.Kannada, unicode.Malayalam,
	}
	// A sign without a joiner is seen in Sinhala already, so the other joiner changes nothing.
	sinhala = unicode.Sinhala
)

// virama is the combining class of signs that remove the vowel of a letter.
const virama = 9

// joins reports whether the joiner at a place changes the form of the letters around it.
func joins(letters []rune, at int) bool {
	if at == 0 || at == len(letters)-1 {
		return false
	}
	before, after := letters[at-1], letters[at+1]
	if norm.NFC.PropertiesString(string(before)).CCC() == virama {
		if !unicode.IsLetter(after) {
			return false
		}
		return unicode.In(before, conjoining...) || unicode.Is(sinhala, before) && letters[at] == joiner
	}
	first, end := at, at+1
	for first > 0 && isWord(letters[first-1]) {
		first--
	}
	for end < len(letters) && isWord(letters[end]) {
		end++
	}
	_, err := contextual.ToUnicode(string(letters[first:at]) + string(letters[at:end]))
	return err == nil && letters[at] == nonJoiner
}

// isWord reports a letter, or a sign above or below one.
func isWord(r rune) bool { return unicode.In(r, unicode.L, unicode.M) }

// The characters of emoji that are joined: see emoji-zwj-sequences of Unicode.
const (
	adult     = `[👨👩🧑]`
	skin      = `[\x{1F3FB}-\x{1F3FF}]?`
	together  = `\x{200D}`
	direction = `(?:` + together + `➡)?`
	// active have a man's and a woman's form.
	active = `[🏃🏄🏊🏋🏌👮👯👰👱👳👷💁💂💆💇🕵🙅🙆🙇🙋🙍🙎🚣🚴🚵🚶🤦🤵🤷🤸🤹🤼🤽🤾🦸🦹🧍🧎🧏🧔🧖🧗🧘🧙🧚🧛🧜🧝🧞🧟⛹]`
	// attributes make a person one of a profession, or one with such hair.
	attributes = `[⚕⚖✈🌾🍳🍼🎄🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦯🦰🦱🦲🦳🦼🦽🩰]`
)

// sequences are the emoji that consist of several, without variation selectors. Elsewhere a joiner between two emoji
// shows the same two emoji, and a tag shows nothing.
var sequences = regexp.MustCompile(strings.Join([]string{
	adult + skin + together + attributes + direction,
	`(?:` + active + `|` + adult + `)` + skin + together + `[♀♂]` + direction,
	`[🏃🚶🧎]` + skin + together + `➡`,
	adult + skin + together + `❤` + together + `(?:💋` + together + `)?` + adult + skin,
	adult + skin + together + `[🤝🐰🫯]` + together + adult + skin,
	`🫱` + skin + together + `🫲` + skin,
	`[👨👩](?:` + together + `[👨👩])?` + together + `[👦👧](?:` + together + `[👦👧])?`,
	`🧑(?:` + together + `🧑)?` + together + `🧒(?:` + together + `🧒)?`,
	pairs("🏳🌈", "🏳⚧", "🏴☠", "🐕🦺", "🐈⬛", "🐻❄", "🐦⬛", "🐦🔥", "🍋🟩", "🍄🟫", "⛓💥", "❤🔥", "❤🩹", "😮💨", "😵💫",
		"😶🌫", "👁🗨", "🙂↔", "🙂↕"),
	// The flags of England, Scotland and Wales.
	"🏴\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074" +
		"|\U000e0077\U000e006c\U000e0073)\U000e007f",
}, "|"))

// inSequences reports of each character whether it is part of such an emoji.
func inSequences(letters []rune) []bool {
	within := make([]bool, len(letters))
	if !slices.ContainsFunc(letters, func(r rune) bool { return r == joiner || r >= 0xe0000 }) {
		return within
	}
	text := string(letters)
	for _, at := range sequences.FindAllStringIndex(text, -1) {
		first := utf8.RuneCountInString(text[:at[0]])
		for i := range utf8.RuneCountInString(text[at[0]:at[1]]) {
			within[first+i] = true
		}
	}
	return within
}

// pairs returns the pattern of two emoji that are joined.
func pairs(all ...string) string {
	joined := make([]string, 0, len(all))
	for _, pair := range all {
		joined = append(joined, string(slices.Insert([]rune(pair), 1, joiner)))
	}
	return strings.Join(joined, "|")
}
