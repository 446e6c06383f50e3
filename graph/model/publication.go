package model

import (
	"time"

	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// Publication is a publication in an answer, with the workflow whose list it is in.
type Publication struct {
	workflow.Publication
	Workflow *Workflow
	// Shown chooses the publications that the same field lists of each workflow; nil for all.
	Shown *PublicationPage
	// Beside has the publications in a list of several workflows; nil in a list of one.
	Beside *[]workflow.Publication
}

// PublicationPage is a page of a workflow's publications: so many after so many, or before.
type PublicationPage struct {
	From     int64
	Size     int
	Backward bool
}

// IsNode marks Publication as a Node.
func (Publication) IsNode() {}

// ID is the public id.
func (p Publication) ID() publicid.ID { return publicid.New(publicid.Publication, p.Publication.ID) }

// ArticleID is the public id of the article.
func (p Publication) ArticleID() publicid.ID {
	return publicid.New(publicid.Article, p.Publication.ArticleID)
}

// PublishedRevision is nil before the site has a revision.
func (p Publication) PublishedRevision() *int { return given(p.Remote.Revision) }

// URL is nil before there is one.
func (p Publication) URL() *string { return given(p.Remote.URL) }

// RemoteID is nil before it is known.
func (p Publication) RemoteID() *string { return given(p.Remote.ID) }

// Since is the time of the last event.
func (p Publication) Since() time.Time { return p.ChangedAt }

// Failure is nil when the last event was none.
func (p Publication) Failure() *workflow.FailureCode { return given(p.Publication.Failure) }

// Message is nil without a failure.
func (p Publication) Message() *string { return given(p.FailureMessage) }

// PublicationEvent is an event of a publication in an answer.
type PublicationEvent struct{ workflow.PublicationEvent }

// Version is the number of the event.
func (e PublicationEvent) Version() int { return e.Publication.Version }

// State is the state after the event.
func (e PublicationEvent) State() workflow.PublicationState { return e.Publication.State }

// RemoteID is nil before it is known.
func (e PublicationEvent) RemoteID() *string { return given(e.Publication.Remote.ID) }

// Failure is nil for an event that is none.
func (e PublicationEvent) Failure() *workflow.FailureCode { return given(e.Publication.Failure) }

// Message is nil without a failure.
func (e PublicationEvent) Message() *string { return given(e.Publication.FailureMessage) }

// At is the time of the event.
func (e PublicationEvent) At() time.Time { return e.Publication.ChangedAt }

// The lists of publications.
type (
	PublicationConnection = Connection[*Publication]
	PublicationEdge       = Edge[*Publication]
)
