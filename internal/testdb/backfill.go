package testdb

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/migrations"
)

// UsageDaysBackfill returns the statement of the migration that fills usage_days from the ledger.
func UsageDaysBackfill(t testing.TB) string {
	t.Helper()
	return backfill(t, "0006_usage_days.sql", "usage_days")
}

// WorkflowCountsBackfill returns the statement of the migration that fills workflow_counts from the workflows.
func WorkflowCountsBackfill(t testing.TB) string {
	t.Helper()
	return backfill(t, "0066_workflow_counts.sql", "workflow_counts")
}

// backfill returns the last statement of a migration that inserts into a table.
func backfill(t testing.TB, migration, table string) string {
	t.Helper()
	text, err := migrations.Files.ReadFile(migration)
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.LastIndex(string(text), "INSERT INTO "+table)
	if begin < 0 {
		t.Fatalf("%s fills no %s", migration, table)
	}
	statement, _, ended := strings.Cut(string(text)[begin:], ";\n")
	if !ended {
		t.Fatalf("%s does not end the statement that fills %s", migration, table)
	}
	return statement
}
