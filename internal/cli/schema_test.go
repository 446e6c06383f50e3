package cli_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchema_PrintsTheFile(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	got := invoke(t, nil, "schema")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("got status %d and %q, want the schema", got.code, got.stderr)
	}
	if diff := cmp.Diff(string(want), got.stdout); diff != "" {
		t.Errorf("(-schema.graphqls +printed):\n%s", diff)
	}
}
