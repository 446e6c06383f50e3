package content

import "slices"

// markSimilar notes for each keyword the best keyword before it that differs little. The keywords are ordered by score.
func markSimilar(seeds []SeedKeyword) {
	texts := make([]string, len(seeds))
	for i, k := range seeds {
		texts[i] = k.Text
	}
	compared := NewLexical(texts)
	for i := range seeds {
		at := slices.IndexFunc(seeds[:i], func(k SeedKeyword) bool { return k.SimilarTo == "" })
		for ; at >= 0 && at < i; at++ {
			if seeds[at].SimilarTo == "" && compared.Similarity(at, i) >= Thresholds()[MethodLexical].Page {
				seeds[i].SimilarTo = seeds[at].Text
				break
			}
		}
	}
}
