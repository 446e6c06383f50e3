package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/content"
)

const (
	// labelledPairs has pairs of keywords, labelled by hand: language, two keywords, same or different, and why.
	labelledPairs = "internal/content/testdata/pairs.tsv"
	// clustered is the most keywords that a review ends with.
	clustered = content.MostSeeds
)

// agreement counts how a threshold judges the labelled pairs of one language.
type agreement struct{ joined, right, same float64 }

// content measures the clustering of keywords, and how well its lexical threshold agrees with labelled pairs.
func (b *bench) content() error {
	root, err := exec.CommandContext(b.ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the repository: %w", err)
	}
	texts, pairs, err := readPairs(filepath.Join(strings.TrimSpace(string(root)), labelledPairs))
	if err != nil {
		return err
	}
	keywords := make([]content.Keyword, clustered)
	for i := range keywords {
		keywords[i] = content.Keyword{Text: texts[i], Score: b.random.Float64()}
	}
	var took series
	for range b.rounds {
		began := time.Now()
		content.Cluster(keywords)
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	b.table.add(row{what: fmt.Sprintf("clustering %d keywords by their texts, ms", clustered), found: took.String()})
	for _, language := range slices.Sorted(maps.Keys(pairs)) {
		a := pairs[language]
		b.table.add(row{
			what:  "labelled pairs of keywords by LEXICAL, " + language,
			found: fmt.Sprintf("precision %.2f, recall %.2f", a.right/a.joined, a.right/a.same),
		})
	}
	return nil
}

// readPairs returns the texts of the labelled pairs, two for each pair, and the agreement by language.
func readPairs(path string) (texts []string, byLanguage map[string]agreement, err error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var languages, labels []string
	for lines := bufio.NewScanner(strings.NewReader(string(file))); lines.Scan(); {
		if fields := strings.Split(lines.Text(), "\t"); len(fields) == 5 {
			languages, labels = append(languages, fields[0]), append(labels, fields[3])
			texts = append(texts, fields[1], fields[2])
		}
	}
	lexical, limit := content.NewLexical(texts), content.Thresholds()[content.MethodLexical].Page
	byLanguage = map[string]agreement{}
	for i, language := range languages {
		a := byLanguage[language]
		same, joined := labels[i] == "same", lexical.Similarity(2*i, 2*i+1) >= limit
		if same {
			a.same++
		}
		if joined {
			a.joined++
		}
		if same && joined {
			a.right++
		}
		byLanguage[language] = a
	}
	if len(texts) < clustered {
		return nil, nil, fmt.Errorf("%s has %d texts, want %d", path, len(texts), clustered)
	}
	return texts, byLanguage, nil
}
