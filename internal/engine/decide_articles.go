package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ArticleItemInput decides about the text of one article.
type ArticleItemInput struct {
	ArticleID uuid.UUID
	// ExpectedRevision is the revision that the person has read.
	ExpectedRevision int
	Verdict          content.ArticleVerdict
	// Feedback of a rejection asks for another text.
	Feedback string
}

// ArticleFilter chooses articles that have a text and are not being written.
type ArticleFilter struct {
	States      []workflow.UnitState // DONE and FAILED when empty
	NeedsReview *bool
}

func (f ArticleFilter) matches(a Article) bool {
	states := f.States
	if len(states) == 0 {
		states = []workflow.UnitState{workflow.UnitDone, workflow.UnitFailed}
	}
	return a.Last != nil && !a.Unit.State.IsOpen() && slices.Contains(states, a.Unit.State) &&
		(f.NeedsReview == nil || *f.NeedsReview == a.Last.NeedsReview)
}

// DecideArticlesInput names articles one by one, or chooses them by a filter for one verdict about their last texts.
type DecideArticlesInput struct {
	WorkflowID     uuid.UUID
	Items          []ArticleItemInput
	Where          *ArticleFilter
	Verdict        content.ArticleVerdict // with Where
	Feedback       string                 // with Where
	IdempotencyKey string
}

// DecidedArticles says how many articles a request has decided about.
type DecidedArticles struct {
	Workflow workflow.Workflow
	Affected int
	Replayed bool
}

// DecideArticles approves and rejects the last texts of articles. A rejection with feedback opens the article again,
// and its next attempt has the feedback as data, at most MaxRejections times in a visit. Of a step that has failed it
// begins a new run. A repeated verdict about the same text changes nothing, unless the attempt that it has asked for is
// over without a text. *RevisionConflictError for another text, CONFLICT for an article that is being written,
// *StaleStateError outside of step 6. All items are decided, or none.
func (e *Engine) DecideArticles(
	ctx context.Context, who caller.Caller, in DecideArticlesInput,
) (_ DecidedArticles, err error) {
	ctx, end := e.begin(ctx, "DecideArticles")
	defer end(&err)
	if err := in.check(); err != nil {
		return DecidedArticles{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	var decided DecidedArticles
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "decideArticles",
		content:   in,
		flow:      in.WorkflowID,
		at:        at,
	}, func(tx *postgres.Store) error {
		d := judging{Engine: e, tx: tx, who: who, at: at}
		if err := d.open(ctx, in.WorkflowID); err != nil {
			return err
		}
		items, fields := in.choose(d.articles)
		for i, item := range items {
			if err := d.add(ctx, item, fields[i]); err != nil {
				return err
			}
		}
		decided.Workflow, decided.Affected = d.flow, len(d.decisions)
		return d.write(ctx)
	})
	var stale *StaleStateError
	switch {
	case errors.As(err, &stale) && stale.Current.IsTerminal():
		return DecidedArticles{}, &TerminalError{Current: stale.Current}
	case err != nil:
		return DecidedArticles{}, e.explainLost(ctx, who, in.WorkflowID, err)
	case replay != nil:
		flow, err := e.Workflow(ctx, who, in.WorkflowID)
		return DecidedArticles{Workflow: flow, Replayed: true}, err
	}
	return decided, nil
}

func (in DecideArticlesInput) check() error {
	switch {
	case (len(in.Items) == 0) == (in.Where == nil), in.Items != nil && in.Where != nil:
		return fault.Invalid([]string{"items"}, "Name either articles or a filter.")
	case len(in.Items) > articlesAtOnce:
		return fault.Invalid([]string{"items"}, "A request names at most %d articles.", articlesAtOnce)
	case in.Where != nil && in.Verdict == "":
		return fault.Invalid([]string{"verdict"}, "A filter needs a verdict: APPROVED or REJECTED.")
	case in.Where == nil && (in.Verdict != "" || in.Feedback != ""):
		return fault.Invalid([]string{"verdict"}, "Give each item a verdict of its own.")
	}
	if in.Where != nil {
		return checkVerdict(in.Verdict, in.Feedback)
	}
	named := map[uuid.UUID]bool{}
	for i, item := range in.Items {
		field := []string{"items", fmt.Sprint(i)}
		if named[item.ArticleID] {
			return fault.Invalid(append(field, "articleId"), "The request names this article twice.")
		}
		named[item.ArticleID] = true
		if err := checkVerdict(item.Verdict, item.Feedback, field...); err != nil {
			return err
		}
	}
	return nil
}

func checkVerdict(verdict content.ArticleVerdict, feedback string, field ...string) error {
	switch {
	case verdict != content.ArticleApproved && verdict != content.ArticleRejected:
		return fault.Invalid(append(field, "verdict"), "A verdict is APPROVED or REJECTED.")
	case verdict == content.ArticleApproved && feedback != "":
		return fault.Invalid(append(field, "feedback"), "Only a rejection has feedback.")
	case checkReason(feedback) != nil:
		return fault.Invalid(append(field, "feedback"), "Feedback has at most 2000 characters and none of them is NUL.")
	}
	return nil
}

// choose returns the items of a request, each with its field.
func (in DecideArticlesInput) choose(articles []Article) (items []ArticleItemInput, fields [][]string) {
	for i, item := range in.Items {
		items, fields = append(items, item), append(fields, []string{"items", fmt.Sprint(i)})
	}
	if in.Where == nil {
		return items, fields
	}
	for _, a := range articles {
		if in.Where.matches(a) {
			items = append(items, ArticleItemInput{
				ArticleID:        a.ID,
				ExpectedRevision: a.Last.Revision,
				Verdict:          in.Verdict,
				Feedback:         in.Feedback,
			})
			fields = append(fields, nil)
		}
	}
	return items, fields
}

// judging is a workflow whose articles people decide about, with its units locked until the transaction ends.
type judging struct {
	*Engine
	tx        *postgres.Store
	who       caller.Caller
	at        time.Time
	flow      workflow.Workflow
	articles  []Article
	before    map[uuid.UUID][]content.ArticleDecision
	sentBack  map[uuid.UUID]int // how often in this visit
	decisions []content.ArticleDecision
}

// open locks the workflow and reads its articles with the decisions about them.
func (d *judging) open(ctx context.Context, id uuid.UUID) error {
	if err := d.tx.LockUnits(ctx, d.who); err != nil {
		return fmt.Errorf("lock the units of organization %s: %w", d.who.OrganizationID, err)
	}
	flow, there, err := d.tx.LockWorkflow(ctx, d.who, id)
	if d.flow, err = found(flow, there, err, "workflow"); err != nil {
		return err
	}
	if !isWriting(flow) {
		return &StaleStateError{Current: flow}
	}
	articles, err := articlesOf(ctx, d.tx, d.who, []uuid.UUID{id})
	if err != nil {
		return err
	}
	d.articles = articles[id]
	ids := make([]uuid.UUID, len(d.articles))
	for i, a := range d.articles {
		ids[i] = a.ID
	}
	if d.before, err = d.tx.ArticleDecisions(ctx, d.who, ids); err != nil {
		return fmt.Errorf("read the decisions about workflow %s: %w", id, err)
	}
	if len(ids) > 0 {
		d.sentBack, err = d.tx.Rejections(ctx, d.who, d.articles[0].Visit, ids)
	}
	return err
}

// add decides about one article and opens it again for a rejection with feedback.
func (d *judging) add(ctx context.Context, in ArticleItemInput, field []string) error {
	i := slices.IndexFunc(d.articles, func(a Article) bool { return a.ID == in.ArticleID })
	if i < 0 {
		return fault.Missing(append(slices.Clone(field), "articleId"), "article")
	}
	a := d.articles[i]
	if err := checkRevision(a, in.ExpectedRevision, field...); err != nil {
		return err
	}
	decision := content.ArticleDecision{
		ArticleID: a.ID,
		Revision:  a.Last.Revision,
		Verdict:   in.Verdict,
		Feedback:  strings.TrimSpace(in.Feedback),
	}
	if saysNothing(decision.Feedback) {
		decision.Feedback = ""
	}
	switch open := a.Unit.State.IsOpen(); {
	case d.repeats(decision) && (open || !decision.Asks()):
		return nil
	case open:
		return beingWritten(a).At(append(slices.Clone(field), "articleId")...)
	}
	if decision.Asks() {
		if err := d.sendBack(ctx, a, decision.Feedback); err != nil {
			return err
		}
	}
	d.decisions = append(d.decisions, decision)
	return nil
}

// repeats reports whether a decision is the last one about its article once more.
func (d *judging) repeats(decision content.ArticleDecision) bool {
	all := d.before[decision.ArticleID]
	if len(all) == 0 {
		return false
	}
	last := all[len(all)-1]
	return last.Revision == decision.Revision && last.Verdict == decision.Verdict && last.Feedback == decision.Feedback
}

// beingWritten returns the error of a verdict about a text that another one will replace.
func beingWritten(a Article) *fault.Error {
	return fault.New(fault.Conflict, "%q is being written. Wait for its text.", a.Title())
}

// sendBack opens the unit of an article again.
func (d *judging) sendBack(ctx context.Context, a Article, feedback string) error {
	if d.sentBack[a.ID] >= content.MaxRejections {
		return fault.New(fault.Conflict, "%q was sent back %d times. Edit it, approve it or leave it out.", a.Title(),
			content.MaxRejections)
	}
	l := lockedUnit{flow: d.flow, at: d.at}
	unit, there, err := d.tx.LockUnit(ctx, d.who, a.Unit.ID)
	if l.unit, err = found(unit, there, err, "unit"); err != nil {
		return err
	}
	_, err = d.reopenIn(ctx, d.tx, d.who, &l, feedback)
	d.flow = l.flow
	return err
}

// write writes the decisions.
func (d *judging) write(ctx context.Context) error {
	written, err := d.tx.DecideArticles(ctx, d.who, d.decisions, d.at)
	if err == nil && written != len(d.decisions) {
		err = fmt.Errorf("%d of %d decisions were about the last text", written, len(d.decisions))
	}
	if err != nil {
		return fmt.Errorf("write the decisions about workflow %s: %w", d.flow.ID, err)
	}
	return nil
}

// ArticleDecisions returns the last verdict about a text of each article in its visit. An article without one is not in
// the map.
func (e *Engine) ArticleDecisions(
	ctx context.Context, who caller.Caller, articles []Article,
) (map[uuid.UUID]content.ArticleDecision, error) {
	return articleDecisions(ctx, e.store, who, articles)
}

func articleDecisions(
	ctx context.Context, store *postgres.Store, who caller.Caller, articles []Article,
) (map[uuid.UUID]content.ArticleDecision, error) {
	visits, ids := map[uuid.UUID]int{}, make([]uuid.UUID, len(articles))
	for i, a := range articles {
		ids[i], visits[a.ID] = a.ID, a.Visit
	}
	all, err := store.ArticleDecisions(ctx, who, ids)
	if err != nil {
		return nil, fmt.Errorf("read the decisions about articles: %w", err)
	}
	last := map[uuid.UUID]content.ArticleDecision{}
	for id, decisions := range all {
		for _, d := range decisions {
			if d.Section == nil && d.Visit == visits[id] {
				last[id] = d
			}
		}
	}
	return last, nil
}
