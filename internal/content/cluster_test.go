package content

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// texts returns the clusters as text: pages joined by "+", topics in brackets, the rest after "|".
func texts(keywords []Keyword, c Clusters) string {
	var out strings.Builder
	for _, topic := range c.Topics {
		var pages []string
		for _, page := range topic.Pages {
			var names []string
			for _, i := range page.Keywords {
				names = append(names, keywords[i].Text)
			}
			pages = append(pages, strings.Join(names, "+"))
		}
		fmt.Fprintf(&out, "[%s]", strings.Join(pages, ", "))
	}
	for _, alone := range c.Unclustered {
		fmt.Fprintf(&out, "|%s", keywords[alone.Keyword].Text)
	}
	return out.String()
}

// ranked gives keywords falling scores, so that their order is the order of the list.
func ranked(names ...string) []Keyword {
	keywords := make([]Keyword, len(names))
	for i, name := range names {
		keywords[i] = Keyword{Text: name, Score: 1 - float64(i)/100}
	}
	return keywords
}

// results returns a page of addresses, one on a host of its own for each letter.
func results(letters string) []string {
	var page []string
	for _, letter := range letters {
		page = append(page, "https://"+string(letter)+".example/page")
	}
	return page
}

func TestCluster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keywords []Keyword
		want     string
	}{
		"IsEmptyForNoKeyword": {nil, ""},
		"JoinsWordOrderOnOnePage": {
			ranked("crm für handwerker", "handwerker crm für", "hundefutter"),
			"[crm für handwerker+handwerker crm für]|hundefutter",
		},
		"StopsForNoOutlier": {
			ranked("qqq zzz", "link building", "building links", "email marketing", "marketing per email"),
			"[link building+building links][email marketing+marketing per email]|qqq zzz",
		},
		"KeepsNonLatinKeywords": {
			ranked("顧客管理 ソフト", "顧客管理ソフト", "купить слона", "слона купить"),
			"[顧客管理 ソフト+顧客管理ソフト][купить слона+слона купить]",
		},
		"DoesNotChain": {
			// a and b share four addresses, b and c too, a and c none.
			[]Keyword{
				{Text: "a", Score: 3, Results: results("abcdefghij")},
				{Text: "b", Score: 2, Results: results("abcdwxyzuv")},
				{Text: "c", Score: 1, Results: results("wxyzklmnop")},
			},
			"[a+b, c]",
		},
		"SeparatesIntents": {
			[]Keyword{
				{Text: "crm", Score: 2, Intent: "INFORMATIONAL", Results: results("abcdefghij")},
				{Text: "crm kaufen", Score: 1, Intent: "TRANSACTIONAL", Results: results("abcdefghij")},
			},
			"[crm, crm kaufen]",
		},
		"JoinsAnUnknownIntent": {
			[]Keyword{
				{Text: "crm", Score: 2, Intent: "INFORMATIONAL", Results: results("abcdefghij")},
				{Text: "crm kaufen", Score: 1, Results: results("abcdefghij")},
			},
			"[crm+crm kaufen]",
		},
		"UsesEmbeddingsWithoutResults": {
			[]Keyword{
				{Text: "car", Score: 2, Embedding: []float32{1, 0}},
				{Text: "automobile", Score: 1, Embedding: []float32{0.9, 0.1}},
			},
			"[car+automobile]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := texts(c.keywords, Cluster(c.keywords)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestCluster_AGluedHostDoesNotMerge(t *testing.T) {
	t.Parallel()
	var keywords []Keyword
	for i := range 5 {
		var page []string
		for result := range 10 {
			host := fmt.Sprintf("own%d", i)
			if result < 6 { // One site has the first six places of every result page.
				host = "www.everything"
			}
			page = append(page, fmt.Sprintf("https://%s.example/%d", host, result))
		}
		keywords = append(keywords, Keyword{Text: fmt.Sprintf("keyword%d", i), Results: page})
	}
	if got := Cluster(keywords); len(got.Topics) != 0 || len(got.Unclustered) != 5 {
		t.Errorf("got %s, want five keywords without a topic", texts(keywords, got))
	}
}

func TestCluster_NamesTheNearestTopic(t *testing.T) {
	t.Parallel()
	keywords := ranked("hundefutter", "futter hunde", "seo tool", "seo tools", "seo handbuch kaufen")
	got := Cluster(keywords)
	if len(got.Unclustered) != 1 || got.Unclustered[0].Nearest != 1 || got.Unclustered[0].Similarity <= 0 {
		t.Errorf("got %+v in %s, want the second topic", got.Unclustered, texts(keywords, got))
	}
}

func TestCluster_DoesNotDependOnTheOrderOfItsInput(t *testing.T) {
	t.Parallel()
	keywords := ranked("seo tool", "seo tools", "email marketing", "marketing per email", "crm", "crm software", "hund")
	keywords[1].Score = keywords[0].Score // Ties too.
	want := texts(keywords, Cluster(keywords))
	for seed := range 200 {
		shuffled := slices.Clone(keywords)
		rand.New(rand.NewSource(int64(seed))).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if got := texts(shuffled, Cluster(shuffled)); got != want {
			t.Fatalf("seed %d: got %s, want %s", seed, got, want)
		}
	}
}

func TestCluster_PlacesEachKeywordOnceAndEachPairAboveItsThreshold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{
			"seo", "tool", "tools", "crm", "für", "handwerker", "顧客", "管理", "купить", "слона",
		}), 1, 4)
		var keywords []Keyword
		for _, parts := range rapid.SliceOfN(words, 0, 30).Draw(t, "keywords") {
			keywords = append(keywords, Keyword{
				Text:  strings.Join(parts, " "),
				Score: float64(rapid.IntRange(0, 3).Draw(t, "score")),
			})
		}
		check(t, keywords, Cluster(keywords))
	})
}

func check(t *rapid.T, keywords []Keyword, got Clusters) {
	var placed []int
	for _, topic := range got.Topics {
		if len(topic.Pages) > largestTopic {
			t.Fatalf("a topic has %d pages, want at most %d", len(topic.Pages), largestTopic)
		}
		for _, page := range topic.Pages {
			placed = append(placed, page.Keywords...)
			if page.Least < Thresholds()[MethodLexical].Page {
				t.Fatalf("a page has a pair of similarity %v", page.Least)
			}
		}
		best := slices.MinFunc(topic.Pages, func(a, b Page) int {
			return byRank(keywords[a.Keywords[0]], keywords[b.Keywords[0]])
		})
		if diff := cmp.Diff(keywords[best.Keywords[0]], keywords[topic.Pages[0].Keywords[0]]); diff != "" {
			t.Fatalf("the hub is not the best page:\n%s", diff)
		}
	}
	for _, alone := range got.Unclustered {
		placed = append(placed, alone.Keyword)
	}
	slices.Sort(placed)
	for i, at := range placed {
		if i != at {
			t.Fatalf("keyword %d is placed at %d of %v", at, i, placed)
		}
	}
	if len(placed) != len(keywords) {
		t.Fatalf("%d of %d keywords are placed", len(placed), len(keywords))
	}
}

func BenchmarkCluster(b *testing.B) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("keyword %d of topic %d", i%7, i/7))
	}
	keywords := ranked(names...)
	for b.Loop() {
		Cluster(keywords)
	}
}
