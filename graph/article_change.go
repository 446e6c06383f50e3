package graph

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

// blamesArticle says that the usual refusals concern the article.
func (d *decoder) blamesArticle() {
	for _, kind := range []fault.Kind{fault.NotFound, fault.Conflict, fault.StaleState, fault.TerminalState} {
		d.blames(kind, "articleId")
	}
}

func decodeUpdateArticle(input model.UpdateArticleInput) (in decoded[engine.UpdateArticleInput]) {
	in.blamesArticle()
	in.value = engine.UpdateArticleInput{
		ArticleID:        in.id(input.ArticleID, publicid.Article, "articleId"),
		ExpectedRevision: input.ExpectedRevision,
		Title:            input.Title.Value(),
		Markdown:         input.Markdown.Value(),
		MetaDescription:  input.MetaDescription.Value(),
		Reason:           in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey:   in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeDecideArticles(input model.DecideArticlesInput) (in decoded[engine.DecideArticlesInput]) {
	in.blamesWorkflow()
	in.blames(fault.Conflict, "items")
	in.value = engine.DecideArticlesInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Feedback:       in.text(orEmpty(input.Feedback.Value()), maxReasonCharacters, "feedback"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if input.Items.Value() != nil {
		in.value.Items = []engine.ArticleItemInput{} // An empty list is given, beside a filter too.
	}
	for i, item := range input.Items.Value() {
		field := fmt.Sprint(i)
		in.value.Items = append(in.value.Items, engine.ArticleItemInput{
			ArticleID:        in.id(item.ArticleID, publicid.Article, "items", field, "articleId"),
			ExpectedRevision: item.ExpectedRevision,
			Verdict:          item.Verdict,
			Feedback: in.text(orEmpty(item.Feedback.Value()), maxReasonCharacters, "items", field,
				"feedback"),
		})
	}
	if verdict := input.Verdict.Value(); verdict != nil {
		in.value.Verdict = *verdict
	}
	if where := input.Where.Value(); where != nil {
		in.value.Where = &engine.ArticleFilter{States: where.States.Value(), NeedsReview: where.NeedsReview.Value()}
	}
	return in
}

func decodeRegenerateSection(input model.RegenerateSectionInput) (in decoded[engine.RegenerateSectionInput]) {
	in.blamesArticle()
	in.value = engine.RegenerateSectionInput{
		ArticleID:        in.id(input.ArticleID, publicid.Article, "articleId"),
		ExpectedRevision: input.ExpectedRevision,
		Section:          input.Section,
		Instruction:      in.text(input.Instruction, maxReasonCharacters, "instruction"),
		DryRun:           input.DryRun.Value() != nil && *input.DryRun.Value(),
		IdempotencyKey:   in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeRetryArticle(input model.RetryArticleInput) (in decoded[engine.RetryArticleInput]) {
	in.blamesArticle()
	in.value = engine.RetryArticleInput{
		ArticleID:      in.id(input.ArticleID, publicid.Article, "articleId"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeSkipArticle(input model.SkipArticleInput) (in decoded[engine.SkipArticleInput]) {
	in.blamesArticle()
	in.value = engine.SkipArticleInput{
		ArticleID:      in.id(input.ArticleID, publicid.Article, "articleId"),
		Reason:         in.text(input.Reason, maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func (r *Resolver) updateArticlePayload(
	c engine.ChangedArticle, problems []model.UserError,
) *model.UpdateArticlePayload {
	payload := &model.UpdateArticlePayload{Replayed: c.Replayed, UserErrors: problems}
	if c.Workflow.ID != uuid.Nil {
		payload.Workflow = model.NewWorkflow(c.Workflow)
		payload.Article = r.wrapArticle(c.Article, payload.Workflow, articleWindow{only: c.Article.ID})
	}
	return payload
}

func (r *Resolver) retryArticlePayload(c engine.ChangedArticle, problems []model.UserError) *model.RetryArticlePayload {
	return (*model.RetryArticlePayload)(r.updateArticlePayload(c, problems))
}

func (r *Resolver) skipArticlePayload(c engine.ChangedArticle, problems []model.UserError) *model.SkipArticlePayload {
	return (*model.SkipArticlePayload)(r.updateArticlePayload(c, problems))
}

func (r *Resolver) regenerateSectionPayload(
	s engine.RegeneratedSection, problems []model.UserError,
) *model.RegenerateSectionPayload {
	changed := r.updateArticlePayload(s.ChangedArticle, problems)
	payload := &model.RegenerateSectionPayload{
		Workflow:   changed.Workflow,
		Article:    changed.Article,
		Replayed:   changed.Replayed,
		UserErrors: problems,
	}
	if len(problems) == 0 && !s.Replayed {
		payload.Likely, payload.Most = &s.Likely, &s.Most
	}
	return payload
}

func decideArticlesPayload(d engine.DecidedArticles, problems []model.UserError) *model.DecideArticlesPayload {
	payload := &model.DecideArticlesPayload{Affected: d.Affected, Replayed: d.Replayed, UserErrors: problems}
	if d.Workflow.ID != uuid.Nil {
		payload.Workflow = model.NewWorkflow(d.Workflow)
	}
	return payload
}

// sections returns the sections of the text of an article.
func (r *Resolver) sections(ctx context.Context, a *model.Article) ([]model.ArticleSection, error) {
	markdown, err := r.markdown(ctx, a)
	sections := []model.ArticleSection{}
	for i, s := range content.Sections(markdown) {
		section := model.ArticleSection{Index: i, Level: s.Level, Words: content.CountWords(s.Body)}
		if s.Level > 0 {
			section.Heading = &s.Heading
		}
		sections = append(sections, section)
	}
	return sections, err
}

type articleDecisionsKey struct{}

// articleDecision returns the last verdict about a text of an article; nil without one.
func (r *Resolver) articleDecision(ctx context.Context, a *model.Article) (*model.ArticleDecision, error) {
	decision, err := ofPages(ctx, r, a, articleDecisionsKey{},
		func(shown []engine.Article) (map[uuid.UUID]*content.ArticleDecision, error) {
			found, err := r.Engine.ArticleDecisions(ctx, caller.From(ctx), shown)
			decisions := map[uuid.UUID]*content.ArticleDecision{}
			for id, decision := range found {
				decisions[id] = &decision
			}
			return decisions, err
		})
	if err != nil || decision == nil {
		return nil, err
	}
	return &model.ArticleDecision{ArticleDecision: *decision}, nil
}
