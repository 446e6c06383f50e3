package e2e

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/migrations"
)

// emptyDatabase creates an empty database on the test's server, and returns its address.
func emptyDatabase(t *testing.T, db *testdb.DB) string {
	t.Helper()
	w := world{db: db}
	mine := ask[string](t, w, `SELECT current_database()`)[0]
	name := "test_empty_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	w.tamper(t, `CREATE DATABASE `+name)
	t.Cleanup(func() { w.tamper(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return strings.Replace(db.URL, mine, name, 1)
}

func TestMigrate_BringsAnEmptyDatabaseUpToDate(t *testing.T) {
	t.Parallel()
	address := emptyDatabase(t, testdb.New(t))
	environment := map[string]string{"DATABASE_URL": address, "AUTH_SECRET": authSecret}
	files, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var waiting, applied strings.Builder
	for _, file := range files {
		fmt.Fprintf(&waiting, "%s pending –\n", file)
		fmt.Fprintf(&applied, "applied %s\n", file)
	}

	got := invoke(t, environment, "migrate", "status", "--quiet")
	spaces := regexp.MustCompile(` +`)
	if got.code != 1 || spaces.ReplaceAllString(got.stdout, " ") != waiting.String() ||
		!strings.Contains(got.stderr, "engine migrate up") {
		t.Errorf("status of an empty database: got %+v", got)
	}
	got = invoke(t, environment, "serve", "--workers=false")
	if got.code != 1 || !strings.Contains(got.stderr, fmt.Sprintf("lacks %d migrations", len(files))) {
		t.Errorf("serve on an empty database: got %+v", got)
	}
	for _, want := range []string{applied.String(), ""} { // The second time no migration is pending.
		got = invoke(t, environment, "migrate", "up", "--quiet")
		if diff := cmp.Diff(outcome{stdout: want}, got, cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("up (-want +got):\n%s", diff)
		}
	}
	got = invoke(t, environment, "migrate", "status", "--quiet")
	if got.code != 0 || strings.Count(got.stdout, "\n") != len(files) || strings.Contains(got.stdout, "pending") {
		t.Errorf("status after up: got %+v", got)
	}
	start(t, []string{"DATABASE_URL=" + address, "AUTH_SECRET=" + authSecret},
		"serve", "--sandbox", "--listen=127.0.0.1:0").listens(t).stop(t)
}

func TestMigrate_RefusesAChangedFile(t *testing.T) {
	t.Parallel()
	w := world{db: testdb.New(t)}
	w.tamper(t, `UPDATE schema_migrations SET checksum = 'other' WHERE number = 2`)
	for _, command := range []string{"up", "status"} {
		got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, "migrate", command)
		if got.code != 1 || !strings.Contains(got.stderr, "0002_workflow.sql has changed") {
			t.Errorf("migrate %s: got %+v", command, got)
		}
	}
}
