package testdb

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Written is an article of a workflow in ARTICLE_PROCESSING with a version by the engine, based on one quote. Its unit
// is done. When the units of all articles are, the run waits for its end.
type Written struct {
	Flow    workflow.Workflow
	Visit   int
	Article content.Article
	Unit    workflow.Unit
	Version content.ArticleVersion
}

// WrittenPage is the page that the article of Write quotes.
func WrittenPage() content.WebPage {
	return content.WebPage{
		URL:   "https://okapi.example/fees",
		Title: "Fees",
		Text:  "Most teams pay a fee of ten euro a month. Some pay less.",
	}
}

// Write takes a planned workflow whose first article is approved to ARTICLE_PROCESSING and writes that article.
func Write(t testing.TB, db *DB, who caller.Caller, p Planned) Written {
	t.Helper()
	return WriteArticles(t, db, who, p, 1)[0]
}

// WriteArticles takes a planned workflow whose first n articles are approved to ARTICLE_PROCESSING and writes them.
func WriteArticles(t testing.TB, db *DB, who caller.Caller, p Planned, n int) []Written {
	t.Helper()
	ctx, store, written := context.Background(), db.Store(), ParkArticles(t, db, who, p, n)
	for i := range written {
		w := &written[i]
		claimed := moveUnit(t, store, who, w.Unit, workflow.UnitClaim)
		err := store.InTx(ctx, func(tx *postgres.Store) (err error) {
			w.Unit, w.Version, err = writeArticle(ctx, tx, who, w.Article, claimed)
			return err
		})
		if err != nil {
			t.Fatalf("write an article: %v", err)
		}
	}
	return written
}

// FailArticles takes a planned workflow whose first n articles are approved to ARTICLE_PROCESSING and fails to write
// them.
func FailArticles(t testing.TB, db *DB, who caller.Caller, p Planned, n int) []Written {
	t.Helper()
	store, failed := db.Store(), ParkArticles(t, db, who, p, n)
	for i := range failed {
		claimed := moveUnit(t, store, who, failed[i].Unit, workflow.UnitClaim)
		failed[i].Unit = moveUnit(t, store, who, claimed, workflow.UnitFail)
	}
	return failed
}

// ParkArticles takes a planned workflow whose first n articles are approved to ARTICLE_PROCESSING. Their units wait for
// a worker, and none has a version.
func ParkArticles(t testing.TB, db *DB, who caller.Caller, p Planned, n int) []Written {
	t.Helper()
	ctx, store, flow := context.Background(), db.Store(), p.Flow
	for flow.State != workflow.ArticleProcessing {
		flow = Move(t, store, who, flow, flow.State.NextStates()[0])
	}
	step, _ := workflow.StepOf(workflow.StepArticle)
	visit, found, err := store.OpenVisit(ctx, who, flow.ID, step)
	if err != nil || !found {
		t.Fatalf("open a visit: found %t, %v", found, err)
	}
	written := make([]Written, n)
	for i, item := range p.Plan.Items[:n] {
		written[i] = Written{Flow: flow, Visit: visit, Article: content.Article{
			WorkflowID:   flow.ID,
			ID:           item.Page.ID,
			Visit:        visit,
			Position:     i + 1,
			UnitID:       uuid.Must(uuid.NewV7()),
			PlanVisit:    p.Visit,
			PlanRevision: 1,
			Brief:        item.Plan.Brief,
		}}
	}
	if err := store.InTx(ctx, func(tx *postgres.Store) error { return parkArticles(ctx, tx, who, written) }); err != nil {
		t.Fatalf("park articles: %v", err)
	}
	units, err := store.Units(ctx, who, map[uuid.UUID]int{flow.ID: visit})
	if err != nil {
		t.Fatal(err)
	}
	for i := range written {
		written[i].Unit = units[flow.ID][i]
	}
	return written
}

// DecideText approves the text of a written article and returns the article.
func DecideText(t testing.TB, db *DB, who caller.Caller, w Written) Written {
	t.Helper()
	ctx := context.Background()
	err := db.Store().InTx(ctx, func(tx *postgres.Store) error {
		decided, err := tx.DecideArticles(ctx, who, []content.ArticleDecision{{
			ArticleID: w.Article.ID,
			Revision:  w.Version.Revision,
			Verdict:   content.ArticleApproved,
		}}, Now())
		if err == nil && decided != 1 {
			err = errors.New("not decided")
		}
		return err
	})
	if err != nil {
		t.Fatalf("decide about a text: %v", err)
	}
	return w
}

// DoubtText adds a version to a written article whose findings ask for a person.
func DoubtText(t testing.TB, db *DB, who caller.Caller, w Written) Written {
	t.Helper()
	ctx, based := context.Background(), w.Version.Revision
	text := ArticleText(w.Article, content.AuthorEngine, Now())
	text.BasedOn, text.NeedsReview = &based, true
	err := db.Store().InTx(ctx, func(tx *postgres.Store) (err error) {
		var written bool
		if w.Version, written, err = tx.AddArticleVersion(ctx, who, text); err == nil && !written {
			err = errors.New("not written")
		}
		return err
	})
	if err != nil {
		t.Fatalf("add a text with findings: %v", err)
	}
	return w
}

// parkArticles parks the run of a workflow over the units of articles.
func parkArticles(ctx context.Context, tx *postgres.Store, who caller.Caller, written []Written) error {
	flow, visit, planned := written[0].Flow, written[0].Visit, written[0].Article.PlanVisit
	run := workflow.Run{WorkflowID: flow.ID, Token: flow.Version, Worker: "worker:test"}
	if _, won, err := tx.ParkRun(ctx, who, run); err != nil || !won {
		return errors.Join(err, errors.New("not parked"))
	}
	var units []postgres.NewUnit
	var ids []uuid.UUID
	var articles []postgres.NewArticle
	for _, w := range written {
		units = append(units, postgres.NewUnit{ID: w.Article.UnitID, Label: w.Article.Brief.Title})
		ids = append(ids, w.Article.ID)
		articles = append(articles, postgres.NewArticle{ID: w.Article.ID, UnitID: w.Article.UnitID, PlanRevision: 1})
	}
	return errors.Join(
		tx.PlanUnits(ctx, who, postgres.NewUnits{
			WorkflowID: flow.ID,
			Visit:      visit,
			Step:       workflow.StepArticle,
			Token:      flow.Version,
			Units:      units,
			At:         Now(),
		}),
		tx.OpenArticleBudgets(ctx, who, postgres.NewArticleBudgets{
			WorkflowID: flow.ID,
			ArticleIDs: ids,
			Cap:        cost.Dollar / 10,
			At:         Now(),
		}),
		tx.AddArticles(ctx, who, postgres.NewArticles{
			WorkflowID: flow.ID,
			Visit:      visit,
			PlanVisit:  planned,
			Articles:   articles,
			At:         Now(),
		}),
	)
}

// writeArticle ends a claimed unit with a version that cites a stored page.
func writeArticle(
	ctx context.Context, tx *postgres.Store, who caller.Caller, article content.Article, claimed workflow.Unit,
) (unit workflow.Unit, version content.ArticleVersion, err error) {
	at, page := Now(), WrittenPage()
	quote := content.Quote{
		Number:    1,
		URL:       page.URL,
		Text:      "Most teams pay a fee of ten euro a month.",
		FetchedAt: at,
	}
	if unit, err = claimed.Finish(at); err != nil {
		return unit, version, err
	}
	version, written, failed := tx.AddArticleVersion(ctx, who, ArticleText(article, content.AuthorEngine, at))
	won, unmoved := tx.MoveUnit(ctx, who, postgres.UnitMove{Before: claimed, After: unit, Kind: workflow.UnitFinish})
	err = errors.Join(failed, unmoved, tx.AddPages(ctx, who, []content.WebPage{page}, at),
		tx.AddEvidence(ctx, who, article, []content.Quote{quote}, at))
	if err == nil && (!won || !written) {
		err = errors.New("not finished")
	}
	return unit, version, err
}

// ArticleText returns a text for an article, written from its brief.
func ArticleText(article content.Article, author content.AuthorKind, at time.Time) content.ArticleVersion {
	const text = "Most teams pay ten euro a month [E1].\n"
	return content.ArticleVersion{
		WorkflowID:      article.WorkflowID,
		ArticleID:       article.ID,
		Visit:           article.Visit,
		Title:           "What it costs",
		MetaDescription: "The fee of most teams.",
		Markdown:        text,
		Words:           content.CountWords(text),
		Fingerprint:     content.Simhash(text),
		Checks:          []content.Check{{Code: content.CheckKeywordMissing, Message: "The title has not all words."}},
		Mode:            cost.ResearchSiteOnly,
		Author:          author,
		CreatedAt:       at,
	}
}
