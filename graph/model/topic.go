package model

import (
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/publicid"
)

// Topic is a topic in an answer.
type Topic struct {
	content.PageTopic
	// Workflow is the workflow whose current topic it is; nil for a superseded one.
	Workflow *Workflow
}

// ID is the typed id.
func (t Topic) ID() publicid.ID { return publicid.New(publicid.Topic, t.PageTopic.ID) }

// Pages are the pages in an answer.
func (t Topic) Pages() []TopicPage {
	pages := make([]TopicPage, len(t.PageTopic.Pages))
	for i, page := range t.PageTopic.Pages {
		pages[i] = TopicPage{TopicPage: page}
	}
	return pages
}

// Hub is the first page.
func (t Topic) Hub() TopicPage { return TopicPage{TopicPage: t.PageTopic.Pages[0]} }

// Similarity is that of the keywords of all pages.
func (t Topic) Similarity() Similarity { return Similarity{t.PageTopic.Similarity} }

// TopicPage is a page of a topic in an answer.
type TopicPage struct{ content.TopicPage }

// ID is the typed id of the page and of its article.
func (p TopicPage) ID() publicid.ID { return publicid.New(publicid.Article, p.TopicPage.ID) }

// IsHub reports whether it is the first page of a topic.
func (p TopicPage) IsHub() bool { return p.TopicID != nil && p.Position == 1 }

// PrimaryKeyword is the keyword with the highest score.
func (p TopicPage) PrimaryKeyword() TopicKeyword { return TopicKeyword{p.Primary()} }

// Keywords are the keywords in an answer.
func (p TopicPage) Keywords() []TopicKeyword { return NewTopicKeywords(p.TopicPage.Keywords) }

// Similarity is that of the keywords that clustering found.
func (p TopicPage) Similarity() Similarity { return Similarity{p.TopicPage.Similarity} }

// TopicKeyword is a keyword of topic clustering in an answer.
type TopicKeyword struct{ content.TopicKeyword }

// NewTopicKeywords returns keywords for an answer.
func NewTopicKeywords(keywords []content.TopicKeyword) []TopicKeyword {
	wrapped := make([]TopicKeyword, len(keywords))
	for i, k := range keywords {
		wrapped[i] = TopicKeyword{k}
	}
	return wrapped
}

// ID is the typed id.
func (k TopicKeyword) ID() publicid.ID { return publicid.New(publicid.TopicKeyword, k.TopicKeyword.ID) }

// IsSelected reports whether a person selected it.
func (k TopicKeyword) IsSelected() bool { return k.SeedID != nil }

// Intent is nil when unknown.
func (k TopicKeyword) Intent() *content.Intent { return given(k.TopicKeyword.Intent) }

// Language is nil when unknown.
func (k TopicKeyword) Language() *string { return given(k.TopicKeyword.Language) }

// Dropped is nil for a keyword that was clustered.
func (k TopicKeyword) Dropped() *content.DropReason { return given(k.TopicKeyword.Dropped) }

// AttachedBy is nil when clustering placed the keyword.
func (k TopicKeyword) AttachedBy() *string { return given(k.TopicKeyword.AttachedBy) }

// UnclusteredKeyword is a keyword that fits no topic in an answer.
type UnclusteredKeyword struct {
	Keyword      TopicKeyword
	NearestTopic *Topic
	Similarity   float64
}

// Similarity is the similarity of a group in an answer.
type Similarity struct{ content.Similarity }

// Min is the least similarity.
func (s Similarity) Min() float64 { return s.Least }

// Average is the mean of all pairs.
func (s Similarity) Average() float64 { return s.Mean }

// Methods are never nil.
func (s Similarity) Methods() []content.Method {
	return append([]content.Method{}, s.Similarity.Methods...)
}
