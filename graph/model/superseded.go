package model

import (
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// SupersededVisit is a visit that a RESET has superseded, in an answer.
type SupersededVisit struct {
	engine.SupersededVisit
	Workflow *Workflow
}

// Result is the result of the step.
func (v SupersededVisit) Result() StepResult { return StepResult{v.SupersededVisit.Result} }

// Reset is the transition that superseded the visit.
func (v SupersededVisit) Reset() *Transition {
	return &Transition{Transition: v.SupersededVisit.Reset, Workflow: v.Workflow}
}

// SupersededBrief is a brief of a superseded plan, in an answer.
type SupersededBrief struct{ content.ArticlePlan }

// ArticleID is the typed id of the article.
func (b SupersededBrief) ArticleID() publicid.ID {
	return publicid.New(publicid.Article, b.ArticlePlan.ArticleID)
}

// Choice is nil without a decision, and for one that was taken back.
func (b SupersededBrief) Choice() *content.PlanChoice { return given(b.Decided()) }

// DecidedBy is nil without a decision.
func (b SupersededBrief) DecidedBy() *string {
	if b.Decided() == "" {
		return nil
	}
	return given(b.ArticlePlan.DecidedBy)
}
