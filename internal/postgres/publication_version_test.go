package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/migrations"
)

// The migration that ties publications to their texts holds on a database that has publications. One that no text fits,
// which no version of the engine has written, stops it with the names of the migration, the rule and the row.
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
	const forget = `DELETE FROM schema_migrations WHERE name LIKE '%publication_revisions%'`
	for _, statement := range []string{
		`ALTER TABLE publications DROP CONSTRAINT publications_article_version`,
		`ALTER TABLE publication_events DROP CONSTRAINT publication_events_article_version`,
		forget,
	} {
		if tag, err := db.Owner.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %s, %v", statement, tag, err)
		}
	}
	applied, err := postgres.Migrate(t.Context(), db.Owner, migrations.Files, time.Now)
	if err != nil || len(applied) != 1 {
		t.Errorf("got %v, %v, want one migration", applied, err)
	}
	for _, statement := range []string{
		`ALTER TABLE publications DROP CONSTRAINT publications_article_version`,
		`ALTER TABLE publication_events DROP CONSTRAINT publication_events_article_version`,
		forget,
		`ALTER TABLE publications DISABLE TRIGGER ALL`,
		`UPDATE publications SET revision = 9`,
	} {
		if _, err := db.Super.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	_, err = postgres.Migrate(t.Context(), db.Owner, migrations.Files, time.Now)
	for _, named := range []string{"0050_publication_revisions", "publications_article_version"} {
		if err == nil || !strings.Contains(err.Error(), named) {
			t.Errorf("a revision without a text: got %v, want an error that names %s", err, named)
		}
	}
}
