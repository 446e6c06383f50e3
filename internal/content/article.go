package content

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
)

// The limits of an article.
const (
	// MaxMarkdown is the longest text of a version, in bytes.
	MaxMarkdown = 200 << 10
	// MaxPageText is the longest kept text of a web page, in bytes.
	MaxPageText = 64 << 10
	// MaxVersionTitle and MaxMetaDescription are in characters.
	MaxVersionTitle    = 200
	MaxMetaDescription = 400
	// MaxEvidence is the most quotes of an article, MaxQuote the longest one in bytes.
	MaxEvidence = 999
	MaxQuote    = 2000
)

// Article is an article that one visit of step 6 writes. It has the id of its plan.
type Article struct {
	WorkflowID, ID uuid.UUID
	Visit          int
	Position       int // from 1
	UnitID         uuid.UUID
	// PlanVisit and PlanRevision name the approved revision of the brief.
	PlanVisit, PlanRevision int
	Brief                   Brief
	Budget                  cost.ArticleBudget
	// Last is the last version of this visit without its Markdown; nil before the first one.
	Last *ArticleVersion
}

// Title is the title of the last version, or of the brief before there is one.
func (a Article) Title() string {
	if a.Last != nil {
		return a.Last.Title
	}
	return a.Brief.Title
}

// ArticleVersion is one version of the text of an article.
type ArticleVersion struct {
	WorkflowID, ArticleID uuid.UUID
	Visit                 int
	Revision              int // from 1, over all visits
	// BasedOn is the version that this one was made from; nil when it was written from the brief.
	BasedOn                *int
	Title, MetaDescription string
	// Markdown cites evidence by ids, as [E3].
	Markdown    string
	Words       int
	Fingerprint uint64
	Checks      []Check
	NeedsReview bool
	// Mode is where the evidence is from; NONE when none was found.
	Mode cost.ResearchMode
	// BrandRevision is the revision of the brand's voice that was used; nil without one.
	BrandRevision *int
	Author        AuthorKind
	IsSynthetic   bool
	Actor         string
	Reason        string // of a person's change
	CreatedAt     time.Time
}

// IsUnsourced reports whether the article was written without any evidence.
func (v ArticleVersion) IsUnsourced() bool { return v.Mode == cost.ResearchNone }

// WebPage is the text of a web page, as it was when it was read.
type WebPage struct {
	URL, Title, Text string
	FetchedAt        time.Time
}

// Quote is evidence: a sentence of a stored page that an article may cite.
type Quote struct {
	ArticleID uuid.UUID
	Visit     int
	Number    int // from 1
	URL       string
	Title     string // of the page
	Text      string
	FetchedAt time.Time
}

// ID is how a text cites the evidence, such as "E3".
func (q Quote) ID() string { return fmt.Sprintf("E%d", q.Number) }

// Sources returns quotes in the form that NumberCitations reads.
func Sources(quotes []Quote) []CitedSource {
	sources := make([]CitedSource, len(quotes))
	for i, q := range quotes {
		sources[i] = CitedSource{ID: q.ID(), URL: q.URL, Title: q.Title}
	}
	return sources
}
