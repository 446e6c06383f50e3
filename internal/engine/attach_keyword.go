package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// AttachKeywordInput puts a keyword that fits no topic on the page of an article, or on a page of its own when
// ArticleID is nil.
type AttachKeywordInput struct {
	WorkflowID, KeywordID uuid.UUID
	ArticleID             *uuid.UUID
	IdempotencyKey        string
}

// Attached is an attachment: the article whose page has the keyword now.
type Attached struct {
	Planned
	ArticleID uuid.UUID
}

// AttachKeyword puts a keyword on a page. A brief that the page has already gets the keyword in a new revision. A page
// of its own has no brief until a person gives it one. *StaleStateError unless clustering or validation has just ended;
// NOT_FOUND for a keyword that clustering has placed or left out.
func (e *Engine) AttachKeyword(ctx context.Context, who caller.Caller, in AttachKeywordInput) (_ Attached, err error) {
	ctx, end := e.begin(ctx, "AttachKeyword")
	defer end(&err)
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	var article uuid.UUID
	planned, err := e.changePlan(ctx, who, planRequest{
		operation: "attachKeyword",
		key:       key,
		content:   in,
		flow:      in.WorkflowID,
		states:    []workflow.State{workflow.ClusteringCompleted, workflow.ValidationCompleted},
	}, func(tx *postgres.Store, p planning) (affected int, err error) {
		article, affected, err = e.attach(ctx, tx, who, p, in)
		return affected, err
	})
	if err == nil && planned.Replayed {
		article, err = e.attachedTo(ctx, who, in.KeywordID)
	}
	return Attached{Planned: planned, ArticleID: article}, err
}

// attachedTo returns the page that a keyword is on.
func (e *Engine) attachedTo(ctx context.Context, who caller.Caller, keyword uuid.UUID) (uuid.UUID, error) {
	k, err := e.TopicKeyword(ctx, who, keyword)
	if err != nil || k.PageID == nil {
		return uuid.Nil, err
	}
	return *k.PageID, nil
}

func (e *Engine) attach(
	ctx context.Context, tx *postgres.Store, who caller.Caller, p planning, in AttachKeywordInput,
) (uuid.UUID, int, error) {
	at := slices.IndexFunc(p.clustering.Keywords, func(k content.TopicKeyword) bool {
		return k.ID == in.KeywordID && (k.IsUnclustered() || k.AttachedBy != "")
	})
	if at < 0 {
		return uuid.Nil, 0, fault.Missing([]string{"topicKeywordId"}, "keyword without a topic")
	}
	keyword := p.clustering.Keywords[at]
	page, err := e.pageFor(ctx, tx, who, p, in.ArticleID)
	if err != nil {
		return uuid.Nil, 0, err
	}
	if keyword.PageID != nil && *keyword.PageID == page {
		return page, 0, nil
	}
	err = tx.AttachKeyword(ctx, who, postgres.Attachment{
		WorkflowID: p.flow.ID,
		Visit:      p.clusteringVisit,
		KeywordID:  keyword.ID,
		PageID:     page,
		At:         p.at,
	})
	if err != nil {
		return uuid.Nil, 0, fmt.Errorf("attach a keyword: %w", err)
	}
	item, there := p.plan.Item(page)
	if !there || item.Plan.Revision == 0 || slices.Contains(item.Plan.Brief.SecondaryKeywords, keyword.Text) {
		return page, 1, nil
	}
	secondary := append(slices.Clone(item.Plan.Brief.SecondaryKeywords), keyword.Text)
	changes := planChanges{planning: p}
	err = changes.add(PlanItemInput{ArticleID: page, Brief: &content.BriefEdit{SecondaryKeywords: &secondary}}, nil)
	if err != nil {
		return uuid.Nil, 0, fault.Invalid([]string{"articleId"},
			"The brief of this article has 20 secondary keywords already.")
	}
	return page, 1, changes.write(ctx, tx, who)
}

// pageFor returns the page to attach to: a given one, or a new one.
func (e *Engine) pageFor(
	ctx context.Context, tx *postgres.Store, who caller.Caller, p planning, article *uuid.UUID,
) (uuid.UUID, error) {
	if article != nil {
		is := func(page content.TopicPage) bool { return page.ID == *article }
		if !slices.ContainsFunc(p.clustering.Pages(), is) {
			return uuid.Nil, fault.Missing([]string{"articleId"}, "article")
		}
		return *article, nil
	}
	if len(p.clustering.Own) >= content.MostClustered {
		return uuid.Nil, fault.New(fault.Conflict, "The workflow has %d articles of its own already.", content.MostClustered)
	}
	own := content.TopicPage{ID: e.newID(), Position: 1, Similarity: content.Similarity{Least: 1, Mean: 1}}
	err := tx.AddTopicPages(ctx, who, postgres.NewClustering{
		WorkflowID: p.flow.ID,
		Visit:      p.clusteringVisit,
		Clustering: content.Clustering{Own: []content.TopicPage{own}},
		At:         p.at,
	})
	return own.ID, err
}
