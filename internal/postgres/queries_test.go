package postgres_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/testdb"
)

var (
	// opening is a table that a statement reads or changes, and the name that it has there.
	opening = regexp.MustCompile(`\b(FROM|JOIN|UPDATE|INTO) (\w+)(?: AS (\w+))?`)
	named   = regexp.MustCompile(`-- name: (\w+) `)
)

// Each table of organizations that a query opens is bound to an organization: by the parameter @organization_id, by the
// list that is named by it, or by what it is joined with, down to one that is. The rule of sqlc vet sees to the
// parameter; this sees to the joins. What is meant for all organizations says so, with the reason, where the rule is
// switched off.
func TestQueries_BindEveryTableToAnOrganization(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	rows, err := db.Super.Query(context.Background(), `SELECT table_name FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name = 'organization_id'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("queries: got %v, %v", files, err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range strings.Split(string(text), "\n\n") {
			name := named.FindStringSubmatch(query)
			if name == nil {
				t.Errorf("%s has something that is no query:\n%s", file, query)
				continue
			}
			found++
			if i := strings.Index(query, "@sqlc-vet-disable"); i >= 0 {
				if !strings.Contains(query, "-- The rule is off: ") {
					t.Errorf("%s: say behind “-- The rule is off: ” why", name[1])
				}
				if strings.Contains(query[i:], "@sqlc-vet-disable names-organization") {
					continue
				}
			}
			for _, fault := range unbound(query, tables) {
				t.Errorf("%s: %s", name[1], fault)
			}
		}
	}
	if found < 80 {
		t.Errorf("got %d queries, want all of them", found)
	}
}

// unbound returns the tables that a query opens without naming an organization.
func unbound(query string, tables []string) (faults []string) {
	var code []string
	for line := range strings.Lines(query) {
		if !strings.HasPrefix(line, "--") {
			code = append(code, line)
		}
	}
	text := strings.Join(code, "")
	for _, found := range opening.FindAllStringSubmatch(text, -1) {
		verb, table, alias := found[1], found[2], found[3]
		column := alias + ".organization_id"
		switch {
		case !slices.Contains(tables, table):
			continue
		case verb == "INTO":
			if !strings.Contains(text, "organization_id") {
				faults = append(faults, "writes "+table+" without organization_id")
			}
			continue
		case alias == "":
			faults = append(faults, "opens "+table+" without a name for it")
			continue
		}
		if !regexp.MustCompile(`\b(` + column + `|` + alias + `\.list_id) (=|IN) |= ` + column + `\b`).MatchString(text) {
			faults = append(faults, "opens "+table+" as "+alias+" and binds it to no organization")
		}
	}
	return faults
}

func TestQueries_UnboundTableIsFound(t *testing.T) {
	t.Parallel()
	tables := []string{"intent_workflows", "workflow_transitions"}
	for query, want := range map[string]int{
		`SELECT w.* FROM intent_workflows AS w WHERE w.organization_id = @organization_id`: 0,
		`SELECT w.organization_id FROM intent_workflows AS w WHERE w.id = @id`:             1,
		`SELECT 1 FROM intent_workflows AS w JOIN workflow_transitions AS t ON t.workflow_id = w.id
			WHERE w.organization_id = @organization_id`: 1,
		`SELECT 1 FROM intent_workflows AS w JOIN workflow_transitions AS t ON t.organization_id = w.organization_id
			WHERE w.organization_id = @organization_id`: 0,
		`INSERT INTO workflow_transitions (workflow_id) VALUES (@id)`: 1,
	} {
		if got := unbound(query, tables); len(got) != want {
			t.Errorf("%s: got %q, want %d", query, got, want)
		}
	}
}

// goOnly are the files of the store that no file of queries/ belongs to. The reads of the audit may be in a file of
// their own, X_audit.go.
var goOnly = []string{
	"catalog", "change", "checkpoint", "checkpoint_content", "checksum", "connect_error", "errors", "gate", "migrate",
	"pool", "record", "references", "role", "rows", "session", "store", "tenant", "uuid",
}

func TestQueries(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("queries: got %v, %v", files, err)
	}
	queries := map[string][]string{} // by table
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table := strings.TrimSuffix(filepath.Base(file), ".sql")
		for _, name := range named.FindAllStringSubmatch(string(text), -1) {
			queries[table] = append(queries[table], name[1])
		}
	}
	stores := map[string]string{} // the text of each Go file
	files, err = filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimSuffix(file, ".go"); !strings.HasSuffix(name, "_test") {
			stores[name] = string(text)
		}
	}

	t.Run("EachFileHasOneGoFile", func(t *testing.T) {
		t.Parallel()
		want := slices.Sorted(maps.Keys(queries))
		got := slices.DeleteFunc(slices.Sorted(maps.Keys(stores)), func(name string) bool {
			return slices.Contains(goOnly, name) || strings.HasSuffix(name, "_audit")
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Go files (-queries +postgres):\n%s", diff)
		}
	})
	t.Run("NamesAreTableThenVerbInAlphabeticalOrder", func(t *testing.T) {
		t.Parallel()
		for table, names := range queries {
			if !slices.IsSorted(names) {
				t.Errorf("%s.sql: got %v, want alphabetical order", table, names)
			}
			var prefix string
			for word := range strings.SplitSeq(table, "_") {
				prefix += strings.ToUpper(word[:1]) + word[1:]
			}
			for _, name := range names {
				if verb, ok := strings.CutPrefix(name, prefix); !ok || verb == "" || verb[0] < 'A' || verb[0] > 'Z' {
					t.Errorf("%s.sql: got the name %s, want %s and a verb", table, name, prefix)
				}
			}
		}
	})
	t.Run("OnlyTheGoFileOfTheTableCallsThem", func(t *testing.T) {
		t.Parallel()
		for table, names := range queries {
			for _, name := range names {
				// On s.forTenant(…) or a variable q; dbsqlc.Name is the type of a row.
				called := regexp.MustCompile(`[)q][.]` + name + `\b`)
				var callers []string
				for file, text := range stores {
					if called.MatchString(text) {
						callers = append(callers, strings.TrimSuffix(file, "_audit"))
					}
				}
				if diff := cmp.Diff([]string{table}, slices.Compact(callers)); diff != "" {
					t.Errorf("files that call %s (-want +got):\n%s", name, diff)
				}
			}
		}
	})
}
