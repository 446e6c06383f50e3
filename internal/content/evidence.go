package content

import (
	"math"
	"net/url"
	"strings"
)

// Method names the evidence that two keywords mean the same page.
type Method string

// The methods, the strongest evidence first.
const (
	MethodSERP      Method = "SERP"      // the two result pages share addresses
	MethodEmbedding Method = "EMBEDDING" // a model places the two texts close together
	MethodLexical   Method = "LEXICAL"   // the two texts share words and letter groups
)

// Threshold is the least similarity of one method, for a page and for the looser topic.
type Threshold struct{ Page, Topic float64 }

// Thresholds returns the least similarities. SERP values are shares of ten result addresses. The LEXICAL page threshold
// is set by the labelled pairs in testdata/pairs.tsv: precision 0.93 and recall 0.97, and about the same in collections
// of 10 to 100 texts. SERP and EMBEDDING have no labelled
// result pages or vectors yet; their values are estimates.
func Thresholds() map[Method]Threshold {
	return map[Method]Threshold{
		MethodSERP:      {Page: 0.4, Topic: 0.1},
		MethodEmbedding: {Page: 0.80, Topic: 0.55},
		MethodLexical:   {Page: 0.70, Topic: 0.30},
	}
}

const (
	// resultsCompared is how many addresses of a result page count.
	resultsCompared = 10
	// commonHostShare is the share of all result pages above which a host says nothing: a large site that ranks for
	// everything would join keywords of different intents.
	commonHostShare = 0.4
	// commonHostPages is the least number of result pages for which the share means anything.
	commonHostPages = 5
)

// Evidence is what is known about a list of keywords. Results and Embeddings have one element per keyword; an empty
// element means that the method has no evidence for that keyword.
type Evidence struct {
	results    []map[string]bool
	embeddings [][]float32
	lexical    Lexical
}

// NewEvidence prepares the comparison of keywords. results are the addresses of each keyword's result page, the best
// first, and embeddings the vectors of the keywords; both may be nil.
func NewEvidence(texts []string, results [][]string, embeddings [][]float32) Evidence {
	e := Evidence{
		results:    make([]map[string]bool, len(texts)),
		embeddings: make([][]float32, len(texts)),
		lexical:    NewLexical(texts),
	}
	common := commonHosts(results)
	for i := range results {
		e.results[i] = comparable(results[i], common)
	}
	copy(e.embeddings, embeddings)
	return e
}

// Similarity returns how alike keywords i and j are, from 0 to 1, by the strongest method that has evidence for both.
func (e Evidence) Similarity(i, j int) (float64, Method) {
	switch {
	case e.results[i] != nil && e.results[j] != nil:
		shared := 0
		for address := range e.results[i] {
			if e.results[j][address] {
				shared++
			}
		}
		return float64(shared) / resultsCompared, MethodSERP
	case len(e.embeddings[i]) > 0 && len(e.embeddings[i]) == len(e.embeddings[j]):
		return cosine(e.embeddings[i], e.embeddings[j]), MethodEmbedding
	}
	return e.lexical.Similarity(i, j), MethodLexical
}

// comparable returns the addresses that count of one result page; nil when the page is empty.
func comparable(results []string, common map[string]bool) map[string]bool {
	if len(results) == 0 {
		return nil
	}
	kept := map[string]bool{}
	for _, address := range results[:min(len(results), resultsCompared)] {
		if key, host := addressKey(address); !common[host] {
			kept[key] = true
		}
	}
	return kept
}

// commonHosts returns the hosts that occur in more than commonHostShare of the result pages.
func commonHosts(results [][]string) map[string]bool {
	pages, counts := 0, map[string]int{}
	for _, page := range results {
		if len(page) == 0 {
			continue
		}
		pages++
		seen := map[string]bool{}
		for _, address := range page[:min(len(page), resultsCompared)] {
			if _, host := addressKey(address); !seen[host] {
				seen[host] = true
				counts[host]++
			}
		}
	}
	common := map[string]bool{}
	for host, count := range counts {
		if pages >= commonHostPages && float64(count) > commonHostShare*float64(pages) {
			common[host] = true
		}
	}
	return common
}

// addressKey returns the form in which result addresses are compared, without scheme, "www.", query, fragment and final
// slash, and the host alone.
func addressKey(address string) (key, host string) {
	parsed, err := url.Parse(strings.TrimSpace(address))
	if err != nil || parsed.Host == "" {
		return address, address
	}
	host = strings.TrimPrefix(strings.ToLower(parsed.Hostname()), "www.")
	return host + strings.TrimSuffix(parsed.EscapedPath(), "/"), host
}

func cosine(a, b []float32) float64 {
	var dot, squaresA, squaresB float64
	for k := range a {
		x, y := float64(a[k]), float64(b[k])
		dot, squaresA, squaresB = dot+x*y, squaresA+x*x, squaresB+y*y
	}
	if squaresA == 0 || squaresB == 0 {
		return 0
	}
	return max(0, min(1, dot/math.Sqrt(squaresA*squaresB)))
}
