package testdb

import (
	"context"
	"strings"
	"testing"
)

// simulateTime takes the database's clock out of the rules of a database: times may then be in the past or in the
// future, as a test with a clock of its own has them. The other rules stay.
func simulateTime(t testing.TB, db *DB) {
	t.Helper()
	_, err := db.Owner.Exec(context.Background(), `CREATE OR REPLACE FUNCTION near_clock(at timestamptz) RETURNS boolean
		LANGUAGE sql VOLATILE PARALLEL SAFE RETURN true`)
	if err != nil {
		t.Fatalf("simulate time: %v", err)
	}
}

// SimulatesTime reports whether a finding of an audit is what NewSimulated has changed.
func SimulatesTime(finding string) bool { return strings.HasPrefix(finding, "function near_clock(") }
