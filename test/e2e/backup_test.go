package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/testdb"
)

// A backup restores into an empty server, and verify finds nothing there. docs/backup.md has the same commands.
func TestBackup(t *testing.T) {
	t.Parallel()
	from := database(t, embedded.Options{})
	w := newWorldAt(t, from.URL("postgres"))
	inherited{}.works(t, w)
	w.tamper(t, `CREATE ROLE infin8_login LOGIN IN ROLE infin8_app, infin8_sweeper, infin8_booker`)
	want := testdb.Contents(t, w.db, w.who.OrganizationID)
	folder := t.TempDir()
	roles := run(t, "", "pg_dumpall", "--roles-only", "--dbname="+from.URL("postgres"))
	for name, restore := range map[string]func(*testing.T, *embedded.Server){
		"Text": func(t *testing.T, to *embedded.Server) {
			dump := run(t, "", "pg_dump", from.URL("postgres"))
			run(t, dump, "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname="+to.URL("restored"))
		},
		"CustomInParallel": func(t *testing.T, to *embedded.Server) {
			file := filepath.Join(folder, "backup")
			run(t, "", "pg_dump", "--format=custom", "--file="+file, from.URL("postgres"))
			run(t, "", "pg_restore", "--exit-on-error", "--jobs=4", "--dbname="+to.URL("restored"), file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := database(t, embedded.Options{})
			// The superuser postgres is in the empty server, too.
			run(t, strings.ReplaceAll(roles, "CREATE ROLE postgres;\n", ""), "psql", "--quiet", "--set=ON_ERROR_STOP=1",
				"--dbname="+to.URL("postgres"))
			if _, err := open(t, to.URL("postgres"), "").Exec(t.Context(), `CREATE DATABASE restored`); err != nil {
				t.Fatal(err)
			}
			restore(t, to)
			environment := map[string]string{"DATABASE_URL": to.URL("restored")}
			if got := invoke(t, environment, "migrate", "up"); got.code != 0 || got.stdout != "" {
				t.Errorf("migrate up: got %d, %s%s, want nothing to apply", got.code, got.stdout, got.stderr)
			}
			restored := world{
				db:       &testdb.DB{URL: to.URL("restored"), Super: open(t, to.URL("restored"), "")},
				provider: w.provider,
				who:      w.who,
			}
			restored.verify(t)
			got := testdb.Contents(t, restored.db, w.who.OrganizationID)
			for table, digest := range want {
				if got[table] != digest {
					t.Errorf("%s: the restored rows differ", table)
				}
			}
			p := restored.serve(t, quick...)
			restored.client(t, p, w.who).do(t, "createWorkflow", map[string]any{
				"name": "After the restore", "company": map[string]any{"name": "Example", "url": "https://example.com"},
			})
			restored.verify(t)
			p.stop(t)
		})
	}
}

// run runs a program of PostgreSQL with an input and returns its output.
func run(t *testing.T, input, name string, args ...string) string {
	t.Helper()
	program := installed(t, name)
	if newest, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(newest) > 0 {
		program = newest[len(newest)-1] // Debian's own is a wrapper that does not find our servers.
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	return stdout.String()
}
