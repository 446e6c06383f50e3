package content

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labelledPair is a line of testdata/pairs.tsv.
type labelledPair struct {
	language, first, second string
	same                    bool
}

func labelledPairs(t *testing.T) []labelledPair {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "pairs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var pairs []labelledPair
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 5 {
			t.Fatalf("a line has %d fields, want 5: %q", len(fields), lines.Text())
		}
		if strings.TrimSpace(fields[4]) == "" {
			t.Fatalf("a pair has no reason: %q", lines.Text())
		}
		pairs = append(pairs, labelledPair{
			language: fields[0],
			first:    fields[1],
			second:   fields[2],
			same:     fields[3] == "same",
		})
	}
	return pairs
}

// The LEXICAL threshold is chosen by the labelled pairs: most of what it joins is one page, and most of one page is
// joined, in every language.
func TestLexical_SeparatesTheLabelledPairs(t *testing.T) {
	t.Parallel()
	pairs := labelledPairs(t)
	var texts []string
	for _, pair := range pairs {
		texts = append(texts, pair.first, pair.second)
	}
	lexical := NewLexical(texts)
	type counts struct{ joined, right, same int }
	byLanguage := map[string]counts{}
	for i, pair := range pairs {
		count := byLanguage[pair.language]
		if pair.same {
			count.same++
		}
		if lexical.Similarity(2*i, 2*i+1) >= Thresholds()[MethodLexical].Page {
			count.joined++
			if pair.same {
				count.right++
			}
		}
		byLanguage[pair.language] = count
	}
	if len(pairs) < 200 || len(byLanguage) < 4 {
		t.Fatalf("got %d pairs in %d languages, want 200 in 4", len(pairs), len(byLanguage))
	}
	for language, count := range byLanguage {
		precision, recall := float64(count.right)/float64(count.joined), float64(count.right)/float64(count.same)
		t.Logf("%s: precision %.2f, recall %.2f", language, precision, recall)
		if precision < 0.85 || recall < 0.95 {
			t.Errorf("%s: got precision %.2f and recall %.2f, want 0.85 and 0.95", language, precision, recall)
		}
	}
}
