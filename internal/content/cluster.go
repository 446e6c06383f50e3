package content

import (
	"cmp"
	"slices"
)

// largestTopic is the most pages that one topic has: a hub and eight spokes.
const largestTopic = 9

// Keyword is one selected keyword as clustering sees it.
type Keyword struct {
	Text   string
	Intent string // the search intent; "" when unknown
	Volume *int   // searches a month; nil when unknown
	Score  float64
	// Results are the addresses of the keyword's result page, the best first; empty when it was not asked for.
	Results []string
	// Embedding is the vector of the text; empty when no model was asked.
	Embedding []float32
}

// Page is a group of keywords that one article answers. The first keyword has the highest score.
type Page struct {
	Keywords []int // indexes into the input of Cluster
	// Least and Mean are the similarities between the keywords; both are 1 for one keyword.
	Least, Mean float64
	Methods     []Method // the methods that the similarities rest on, the strongest first
}

// Topic is a hub page with its spokes.
type Topic struct {
	Pages       []Page // the hub first, then by score
	Least, Mean float64
	Methods     []Method
}

// Unclustered is a keyword that fits no topic. Nearest is the index of the most similar topic, -1 when there is none.
type Unclustered struct {
	Keyword    int
	Nearest    int
	Similarity float64
}

// Clusters is the result of Cluster.
type Clusters struct {
	Topics      []Topic
	Unclustered []Unclustered
}

// Cluster groups keywords into pages by complete linkage and pages into topics by average linkage. Every pair of
// keywords on a page is above the page threshold of its method, so a page never chains. Keywords with different known
// intents never share a page. A page of one keyword that joins no topic is Unclustered. The result does not depend on
// the order of the input, but for the indexes that it names.
func Cluster(keywords []Keyword) Clusters {
	c := newClustering(keywords)
	pages := merge(c.singles(), c.completeLink, func([]int, []int) bool { return true })
	topics := merge(pageIndexes(pages), func(a, b []int) float64 { return c.averageLink(pages, a, b) },
		func(a, b []int) bool { return len(a)+len(b) <= largestTopic })
	return c.result(pages, topics)
}

// clustering has the keywords in canonical order, with all their pairs.
type clustering struct {
	keywords []Keyword
	original []int // the index in the input
	similar  [][]float64
	method   [][]Method
	limits   map[Method]Threshold
}

func newClustering(input []Keyword) *clustering {
	c := &clustering{limits: Thresholds(), original: make([]int, len(input))}
	for i := range c.original {
		c.original[i] = i
	}
	slices.SortStableFunc(c.original, func(a, b int) int { return byRank(input[a], input[b]) })
	texts := make([]string, len(input))
	results := make([][]string, len(input))
	embeddings := make([][]float32, len(input))
	for i, at := range c.original {
		keyword := input[at]
		c.keywords = append(c.keywords, keyword)
		texts[i], results[i], embeddings[i] = keyword.Text, keyword.Results, keyword.Embedding
	}
	evidence := NewEvidence(texts, results, embeddings)
	for i := range input {
		similar, method := make([]float64, len(input)), make([]Method, len(input))
		for j := range i {
			similar[j], method[j] = evidence.Similarity(i, j)
		}
		c.similar, c.method = append(c.similar, similar), append(c.method, method)
	}
	return c
}

// byRank orders keywords: the highest score first, then the highest volume, then the text.
func byRank(a, b Keyword) int {
	return cmp.Or(
		cmp.Compare(b.Score, a.Score),
		cmp.Compare(volume(b), volume(a)),
		cmp.Compare(Normalise(a.Text), Normalise(b.Text)),
		cmp.Compare(a.Text, b.Text),
	)
}

func volume(k Keyword) int {
	if k.Volume == nil {
		return -1
	}
	return *k.Volume
}

func (c *clustering) pair(i, j int) (float64, Method) {
	if i < j {
		i, j = j, i
	}
	return c.similar[i][j], c.method[i][j]
}

func (c *clustering) singles() [][]int {
	groups := make([][]int, len(c.keywords))
	for i := range groups {
		groups[i] = []int{i}
	}
	return groups
}

// completeLink returns the least similarity between two groups as a multiple of the page threshold; below 1 they must
// not merge.
func (c *clustering) completeLink(a, b []int) float64 {
	least := -1.0
	for _, i := range a {
		for _, j := range b {
			if x, y := c.keywords[i].Intent, c.keywords[j].Intent; x != "" && y != "" && x != y {
				return 0
			}
			value, method := c.pair(i, j)
			if link := value / c.limits[method].Page; least < 0 || link < least {
				least = link
			}
		}
	}
	return least
}

// averageLink returns the mean similarity between two groups of pages as a multiple of the topic threshold.
func (c *clustering) averageLink(pages [][]int, a, b []int) float64 {
	var sum float64
	count := 0
	for _, p := range a {
		for _, q := range b {
			for _, i := range pages[p] {
				for _, j := range pages[q] {
					value, method := c.pair(i, j)
					sum += value / c.limits[method].Topic
					count++
				}
			}
		}
	}
	return sum / float64(count)
}

// merge joins the two groups with the strongest link until no link reaches 1. Of equal links the one between the
// earliest groups counts, so the result is the same each time. Groups keep their members in ascending order.
func merge(groups [][]int, link func(a, b []int) float64, fits func(a, b []int) bool) [][]int {
	links := make([][]float64, len(groups))
	for i := range groups {
		links[i] = make([]float64, len(groups))
		for j := range i {
			links[i][j] = link(groups[j], groups[i])
		}
	}
	for {
		first, second, best := -1, -1, 0.0
		for i := range groups {
			for j := range i {
				if links[i][j] >= 1 && links[i][j] > best && fits(groups[j], groups[i]) {
					first, second, best = j, i, links[i][j]
				}
			}
		}
		if first < 0 {
			return groups
		}
		joined := slices.Concat(groups[first], groups[second])
		slices.Sort(joined)
		groups[first] = joined
		groups = slices.Delete(groups, second, second+1)
		links = slices.Delete(links, second, second+1)
		for i := range links {
			if len(links[i]) > second {
				links[i] = slices.Delete(links[i], second, second+1)
			}
		}
		for other := range groups {
			switch {
			case other < first:
				links[first][other] = link(groups[other], joined)
			case other > first:
				links[other][first] = link(joined, groups[other])
			}
		}
	}
}

func pageIndexes(pages [][]int) [][]int {
	indexes := make([][]int, len(pages))
	for i := range indexes {
		indexes[i] = []int{i}
	}
	return indexes
}
