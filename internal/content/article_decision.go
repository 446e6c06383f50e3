package content

import (
	"time"

	"github.com/google/uuid"
)

// ArticleVerdict is what a person decided about the text of an article.
type ArticleVerdict string

// The verdicts. REWRITE_SECTION asks for another text of one section and judges nothing else.
const (
	ArticleApproved ArticleVerdict = "APPROVED"
	ArticleRejected ArticleVerdict = "REJECTED"
	RewriteSection  ArticleVerdict = "REWRITE_SECTION"
)

// MaxRejections is how often a person can have an article written again in one visit.
const MaxRejections = 3

// ArticleDecision is one decision about a version of an article.
type ArticleDecision struct {
	ArticleID uuid.UUID
	Sequence  int // from 1, over all visits
	Visit     int // of the version
	Revision  int
	Verdict   ArticleVerdict
	// Section is the section to be rewritten, from 0; nil for the whole text.
	Section   *int
	Feedback  string
	Actor     string
	DecidedAt time.Time
}

// Asks reports whether the decision asks for another text.
func (d ArticleDecision) Asks() bool {
	return d.Verdict == RewriteSection || d.Verdict == ArticleRejected && d.Feedback != ""
}
