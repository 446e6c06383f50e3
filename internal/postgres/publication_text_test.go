package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A decision at the gate PUBLISH cannot ask for an earlier text of an article, also when it says so in its digest.
func TestPublications_AskForTheLastText(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who := testdb.Caller(t, db)
	testdb.Gates(t, db, who, false)
	reviewed := testdb.Review(t, db, who)
	if err := testdb.Approve(t.Context(), db.Store(), who, reviewed, who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, db, who, testdb.Cluster(t, db, who, reviewed))
	testdb.DecidePlan(t, db, who, planned)
	written, target := testdb.Write(t, db, who, planned), testdb.PublishTarget(t, db, who)
	next := testdb.ArticleText(written.Article, content.AuthorPerson, testdb.Now())
	next.BasedOn = &written.Version.Revision
	if _, there, err := db.Store().AddArticleVersion(t.Context(), who, next); err != nil || !there {
		t.Fatalf("write revision 2: written %t, %v", there, err)
	}
	written.Flow = testdb.Move(t, db.Store(), who, written.Flow, workflow.ArticleCompleted)
	for _, c := range []struct {
		revision int
		refusal  string
	}{{1, "publication_events_asked"}, {2, ""}} {
		err := testdb.ApproveText(db, who, written, target, c.revision)
		var refused *pgconn.PgError
		if errors.As(err, &refused); (refused == nil) != (c.refusal == "") ||
			refused != nil && refused.ConstraintName != c.refusal || refused == nil && err != nil {
			t.Errorf("revision %d: got %v, want %q", c.revision, err, c.refusal)
		}
	}
}
