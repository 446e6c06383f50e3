package content

import (
	"encoding/json"
	"math/rand"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// counted returns a source of ids that counts.
func counted() func() uuid.UUID {
	n := byte(0)
	return func() uuid.UUID { n++; return uuid.UUID{n} }
}

func expansion() Expansion {
	seed := func(n byte, text string, score float64) SeedKeyword {
		return SeedKeyword{ID: uuid.UUID{n}, Text: text, Normalised: Normalise(text), Score: score}
	}
	return Expansion{
		Seeds:     []SeedKeyword{seed(1, "seo tool", 0.9), seed(2, "email marketing", 0.8)},
		Source:    SourceModel,
		Language:  "en-US",
		Negatives: []string{"free trial"},
		Found: []Candidate{
			{Text: "seo tools", Volume: pointer(90)},
			{Text: "Tool SEO"},
			{Text: "seo tool free of trial", Volume: pointer(50)},
			{Text: "outil seo", Language: "fr"},
			{Text: "seo tool list", Volume: pointer(9)},
			{Text: "marketing per email", Language: "en-GB"},
			{Text: "!!"},
		},
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	got := map[string]DropReason{}
	for _, k := range Expand(expansion()) {
		got[k.Text] = k.Dropped
	}
	want := map[string]DropReason{
		"seo tool":               "",
		"email marketing":        "",
		"seo tools":              "",
		"Tool SEO":               DropDuplicate,
		"seo tool free of trial": DropNegative,
		"outil seo":              DropOtherLanguage,
		"seo tool list":          DropLowVolume,
		"marketing per email":    "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExpand_KeepsTheBestAndEverySelectedKeyword(t *testing.T) {
	t.Parallel()
	in := expansion()
	for i := range 200 {
		in.Found = append(in.Found, Candidate{Text: "word" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + " seo"})
	}
	in.Seeds[1].Score = 0
	kept, notBest, seeds := 0, 0, 0
	for _, k := range Expand(in) {
		if k.Dropped == "" {
			kept++
		}
		if k.Dropped == DropNotBest {
			notBest++
		}
		if k.SeedID != nil && k.Dropped == "" {
			seeds++
		}
	}
	if kept != MostClustered || notBest == 0 || seeds != 2 {
		t.Errorf("got %d kept, %d not best and %d selected keywords, want %d, some and 2",
			kept, notBest, seeds, MostClustered)
	}
}

// The same seed gives the same bytes in any order of the input.
func TestArrange_GivesTheSameBytesForShuffledInput(t *testing.T) {
	t.Parallel()
	arranged := func(in Expansion) string {
		encoded, err := json.Marshal(Arrange(Expand(in), Signals{}, counted()))
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	in := expansion()
	want := arranged(in)
	for seed := range 100 {
		random := rand.New(rand.NewSource(int64(seed)))
		random.Shuffle(len(in.Found), func(i, j int) { in.Found[i], in.Found[j] = in.Found[j], in.Found[i] })
		random.Shuffle(len(in.Seeds), func(i, j int) { in.Seeds[i], in.Seeds[j] = in.Seeds[j], in.Seeds[i] })
		if diff := cmp.Diff(want, arranged(in)); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func TestArrange_PlacesEveryClusteredKeywordOnce(t *testing.T) {
	t.Parallel()
	c := Arrange(Expand(expansion()), Signals{}, counted())
	placed := 0
	for _, page := range c.Pages() {
		placed += len(page.Keywords)
	}
	if got, want := placed+len(c.Unclustered())+len(c.Dropped()), len(c.Keywords); got != want || len(c.Topics) == 0 {
		t.Errorf("got %d keywords in %d topics, unclustered and dropped, want %d", got, len(c.Topics), want)
	}
	for _, k := range c.Unclustered() {
		if (k.NearestTopicID == nil) != (k.Similarity == 0) {
			t.Errorf("%q: got the nearest topic %v with the similarity %v", k.Text, k.NearestTopicID, k.Similarity)
		}
	}
}
