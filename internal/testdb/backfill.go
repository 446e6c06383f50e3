package testdb

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/migrations"
)

// UsageDaysBackfill returns the statement of the migration that fills usage_days from the ledger.
func UsageDaysBackfill(t testing.TB) string {
	t.Helper()
	text, err := migrations.Files.ReadFile("0006_usage_days.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "INSERT INTO usage_days")
	statement, _, ended := strings.Cut(rest, ";\n")
	if !found || !ended {
		t.Fatal("the migration fills no usage_days")
	}
	return "INSERT INTO usage_days" + statement
}
