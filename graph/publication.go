package graph

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// The batch keys of publications, their events and their targets.
type (
	publicationsKey      struct{}
	publicationEventsKey struct{}
	publicationTitlesKey struct{}
	// besideKey names a field of the publications of one list: those of a page, or all of the workflows.
	besideKey struct {
		field  any
		all    bool
		page   model.PublicationPage
		beside *[]workflow.Publication
	}
	publishTargetsKey struct{}
)

const (
	// publicationList and organizationPublicationList are the lists of publications, as their cursors are bound to them.
	publicationList             = "publication"
	organizationPublicationList = "publications of an organization"
	maxRemoteID                 = 200
)

func decodeApprovePublishing(input model.ApprovePublishingInput) (in decoded[engine.ApprovePublishingInput]) {
	in.blamesWorkflow()
	in.blames(fault.StaleState, "expectedVersion")
	in.blames(fault.NothingApproved, "articles")
	in.blames(fault.SelectionTooLarge, "articles")
	in.blames(fault.TargetUnusable, "targetIds")
	in.value = engine.ApprovePublishingInput{
		WorkflowID:      in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		ExpectedVersion: input.ExpectedVersion,
		TargetIDs:       in.ids(input.TargetIds, publicid.PublishTarget, "targetIds"),
		Policy:          input.Policy,
		ScheduleAt:      in.moment(input.ScheduleAt, "scheduleAt"),
		IdempotencyKey:  in.key(input.IdempotencyKey.Value()),
	}
	for i, article := range input.Articles {
		in.value.Articles = append(in.value.Articles, engine.ApprovedText{
			ArticleID:        in.id(article.ArticleID, publicid.Article, "articles", strconv.Itoa(i), "articleId"),
			ExpectedRevision: article.ExpectedRevision,
		})
	}
	return in
}

func decodeRejectPublishing(input model.RejectPublishingInput) decoded[engine.RejectGateInput] {
	return decodeRejectSeeds(model.RejectSeedsInput(input))
}

func decodeDecidePublication(input model.DecidePublicationInput) (in decoded[engine.DecidePublicationInput]) {
	in.blames(fault.NotFound, "publicationId")
	in.blames(fault.Conflict, "choice")
	in.blames(fault.StaleState, "publicationId")
	in.value = engine.DecidePublicationInput{
		PublicationID:  in.id(input.PublicationID, publicid.Publication, "publicationId"),
		Choice:         input.Choice,
		RemoteID:       in.text(orEmpty(input.RemoteID.Value()), maxRemoteID, "remoteId"),
		Reason:         in.text(input.Reason, maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func approvePublishingPayload(m engine.Moved, problems []model.UserError) *model.ApprovePublishingPayload {
	return (*model.ApprovePublishingPayload)(createPayload(m, problems))
}

func rejectPublishingPayload(m engine.Moved, problems []model.UserError) *model.RejectPublishingPayload {
	return (*model.RejectPublishingPayload)(createPayload(m, problems))
}

func decidePublicationPayload(
	c engine.ChangedPublication, problems []model.UserError,
) *model.DecidePublicationPayload {
	payload := &model.DecidePublicationPayload{Replayed: c.Replayed, UserErrors: problems}
	if c.Workflow.ID != uuid.Nil {
		payload.Workflow = model.NewWorkflow(c.Workflow)
		payload.Publication = &model.Publication{Publication: c.Publication, Workflow: payload.Workflow}
	}
	return payload
}

// publication returns one publication.
func (r *Resolver) publication(ctx context.Context, id uuid.UUID) (*model.Publication, error) {
	p, err := r.Engine.Publication(ctx, caller.From(ctx), id)
	if err != nil {
		return nil, err
	}
	flow, err := r.Engine.Workflow(ctx, caller.From(ctx), p.WorkflowID)
	return &model.Publication{Publication: p, Workflow: model.NewWorkflow(flow)}, err
}

// publications returns a page of a workflow's publications.
func (r *Resolver) publications(
	ctx context.Context, w *model.Workflow, p paging,
) (*model.PublicationConnection, error) {
	asked, err := decodeNumbered(listOf(w, publicationList), p)
	if err != nil {
		return nil, err
	}
	all, err := r.publicationsOf(ctx, w)
	if err != nil {
		return nil, err
	}
	places := map[uuid.UUID]int{}
	for i, p := range all {
		places[p.ID] = i
	}
	shown := model.PublicationPage{From: asked.from, Size: asked.size, Backward: asked.backward}
	wrap := func(p workflow.Publication) *model.Publication {
		return &model.Publication{Publication: p, Workflow: w, Shown: &shown}
	}
	return page(besides(all, asked), asked.window, wrap, model.Page[*model.Publication]{
		Cursor: func(p *model.Publication) string { return asked.list.Number(int64(places[p.Publication.ID])) },
		Count:  known(len(all)),
	}), nil
}

// publicationsByState returns a page of the organization's publications in some states.
func (r *Resolver) publicationsByState(
	ctx context.Context, states []workflow.PublicationState, asked moments,
) (*model.PublicationConnection, error) {
	who := caller.From(ctx)
	in := engine.PublicationsInput{
		States:   states,
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	}
	found, err := r.Engine.PublicationsByState(ctx, who, in)
	if err != nil {
		return nil, err
	}
	flows, beside := make([]workflow.Workflow, len(found)), make([]workflow.Publication, len(found))
	for i, p := range found {
		flows[i], beside[i] = p.Workflow, p.Publication
	}
	shown := batchOf(flows)
	wrap := func(p engine.PublicationOfWorkflow) *model.Publication {
		return &model.Publication{Publication: p.Publication, Workflow: shown[p.WorkflowID], Beside: &beside}
	}
	return page(found, asked.window, wrap, model.Page[*model.Publication]{
		Cursor: func(p *model.Publication) string { return asked.list.Moment(p.ChangedAt, p.Publication.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountPublications(ctx, who, in) },
	}), nil
}

// publicationTitle returns the title of the article of a publication, with those of the publications beside it.
func (r *Resolver) publicationTitle(ctx context.Context, p *model.Publication) (string, error) {
	titles, err := ofBeside(ctx, r, p, publicationTitlesKey{}, func(
		shown []workflow.Publication,
	) (map[uuid.UUID]string, error) {
		articles := map[uuid.UUID]uuid.UUID{}
		for _, one := range shown {
			articles[one.ArticleID] = one.WorkflowID
		}
		return r.Engine.ArticleTitles(ctx, caller.From(ctx), articles)
	})
	if title, there := titles[p.Publication.ArticleID]; there {
		return title, err
	}
	return p.Keyword, err
}

// publicationsOf returns all publications of a workflow, with those of its batch.
func (r *Resolver) publicationsOf(ctx context.Context, w *model.Workflow) ([]workflow.Publication, error) {
	found, err := load(w.Batch, publicationsKey{}, func(
		all []workflow.Workflow,
	) (map[uuid.UUID][]workflow.Publication, error) {
		return r.Engine.Publications(ctx, caller.From(ctx), ids(all))
	})
	return found[w.Workflow.ID], err
}

// publicationsOfArticle returns the publications of an article.
func (r *Resolver) publicationsOfArticle(ctx context.Context, a *model.Article) ([]model.Publication, error) {
	all, err := r.publicationsOf(ctx, a.Workflow)
	own := []model.Publication{}
	for _, p := range all {
		if p.ArticleID == a.Article.ID {
			own = append(own, model.Publication{Publication: p, Workflow: a.Workflow})
		}
	}
	return own, err
}

// publicationEvents returns the events of a publication, the last first, with those of the publications beside it.
func (r *Resolver) publicationEvents(
	ctx context.Context, p *model.Publication,
) ([]model.PublicationEvent, error) {
	found, err := ofBeside(ctx, r, p, publicationEventsKey{}, func(
		shown []workflow.Publication,
	) (map[uuid.UUID][]workflow.PublicationEvent, error) {
		ids := make([]uuid.UUID, len(shown))
		for i, one := range shown {
			ids[i] = one.ID
		}
		return r.Engine.PublicationEvents(ctx, caller.From(ctx), ids)
	})
	events := make([]model.PublicationEvent, len(found[p.Publication.ID]))
	for i, e := range found[p.Publication.ID] {
		events[i] = model.PublicationEvent{PublicationEvent: e}
	}
	return events, err
}

// ofBeside calls fetch once with the publications that are shown beside a publication, itself among them.
func ofBeside[V any](
	ctx context.Context, r *Resolver, p *model.Publication, field any,
	fetch func([]workflow.Publication) (map[uuid.UUID]V, error),
) (map[uuid.UUID]V, error) {
	if p.Beside == nil {
		if _, err := r.publicationsOf(ctx, p.Workflow); err != nil {
			return nil, err
		}
	}
	key := besideKey{field: field, all: p.Shown == nil, beside: p.Beside}
	if p.Shown != nil {
		key.page = *p.Shown
	}
	return load(p.Workflow.Batch, key, func(all []workflow.Workflow) (map[uuid.UUID]V, error) {
		if p.Beside != nil {
			return fetch(*p.Beside)
		}
		var shown []workflow.Publication
		for _, flow := range all {
			publications, err := r.publicationsOf(ctx, &model.Workflow{Workflow: flow, Batch: p.Workflow.Batch})
			if err != nil {
				return nil, err
			}
			shown = append(shown, shownOf(publications, p.Shown)...)
		}
		return fetch(shown)
	})
}

// shownOf returns the publications on a page; all when it is nil.
func shownOf(all []workflow.Publication, on *model.PublicationPage) []workflow.Publication {
	if on == nil {
		return all
	}
	return besides(all, numbered{window: window{size: on.Size, backward: on.Backward}, from: on.From})
}

// publicationTarget returns the target of a publication.
func (r *Resolver) publicationTarget(ctx context.Context, p *model.Publication) (*model.PublishTarget, error) {
	found, err := load(p.Workflow.Batch, publishTargetsKey{}, func(
		[]workflow.Workflow,
	) (map[uuid.UUID]engine.PublishTarget, error) {
		all, err := r.Engine.PublishTargets(ctx, caller.From(ctx))
		targets := map[uuid.UUID]engine.PublishTarget{}
		for _, t := range all {
			targets[t.ID] = t
		}
		return targets, err
	})
	if err != nil {
		return nil, err
	}
	return &model.PublishTarget{PublishTarget: found[p.TargetID]}, nil
}
