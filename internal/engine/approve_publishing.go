package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ApprovePublishingInput approves written articles for targets.
type ApprovePublishingInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion int
	Articles        []ApprovedText
	TargetIDs       []uuid.UUID
	Policy          workflow.PublicationPolicy
	ScheduleAt      *time.Time // with PublishSchedule
	IdempotencyKey  string
}

// ApprovedText is an article with the revision that the approver has read.
type ApprovedText struct {
	ArticleID        uuid.UUID
	ExpectedRevision int
}

// longestSchedule is how far in the future an article may be published.
const longestSchedule = 366 * 24 * time.Hour

// ApprovePublishing takes written articles into step 7: the decision, the transition and a publication for each
// article on each target are one commit. An article that is on a target already is updated there. A post of the
// workflow whose article is not approved again is left as an orphan. The sites get the revisions that the approver has
// read. *StaleStateError when the workflow has moved on; *RevisionConflictsError for articles that have another
// revision; CONFLICT for an article that is not written, or whose text was rejected; NOT_FOUND for one that the
// workflow does not have. NOTHING_APPROVED without an article or a target, SELECTION_TOO_LARGE above 500 publications;
// TARGET_UNUSABLE for a target that is not READY, and for a real site when the sandbox made the article; FOUR_EYES
// when the organization asks for two people and the caller is the last person who changed one of the texts, or
// approved the plan when the engine wrote all of them.
func (e *Engine) ApprovePublishing(
	ctx context.Context, who caller.Caller, in ApprovePublishingInput,
) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "ApprovePublishing")
	defer end(&err)
	if err := in.check(e.now()); err != nil {
		return Moved{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	var items []publishItem
	return e.decideGate(ctx, who, gateRequest{
		gate:      workflow.GatePublish,
		flow:      in.WorkflowID,
		key:       key,
		operation: "approvePublishing",
		content:   in,
		after: func(ctx context.Context, tx *postgres.Store, m Moved) error {
			return e.planPublications(ctx, tx, who, publishingPlan{
				flow:     m.Workflow.ID,
				approval: m.Transition.Version,
				at:       m.Transition.At,
				items:    items,
			})
		},
	}, func(ctx context.Context, tx *postgres.Store) (gateSubject, error) {
		subject, err := e.openPublishing(who, in.WorkflowID)(ctx, tx)
		if err != nil || subject.flow.Version != in.ExpectedVersion {
			return subject, err
		}
		if items, err = publishItems(ctx, tx, who, in); err != nil {
			return subject, err
		}
		subject.selection = selectionOf(items)
		editor, edited, err := tx.LastEditor(ctx, who, revisionsOf(in.Articles))
		if edited {
			subject.preparer = editor
		}
		return subject, err
	}, func(s gateSubject) (change, GateDecision, error) {
		if s.flow.Version != in.ExpectedVersion {
			return change{}, GateDecision{}, &StaleStateError{Current: s.flow}
		}
		move := e.moveTo(s.flow.ID, workflow.PublishPending, s.at)
		move.Kind = workflow.Advance
		return move, GateDecision{Verdict: workflow.GateApproved}, nil
	})
}

func (in ApprovePublishingInput) check(at time.Time) error {
	if len(in.Articles) == 0 {
		return fault.New(fault.NothingApproved, "Name at least one article, or send the articles back.").At("articles")
	}
	if len(in.TargetIDs) == 0 {
		return fault.New(fault.NothingApproved, "Name at least one target.").At("targetIds")
	}
	if n := len(in.Articles) * len(in.TargetIDs); n > MaxUnits {
		return fault.New(fault.SelectionTooLarge, "These are %d publications; one approval has at most %d.", n, MaxUnits)
	}
	switch in.Policy {
	case workflow.PublishDraft, workflow.PublishNow:
		if in.ScheduleAt != nil {
			return fault.Invalid([]string{"scheduleAt"}, "Only the policy SCHEDULE has a time.")
		}
	case workflow.PublishSchedule:
		if in.ScheduleAt == nil || !in.ScheduleAt.After(at) || in.ScheduleAt.Sub(at) > longestSchedule {
			return fault.Invalid([]string{"scheduleAt"}, "The policy SCHEDULE needs a time in the next 366 days.")
		}
	default:
		return fault.Invalid([]string{"policy"}, "A policy is DRAFT, PUBLISH or SCHEDULE.")
	}
	return nil
}

// publishItem is one article for one target.
type publishItem struct {
	article Article
	target  PublishTarget
	policy  workflow.PublicationPolicy
	at      *time.Time
}

func revisionsOf(texts []ApprovedText) map[uuid.UUID]int {
	revisions := map[uuid.UUID]int{}
	for _, t := range texts {
		revisions[t.ArticleID] = t.ExpectedRevision
	}
	return revisions
}

func selectionOf(items []publishItem) content.Selection {
	all := make([]content.PublishItem, len(items))
	for i, item := range items {
		all[i] = content.PublishItem{
			ArticleID: item.article.ID, TargetID: item.target.ID, Revision: item.article.Last.Revision,
		}
	}
	return content.PublishSelectionOf(all)
}

// publishItems returns each named article for each named target. A target with the policy DRAFT gets drafts only.
func publishItems(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in ApprovePublishingInput,
) ([]publishItem, error) {
	articles, err := approvedArticlesOf(ctx, tx, who, in)
	if err != nil {
		return nil, err
	}
	var items []publishItem
	targets := map[uuid.UUID]bool{}
	for _, id := range in.TargetIDs {
		target, there, err := tx.PublishTarget(ctx, who, id)
		if err != nil {
			return nil, err
		}
		if !there || targets[id] {
			return nil, fault.Invalid([]string{"targetIds"}, "Name each target once, as organization.publishTargets lists it.")
		}
		targets[id] = true
		for _, article := range articles {
			if err := checkTargetFor(target, article); err != nil {
				return nil, err
			}
			item := publishItem{article: article, target: target, policy: in.Policy, at: in.ScheduleAt}
			if target.Policy == workflow.PolicyDraft {
				item.policy, item.at = workflow.PublishDraft, nil
			}
			items = append(items, item)
		}
	}
	return items, nil
}

// approvedArticlesOf returns the named articles. The transaction has the lock of the workflow, which every writer of a
// version takes: no text changes before the commit.
func approvedArticlesOf(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in ApprovePublishingInput,
) ([]Article, error) {
	written, err := articlesOf(ctx, tx, who, []uuid.UUID{in.WorkflowID})
	if err != nil {
		return nil, err
	}
	decisions, err := articleDecisions(ctx, tx, who, written[in.WorkflowID])
	if err != nil {
		return nil, err
	}
	known, named := map[uuid.UUID]Article{}, map[uuid.UUID]bool{}
	for _, a := range written[in.WorkflowID] {
		known[a.ID] = a
	}
	var articles []Article
	var changed RevisionConflictsError
	for i, text := range in.Articles {
		field := []string{"articles", strconv.Itoa(i)}
		article, there := known[text.ArticleID]
		switch {
		case !there:
			return nil, unwritten(ctx, tx, who, in.WorkflowID, text.ArticleID, append(field, "articleId"))
		case named[text.ArticleID]:
			return nil, fault.Invalid(append(field, "articleId"), "The request names this article twice.")
		}
		named[text.ArticleID] = true
		err := checkPublishable(article, text.ExpectedRevision, decisions[article.ID], field)
		var conflict *RevisionConflictError
		switch {
		case errors.As(err, &conflict):
			changed.Conflicts = append(changed.Conflicts, conflict)
		case err != nil:
			return nil, err
		}
		articles = append(articles, article)
	}
	if len(changed.Conflicts) > 0 {
		return nil, &changed
	}
	return articles, nil
}

// unwritten returns the error of an article that the workflow does not write: CONFLICT for one that is only planned,
// else NOT_FOUND.
func unwritten(
	ctx context.Context, tx *postgres.Store, who caller.Caller, flow, article uuid.UUID, field []string,
) error {
	visits, err := tx.CurrentVisits(ctx, who, []uuid.UUID{flow}, workflow.StepValidation)
	if err != nil {
		return fmt.Errorf("read the current visits: %w", err)
	}
	plans, err := tx.ArticlePlans(ctx, who, visits)
	if err != nil {
		return fmt.Errorf("read the article plan of workflow %s: %w", flow, err)
	}
	for _, p := range plans[flow] {
		if p.ArticleID == article && p.Revision > 0 {
			return fault.New(fault.Conflict, "The article %q is only planned, not written.", p.Brief.Title).At(field...)
		}
	}
	return fault.Missing(field, "article")
}

// checkPublishable returns an error for an article that is not written, whose text is not the one that the approver has
// read, or whose text was rejected.
func checkPublishable(a Article, expected int, last content.ArticleDecision, field []string) error {
	err := checkRevision(a, expected, field...)
	var conflict *RevisionConflictError
	switch {
	case errors.As(err, &conflict):
		conflict.subject = fmt.Sprintf("text of %q", a.Title())
		return conflict
	case !isPublishable(a):
		return fault.New(fault.Conflict, "The article %q is not written: its unit is %s.", a.Title(), a.Unit.State.Words()).
			At(append(field, "articleId")...)
	case isRejected(a, last):
		return fault.New(fault.Conflict, "The article %q is rejected. Approve its text, change it, or leave it out.",
			a.Title()).At(append(field, "articleId")...)
	}
	return err
}

// isPublishable reports whether an article is written.
func isPublishable(a Article) bool { return a.Unit.State == workflow.UnitDone && a.Last != nil }

// isRejected reports whether the last verdict about an article rejects its last text.
func isRejected(a Article, last content.ArticleDecision) bool {
	return last.Verdict == content.ArticleRejected && a.Last != nil && last.Revision == a.Last.Revision
}

func checkTargetFor(t PublishTarget, a Article) error {
	switch {
	case t.State != workflow.TargetReady:
		return fault.New(fault.TargetUnusable, "The target %q is not ready: test it first.", t.Name)
	case !MayPublish(t, a.Last.IsSynthetic):
		return fault.New(fault.TargetUnusable,
			"The sandbox made the article %q, and the target %q is a real site.", a.Title(), t.Name)
	}
	return nil
}

// openPublishing returns the subject of a decision at the gate PUBLISH, without a selection. The person who approved
// the plan has prepared what the engine writes.
func (e *Engine) openPublishing(who caller.Caller, id uuid.UUID) openGate {
	return func(ctx context.Context, tx *postgres.Store) (gateSubject, error) {
		flow, there, err := tx.LockWorkflow(ctx, who, id)
		if flow, err = found(flow, there, err, "workflow"); err != nil {
			return gateSubject{}, err
		}
		if from, _ := workflow.GatePublish.Edge(); flow.State != from {
			return gateSubject{}, &StaleStateError{Current: flow}
		}
		subject := gateSubject{flow: flow, selection: selectionOf(nil)}
		decisions, err := tx.GateDecisions(ctx, who, []uuid.UUID{id})
		for _, d := range decisions[id] {
			if d.Gate == workflow.GatePlan && d.Verdict == workflow.GateApproved {
				subject.preparer = d.DecidedBy
				break
			}
		}
		return subject, err
	}
}
