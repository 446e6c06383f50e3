package postgres_test

import (
	"testing"
	"time"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/migrations"
)

// The migration that ties publications to their texts holds on a database that has publications.
func TestMigrate_PublicationsHaveTheirTexts(t *testing.T) {
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
	testdb.Publish(t, db, who, planned)
	for _, statement := range []string{
		`ALTER TABLE publications DROP CONSTRAINT publications_article_version`,
		`ALTER TABLE publication_events DROP CONSTRAINT publication_events_article_version`,
		`DELETE FROM schema_migrations WHERE name LIKE '%publication_revisions%'`,
	} {
		if tag, err := db.Owner.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %s, %v", statement, tag, err)
		}
	}
	applied, err := postgres.Migrate(t.Context(), db.Owner, migrations.Files, time.Now)
	if err != nil || len(applied) != 1 {
		t.Errorf("got %v, %v, want one migration", applied, err)
	}
}
