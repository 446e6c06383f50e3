package content

import (
	"maps"
	"math"
	"slices"
	"unicode"
)

// The lengths of the letter groups that Lexical compares beside whole words.
const (
	shortestGram = 3
	longestGram  = 4
)

// Lexical compares the texts of one collection by their words and by groups of letters. It needs neither a network
// nor a model. A feature weighs more the fewer texts it occurs in (TF-IDF).
type Lexical struct{ vectors []map[string]float64 }

// NewLexical prepares the comparison of texts.
func NewLexical(texts []string) Lexical {
	counts := make([]map[string]float64, len(texts))
	documents := map[string]float64{}
	for i, text := range texts {
		counts[i] = features(text)
		for feature := range counts[i] {
			documents[feature]++
		}
	}
	for _, vector := range counts {
		weigh(vector, documents, float64(len(texts)))
	}
	return Lexical{vectors: counts}
}

// Similarity returns the cosine of texts i and j: from 0 (nothing in common) to 1 (the same words).
func (l Lexical) Similarity(i, j int) float64 {
	a, b := l.vectors[i], l.vectors[j]
	if len(b) < len(a) {
		a, b = b, a
	}
	var sum float64
	// Floating-point sums depend on their order, and the order of a map is random.
	for _, feature := range slices.Sorted(maps.Keys(a)) {
		sum += a[feature] * b[feature]
	}
	return min(sum, 1)
}

// features counts the words of a text and the letter groups within each word, padded with spaces so that the
// beginning and the end of a word count. A script without spaces between words gives its runs of one script as words,
// and pairs of letters without padding, because its words are short and their borders unknown.
func features(text string) map[string]float64 {
	counts := map[string]float64{}
	for _, word := range Words(text) {
		for _, run := range scriptRuns(word) {
			counts["="+run.text]++
			if run.unspaced {
				addGrams(counts, []rune(run.text), 2, 2)
			} else {
				addGrams(counts, []rune(" "+run.text+" "), shortestGram, longestGram)
			}
		}
	}
	return counts
}

func addGrams(counts map[string]float64, letters []rune, shortest, longest int) {
	for length := shortest; length <= longest; length++ {
		for start := 0; start+length <= len(letters); start++ {
			counts[string(letters[start:start+length])]++
		}
	}
}

// scriptRun is a part of a word in one script.
type scriptRun struct {
	text     string
	unspaced bool
}

// unspacedScripts are the scripts that put no space between words.
var unspacedScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// scriptRuns splits a word where an unspaced script begins or ends: "seo対策" is "seo" and "対策".
func scriptRuns(word string) []scriptRun {
	var runs []scriptRun
	begin, last := 0, -2
	for at, letter := range word {
		script := slices.IndexFunc(unspacedScripts, func(table *unicode.RangeTable) bool {
			return unicode.Is(table, letter)
		})
		// Marks and the long vowel sign belong to no script of their own; they continue the run.
		if len(runs) > 0 && (script == last || unicode.In(letter, unicode.M, unicode.Lm)) {
			continue
		}
		if len(runs) > 0 {
			runs[len(runs)-1].text = word[begin:at]
		}
		runs = append(runs, scriptRun{unspaced: script >= 0})
		begin, last = at, script
	}
	if len(runs) > 0 {
		runs[len(runs)-1].text = word[begin:]
	}
	return runs
}

// weigh turns counts into a vector of length one. The smoothed inverse document frequency is ln((1+n)/(1+df)) + 1.
func weigh(vector, documents map[string]float64, n float64) {
	var squares float64
	for _, feature := range slices.Sorted(maps.Keys(vector)) {
		weight := vector[feature] * (math.Log((1+n)/(1+documents[feature])) + 1)
		vector[feature] = weight
		squares += weight * weight
	}
	for feature := range vector {
		vector[feature] /= math.Sqrt(squares)
	}
}

// Matches compares each of the first n texts with all others. It returns for each the texts that are at least so
// similar. It takes an index instead of pairs, so that thousands of texts take a fraction of a second.
func (l Lexical) Matches(n int, least float64) [][]int {
	type posting struct {
		text   int
		weight float64
	}
	index := map[string][]posting{}
	for at, vector := range l.vectors[n:] {
		for feature, weight := range vector {
			index[feature] = append(index[feature], posting{n + at, weight})
		}
	}
	matches := make([][]int, n)
	for i := range matches {
		sums := make([]float64, len(l.vectors))
		for _, feature := range slices.Sorted(maps.Keys(l.vectors[i])) {
			for _, p := range index[feature] {
				sums[p.text] += l.vectors[i][feature] * p.weight
			}
		}
		for text, sum := range sums {
			if sum >= least {
				matches[i] = append(matches[i], text)
			}
		}
	}
	return matches
}
