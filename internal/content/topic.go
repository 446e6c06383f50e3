package content

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

// TopicKeyword is a keyword of topic clustering: a selected one, or one that was found for them.
type TopicKeyword struct {
	OrganizationID, ID, WorkflowID uuid.UUID
	// Visit is the version of the transition into CLUSTERING_PENDING that began the clustering.
	Visit            int
	SeedID           *uuid.UUID // the selected keyword; nil for one that was found
	Text, Normalised string
	Volume           *int   // searches a month; nil when unknown
	Difficulty       *int   // 0 to 100; nil when unknown
	Intent           Intent // "" when unknown
	Language         string // a BCP 47 tag; "" when unknown
	Source           Source
	Score            float64
	Dropped          DropReason // "" for a keyword that was clustered
	// PageID is the page of the keyword; nil for one that was dropped or fits no topic.
	PageID *uuid.UUID
	// NearestTopicID and Similarity are the most similar topic of a keyword that fits none.
	NearestTopicID *uuid.UUID
	Similarity     float64
	IsSynthetic    bool
	CreatedAt      time.Time
	// AttachedBy is the person who put the keyword on its page; "" for the engine.
	AttachedBy string
}

// IsUnclustered reports whether the keyword fits no topic and no person has put it on a page.
func (k TopicKeyword) IsUnclustered() bool { return k.Dropped == "" && k.PageID == nil }

// evidence is the keyword as Cluster takes it, without result page and vector.
func (k TopicKeyword) evidence() Keyword {
	return Keyword{
		Text:   k.Text,
		Intent: string(k.Intent),
		Volume: k.Volume,
		Score:  k.Score,
	}
}

// TopicPage is a group of keywords that one article answers. Its id is the article's, too.
type TopicPage struct {
	OrganizationID, ID, WorkflowID uuid.UUID
	Visit                          int
	TopicID                        *uuid.UUID // nil for a page that a person made of one keyword
	Position                       int        // within the topic; 1 is the hub
	Similarity                     Similarity
	CreatedBy                      string
	CreatedAt                      time.Time
	// Keywords are the page's keywords, the highest score first, and then those that a person attached.
	Keywords []TopicKeyword
}

// Primary returns the keyword with the highest score.
func (p TopicPage) Primary() TopicKeyword {
	if len(p.Keywords) == 0 {
		return TopicKeyword{}
	}
	return p.Keywords[0]
}

// PageTopic is a stored topic: a hub page with its spokes.
type PageTopic struct {
	OrganizationID, ID, WorkflowID uuid.UUID
	Visit                          int
	Position                       int // from 1, the topic with the highest score first
	Label                          string
	Similarity                     Similarity
	CreatedAt                      time.Time
	Pages                          []TopicPage // the hub first
}

// Similarity says how alike the keywords of a group are, from 0 to 1.
type Similarity struct {
	Least, Mean float64
	Methods     []Method // the evidence behind it, the strongest first; empty for one keyword
}

// Clustering is the current result of topic clustering of a workflow.
type Clustering struct {
	Topics []PageTopic
	// Own are the pages that people made of keywords that fit no topic.
	Own []TopicPage
	// Keywords are all keywords in their order.
	Keywords []TopicKeyword
}

// Pages returns all pages: those of the topics in their order, then those that people made.
func (c Clustering) Pages() []TopicPage {
	var pages []TopicPage
	for _, topic := range c.Topics {
		pages = append(pages, topic.Pages...)
	}
	return append(pages, c.Own...)
}

// Unclustered returns the keywords that fit no topic and that no person has attached.
func (c Clustering) Unclustered() []TopicKeyword { return c.filter(TopicKeyword.IsUnclustered) }

// Dropped returns the keywords that were left out.
func (c Clustering) Dropped() []TopicKeyword {
	return c.filter(func(k TopicKeyword) bool { return k.Dropped != "" })
}

func (c Clustering) filter(is func(TopicKeyword) bool) (found []TopicKeyword) {
	for _, k := range c.Keywords {
		if is(k) {
			found = append(found, k)
		}
	}
	return found
}

// Signals are the evidence about keywords beside their text. Both maps are by the normalised text.
type Signals struct {
	Results    map[string][]string  // the addresses of result pages
	Embeddings map[string][]float32 // the vectors
}

// Arrange clusters the keywords that were not dropped. newID gives the ids of topics, pages and keywords.
func Arrange(keywords []TopicKeyword, signals Signals, newID func() uuid.UUID) Clustering {
	var evidence []Keyword
	for i := range keywords {
		keywords[i].ID = newID()
		if keywords[i].Dropped == "" { // These come first: see Expand.
			e := keywords[i].evidence()
			e.Results, e.Embedding = signals.Results[keywords[i].Normalised], signals.Embeddings[keywords[i].Normalised]
			evidence = append(evidence, e)
		}
	}
	clusters := Cluster(evidence)
	arranged := Clustering{Keywords: keywords}
	for at, topic := range clusters.Topics {
		built := PageTopic{
			ID:         newID(),
			Position:   at + 1,
			Label:      evidence[topic.Pages[0].Keywords[0]].Text,
			Similarity: Similarity{Least: rounded(topic.Least), Mean: rounded(topic.Mean), Methods: topic.Methods},
		}
		for position, page := range topic.Pages {
			made := TopicPage{
				ID:         newID(),
				TopicID:    &built.ID,
				Position:   position + 1,
				Similarity: Similarity{Least: rounded(page.Least), Mean: rounded(page.Mean), Methods: page.Methods},
			}
			for _, index := range page.Keywords {
				id := made.ID
				keywords[index].PageID = &id
				made.Keywords = append(made.Keywords, keywords[index])
			}
			built.Pages = append(built.Pages, made)
		}
		arranged.Topics = append(arranged.Topics, built)
	}
	for _, alone := range clusters.Unclustered {
		if similarity := rounded(alone.Similarity); similarity > 0 {
			id := arranged.Topics[alone.Nearest].ID
			keywords[alone.Keyword].NearestTopicID, keywords[alone.Keyword].Similarity = &id, similarity
		}
	}
	return arranged
}

// rounded keeps four decimals, which no floating-point noise reaches.
func rounded(similarity float64) float64 { return math.Round(similarity*1e4) / 1e4 }

// ClusteringSummary is the result of topic clustering beside its rows.
type ClusteringSummary struct {
	Clustered int                `json:"clustered"`
	Dropped   map[DropReason]int `json:"dropped"`
	Warnings  []string           `json:"warnings,omitempty"`
}

// SummaryOf counts keywords.
func SummaryOf(keywords []TopicKeyword) ClusteringSummary {
	summary := ClusteringSummary{Dropped: map[DropReason]int{}}
	for _, k := range keywords {
		if k.Dropped == "" {
			summary.Clustered++
		} else {
			summary.Dropped[k.Dropped]++
		}
	}
	return summary
}

// Sentence says that too few keywords are left, and why.
func (s ClusteringSummary) Sentence() string {
	sentence := fmt.Sprintf("Clustering needs %d keywords, and %d are left.", FewestClustered, s.Clustered)
	for _, reason := range DropReasons() {
		if n := s.Dropped[reason]; n > 0 {
			sentence += fmt.Sprintf(" %s: %d.", reason, n)
		}
	}
	return sentence
}
