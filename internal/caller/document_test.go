package caller_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/caller"
)

// docs/http.md has a row for each role with its permissions, in the order of the table, and one for each permission.
func TestRoles_AreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### Roles\n")
	section, _, _ = strings.Cut(section, "\n## ")
	at := 0
	for _, role := range caller.Roles() {
		var names []string
		for _, p := range role.Permissions() {
			names = append(names, "`"+string(p)+"`")
		}
		start := strings.Index(section, fmt.Sprintf("\n| `%s` | ", role))
		row, _, _ := strings.Cut(section[max(start, 0)+1:], "\n")
		if want := " | " + strings.Join(names, ", ") + " |"; start < at || !strings.HasSuffix(row, want) {
			t.Errorf("the row of %s: got %q, want it to end with %q, after the row before", role, row, want)
		}
		at = start
	}
	for _, p := range caller.Permissions() {
		if !strings.Contains(section, fmt.Sprintf("\n| `%s` | ", p)) {
			t.Errorf("the permission %s has no row", p)
		}
	}
	if got, want := strings.Count(section, "\n| `"), len(caller.Roles())+len(caller.Permissions()); got != want {
		t.Errorf("got %d rows, want %d", got, want)
	}
}
