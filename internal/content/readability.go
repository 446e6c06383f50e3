package content

import (
	"strings"
	"unicode"
)

// ReadingFormula is the way in which the ease of reading was computed.
type ReadingFormula string

// The formulas.
const (
	// FleschEase is 206.835 − 1.015 · words per sentence − 84.6 · syllables per word, for English: 60 to 70 is plain.
	FleschEase ReadingFormula = "FLESCH"
	// LIX is words per sentence + 100 · long words per word, for other languages: 30 to 40 is plain, from 50 on hard.
	LIX ReadingFormula = "LIX"
)

// longWord is the number of letters from which on LIX counts a word as long.
const longWord = 7

// ReadingEase returns how easy a text is to read. It is 0 for a text without words and for scripts without spaces
// between words. It is shown to people and blocks nothing.
func ReadingEase(markdown, language string) (score float64, formula ReadingFormula) {
	formula = LIX
	if base, _, _ := strings.Cut(strings.ToLower(language), "-"); base == "en" {
		formula = FleschEase
	}
	text := read(markdown).text
	words := Words(text)
	count, parts := float64(len(words)), float64(max(len(sentences(text)), 1))
	if count == 0 {
		return 0, formula
	}
	long, syllables := 0.0, 0.0
	for _, word := range words {
		for _, run := range scriptRuns(word) {
			if run.unspaced {
				return 0, formula
			}
		}
		if len([]rune(word)) >= longWord {
			long++
		}
		syllables += float64(syllablesOf(word))
	}
	if formula == LIX {
		return count/parts + 100*long/count, formula
	}
	return 206.835 - 1.015*count/parts - 84.6*syllables/count, formula
}

// syllablesOf estimates the syllables of an English word: groups of vowels, without a silent e at the end.
func syllablesOf(word string) (count int) {
	inVowels := false
	for _, r := range word {
		isVowel := strings.ContainsRune("aeiouyäöüáéíóúàèìòù", unicode.ToLower(r))
		if isVowel && !inVowels {
			count++
		}
		inVowels = isVowel
	}
	if strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") && count > 1 {
		count--
	}
	return max(count, 1)
}
