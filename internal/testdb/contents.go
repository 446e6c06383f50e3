package testdb

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Contents returns a digest of everything that is written for an organization, by table. Its bucket is left out, since
// each request takes from it.
func Contents(t testing.TB, db *DB, organization uuid.UUID) map[string]string {
	t.Helper()
	ctx := context.Background()
	rows, err := db.Super.Query(ctx, `SELECT table_name FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name = 'organization_id' AND table_name <> 'cost_buckets'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 8 {
		t.Fatalf("tables of organizations: got %v, %v", tables, err)
	}
	query := make([]string, len(tables))
	for i, table := range tables {
		query[i] = `SELECT '` + table + ` ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '')
			FROM ` + table + ` AS t WHERE organization_id = $1`
	}
	rows, err = db.Super.Query(ctx, strings.Join(query, " UNION ALL "), organization)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]string{}
	for _, line := range lines {
		table, digest, _ := strings.Cut(line, " ")
		digests[table] = digest
	}
	return digests
}
