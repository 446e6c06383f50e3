package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// written writes an article of an organization without gates at plan and publishing.
func written(t *testing.T, b bundle) testdb.Written {
	t.Helper()
	reviewed := testdb.Review(t, b.db, b.who)
	if err := testdb.Approve(context.Background(), b.store, b.who, reviewed, b.who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, b.db, b.who, testdb.Cluster(t, b.db, b.who, reviewed))
	testdb.DecidePlan(t, b.db, b.who, planned)
	return testdb.Write(t, b.db, b.who, planned)
}

func TestAddArticleVersion_KeepsAPersonsText(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	testdb.Gates(t, b.db, b.who, false)
	w := written(t, b)
	// A nil base is 0.
	write := func(author content.AuthorKind, base int) (int, bool) {
		t.Helper()
		text := testdb.ArticleText(w.Article, author, testdb.Now())
		if base > 0 {
			text.BasedOn = &base
		}
		var kept content.ArticleVersion
		var written bool
		err := b.store.InTx(ctx, func(tx *postgres.Store) (err error) {
			kept, written, err = tx.AddArticleVersion(ctx, b.who, text)
			return err
		})
		if err != nil {
			t.Fatalf("%s, based on %d: %v", author, base, err)
		}
		return kept.Revision, written
	}
	for _, c := range []struct {
		author   content.AuthorKind
		base     int
		revision int // 0 for a text that is not the next version
	}{
		{content.AuthorEngine, 0, 2},
		{content.AuthorPerson, 1, 0},
		{content.AuthorPerson, 2, 3},
		{content.AuthorEngine, 0, 0},
		{content.AuthorEngine, 2, 0},
		{content.AuthorPerson, 4, 0},
		{content.AuthorEngine, 3, 4},
		{content.AuthorEngine, 0, 5},
	} {
		revision, written := write(c.author, c.base)
		if written != (c.revision > 0) || written && revision != c.revision {
			t.Errorf("%s, based on %d: got revision %d, %t, want %d", c.author, c.base, revision, written, c.revision)
		}
	}
}

func TestAddArticleVersion_OneOfTwentyWritersWins(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	testdb.Gates(t, b.db, b.who, false)
	w := written(t, b)
	base := w.Version.Revision
	var all sync.WaitGroup
	wins, errs := make([]bool, 20), make([]error, 20)
	for i := range wins {
		all.Go(func() {
			text := testdb.ArticleText(w.Article, content.AuthorPerson, testdb.Now())
			text.BasedOn = &base
			_, wins[i], errs[i] = b.store.AddArticleVersion(ctx, b.who, text)
		})
	}
	all.Wait()
	won := 0
	for _, win := range wins {
		if win {
			won++
		}
	}
	if err := errors.Join(errs...); err != nil || won != 1 {
		t.Errorf("got %d winners, %v, want 1", won, err)
	}
	versions, err := b.store.ArticleVersions(ctx, b.who, postgres.VersionsPage{ArticleID: w.Article.ID, Size: 9})
	if err != nil || len(versions) != 2 || versions[0].Revision != 2 || versions[0].Author != content.AuthorPerson {
		t.Errorf("got %+v, %v, want the person's revision 2 before the engine's first", versions, err)
	}
}
