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

// Written is a workflow in ARTICLE_PROCESSING whose first article has a version by the engine, based on one quote. Its
// unit is done, and the run waits for its end.
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
	ctx, store := context.Background(), db.Store()
	w := Written{Flow: p.Flow}
	for w.Flow.State != workflow.ArticleProcessing {
		w.Flow = Move(t, store, who, w.Flow, w.Flow.State.NextStates()[0])
	}
	step, _ := workflow.StepOf(workflow.StepArticle)
	visit, found, err := store.OpenVisit(ctx, who, w.Flow.ID, step)
	if err != nil || !found {
		t.Fatalf("open a visit: found %t, %v", found, err)
	}
	item := p.Plan.Items[0]
	w.Visit = visit
	w.Article = content.Article{
		WorkflowID:   w.Flow.ID,
		ID:           item.Page.ID,
		Visit:        visit,
		Position:     1,
		UnitID:       uuid.Must(uuid.NewV7()),
		PlanVisit:    p.Visit,
		PlanRevision: 1,
		Brief:        item.Plan.Brief,
	}
	if err := store.InTx(ctx, func(tx *postgres.Store) error { return parkArticle(ctx, tx, who, w) }); err != nil {
		t.Fatalf("park an article: %v", err)
	}
	units, err := store.Units(ctx, who, map[uuid.UUID]int{w.Flow.ID: visit})
	if err != nil {
		t.Fatal(err)
	}
	claimed := moveUnit(t, store, who, units[w.Flow.ID][0], workflow.UnitClaim)
	err = store.InTx(ctx, func(tx *postgres.Store) (err error) {
		w.Unit, w.Version, err = writeArticle(ctx, tx, who, w.Article, claimed)
		return err
	})
	if err != nil {
		t.Fatalf("write an article: %v", err)
	}
	return w
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

// parkArticle parks the run of a workflow over the unit of one article.
func parkArticle(ctx context.Context, tx *postgres.Store, who caller.Caller, w Written) error {
	run := workflow.Run{WorkflowID: w.Flow.ID, Token: w.Flow.Version, Worker: "worker:test"}
	if _, won, err := tx.ParkRun(ctx, who, run); err != nil || !won {
		return errors.Join(err, errors.New("not parked"))
	}
	return errors.Join(
		tx.PlanUnits(ctx, who, postgres.NewUnits{
			WorkflowID: w.Flow.ID,
			Visit:      w.Visit,
			Step:       workflow.StepArticle,
			Token:      w.Flow.Version,
			Units:      []postgres.NewUnit{{ID: w.Article.UnitID, Label: "First"}},
			At:         Now(),
		}),
		tx.OpenArticleBudgets(ctx, who, postgres.NewArticleBudgets{
			WorkflowID: w.Flow.ID,
			ArticleIDs: []uuid.UUID{w.Article.ID},
			Cap:        cost.Dollar / 10,
			At:         Now(),
		}),
		tx.AddArticles(ctx, who, postgres.NewArticles{
			WorkflowID: w.Flow.ID,
			Visit:      w.Visit,
			PlanVisit:  w.Article.PlanVisit,
			Articles:   []postgres.NewArticle{{ID: w.Article.ID, UnitID: w.Article.UnitID, PlanRevision: 1}},
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
