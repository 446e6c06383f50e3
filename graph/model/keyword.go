package model

import (
	"encoding/hex"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Keyword is a keyword of a seed review in an answer.
type Keyword struct{ content.SeedKeyword }

// IsNode says that node can find it.
func (Keyword) IsNode() {}

// ID is the typed id.
func (k Keyword) ID() publicid.ID { return publicid.New(publicid.Keyword, k.SeedKeyword.ID) }

// Cpc is nil when unknown.
func (k Keyword) Cpc() *cost.Pico { return k.CPC }

// Intent is nil when unknown.
func (k Keyword) Intent() *content.Intent { return given(k.SeedKeyword.Intent) }

// Language is nil when unknown.
func (k Keyword) Language() *string { return given(k.SeedKeyword.Language) }

// Competitor is nil for none.
func (k Keyword) Competitor() *string { return given(k.SeedKeyword.Competitor) }

// SimilarTo is nil for none.
func (k Keyword) SimilarTo() *string { return given(k.SeedKeyword.SimilarTo) }

// Choice is nil without a decision, and for one that was taken back.
func (k Keyword) Choice() *content.Choice { return given(k.Decided()) }

// IsCarried reports whether the decision comes from an earlier analysis.
func (k Keyword) IsCarried() bool { return k.Decided() != "" && k.Origin == content.OriginCarried }

// DecidedBy is nil without a decision.
func (k Keyword) DecidedBy() *string {
	if k.Decided() == "" {
		return nil
	}
	return given(k.SeedKeyword.DecidedBy)
}

// Competitor is a competitor in an answer.
type Competitor struct{ content.Competitor }

// Source is the origin of the name.
func (c Competitor) Source() CompetitorSource {
	if c.Proposed {
		return CompetitorSourceProposed
	}
	return CompetitorSourceGiven
}

// Mode is nil before the analysis.
func (c Competitor) Mode() *content.Mode { return given(c.Competitor.Mode) }

// IsMissing reports whether the analysis left it out.
func (c Competitor) IsMissing() bool { return c.Failed }

// KeywordCount is the number of keywords that were found for it.
func (c Competitor) KeywordCount() int { return c.Keywords }

// Warnings are never nil.
func (c Competitor) Warnings() []string { return append([]string{}, c.Competitor.Warnings...) }

// CompetitorAnalysis is a competitor analysis in an answer.
type CompetitorAnalysis struct{ content.Analysis }

// Warnings are never nil.
func (a CompetitorAnalysis) Warnings() []string { return append([]string{}, a.Analysis.Warnings...) }

// Market is the market of an organization in an answer.
type Market struct{ content.Market }

// NegativeWords are never nil.
func (m Market) NegativeWords() []string { return append([]string{}, m.Negatives...) }

// KeywordSelection is the selection of a seed review in an answer.
type KeywordSelection struct {
	content.Selection
	Workflow workflow.Workflow
}

// Digest is hexadecimal.
func (s KeywordSelection) Digest() string { return hex.EncodeToString(s.Selection.Digest[:]) }

// Brand is the brand voice of an organization in an answer.
type Brand struct {
	content.Brand
	// Version is nil when no brand voice was set.
	Version *int
}

// Do are rules. They are never nil, and neither are the lists below.
func (b Brand) Do() []string { return append([]string{}, b.Brand.Do...) }

// Dont are rules that say what to avoid.
func (b Brand) Dont() []string { return append([]string{}, b.Brand.Dont...) }

// BannedWords are the words and phrases that no article may have.
func (b Brand) BannedWords() []string { return append([]string{}, b.Banned...) }
