package postgres_test

import (
	"context"
	"testing"

	"github.com/infin8content/engine/internal/spelling"
	"github.com/infin8content/engine/internal/testdb"
)

// The rule of the database refuses nothing that the rule of the engine allows, and each kind of character that looks
// like another one or like nothing.
func TestSpelling_DatabaseRefusesWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), testdb.New(t)
	spelled := func(name string) (is bool) {
		if err := db.Super.QueryRow(ctx, "SELECT is_spelled($1)", name).Scan(&is); err != nil {
			t.Fatal(err)
		}
		return is
	}
	for _, name := range []string{
		"Spring launch", "Zo\u00eb", "水産\u3000市場", "می\u200cخواهم", "👨\u200d👩\u200d👧", "Весна – 2026", "a",
	} {
		if !spelling.IsClean(name) || !spelled(name) {
			t.Errorf("%q: refused", name)
		}
	}
	for _, name := range []string{
		" a", "a ", "a  b", "a\u3000", "a\tb", "a\nb", "a\u0085b", "a\u00a0b", "a\u00adb", "a\u200bb", "a\u200eb", "a\u202eb",
		"a\u2028b", "a\u2060b", "a\u2066b", "a\u2800b", "a\ufe0fb", "a\ufeffb",
	} {
		if spelling.IsClean(name) || spelled(name) {
			t.Errorf("%q: not refused", name)
		}
	}
	rows, err := db.Super.Query(ctx, `SELECT conrelid::regclass::text FROM pg_constraint
		WHERE conname LIKE '%\_spelled' AND contype = 'c' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	tables := ""
	for rows.Next() {
		table := ""
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		tables += table + " "
	}
	if want := "organization_names publish_targets workflow_names "; tables != want {
		t.Errorf("tables with the rule: got %s, want %s", tables, want)
	}
}
