package model

import (
	"encoding/hex"
	"time"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/publicid"
)

// ArticlePlan is the plan of a workflow in an answer.
type ArticlePlan struct {
	content.Plan
	Workflow *Workflow
}

// Items are the articles in an answer.
func (p ArticlePlan) Items() []ArticlePlanItem {
	items := make([]ArticlePlanItem, len(p.Plan.Items))
	for i, item := range p.Plan.Items {
		items[i] = ArticlePlanItem{item, p.Workflow}
	}
	return items
}

// Approved is the number of approved articles.
func (p ArticlePlan) Approved() int { return len(p.Plan.Approved()) }

// Rejected is the number of rejected articles.
func (p ArticlePlan) Rejected() int { return len(p.Plan.Rejected()) }

// Digest is hexadecimal.
func (p ArticlePlan) Digest() string {
	digest := p.Selection().Digest
	return hex.EncodeToString(digest[:])
}

// ArticlePlanItem is an article of a plan in an answer.
type ArticlePlanItem struct {
	content.PlanItem
	Workflow *Workflow
}

// ID is the typed id of the article and of its page.
func (i ArticlePlanItem) ID() publicid.ID { return publicid.New(publicid.Article, i.PlanItem.Page.ID) }

// Page is the page in an answer.
func (i ArticlePlanItem) Page() TopicPage { return TopicPage{i.PlanItem.Page} }

// Topic is nil for a page that a person made.
func (i ArticlePlanItem) Topic() *Topic {
	if i.PlanItem.Topic == nil {
		return nil
	}
	return &Topic{PageTopic: *i.PlanItem.Topic, Workflow: i.Workflow}
}

// Verdict is that of cluster validation.
func (i ArticlePlanItem) Verdict() content.Verdict { return i.PlanItem.Verdict.Verdict }

// Reasons are never nil.
func (i ArticlePlanItem) Reasons() []string { return append([]string{}, i.PlanItem.Verdict.Reasons...) }

// Brief is nil without one.
func (i ArticlePlanItem) Brief() *content.Brief {
	if i.Plan.Revision == 0 {
		return nil
	}
	brief := i.Plan.Brief
	return &brief
}

// Revision is 0 without a brief.
func (i ArticlePlanItem) Revision() int { return i.Plan.Revision }

// Author is nil without a brief.
func (i ArticlePlanItem) Author() *content.AuthorKind { return given(i.Plan.Author) }

// Actor is nil without a brief.
func (i ArticlePlanItem) Actor() *string { return given(i.Plan.Actor) }

// RevisedAt is nil without a brief.
func (i ArticlePlanItem) RevisedAt() *time.Time {
	if i.Plan.Revision == 0 {
		return nil
	}
	return &i.Plan.CreatedAt
}

// Choice is nil without a decision, and for one that was taken back.
func (i ArticlePlanItem) Choice() *content.PlanChoice { return given(i.Plan.Decided()) }

// IsCarried reports whether the decision comes from an earlier plan.
func (i ArticlePlanItem) IsCarried() bool {
	return i.Plan.Decided() != "" && i.Plan.Origin == content.OriginCarried
}

// DecidedBy is nil without a decision.
func (i ArticlePlanItem) DecidedBy() *string {
	if i.Plan.Decided() == "" {
		return nil
	}
	return given(i.Plan.DecidedBy)
}

// Reason is nil when none was given.
func (i ArticlePlanItem) Reason() *string { return given(i.Plan.Reason) }

// IsSynthetic reports whether the sandbox wrote the brief.
func (i ArticlePlanItem) IsSynthetic() bool { return i.Plan.IsSynthetic }
