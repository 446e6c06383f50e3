package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/caller"
)

func TestSchemaAccess_IsForEveryRoleUnlessASettingSaysAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.readSchema(t, w.serve(t, "--workers=false"), caller.Roles())
	w.readSchema(t, w.serve(t, "--workers=false", "--introspection=admins"), []caller.Role{caller.Admin})
}

// readSchema introspects with each role. It must work for the allowed ones only.
func (w world) readSchema(t *testing.T, server *process, allowed []caller.Role) {
	t.Helper()
	for _, role := range caller.Roles() {
		want := "FORBIDDEN"
		if slices.Contains(allowed, role) {
			want = ""
		}
		who := w.who
		who.Role = role
		got, err := w.client(t, server, who).post(t.Context(), `{ __schema { queryType { name } } }`, nil)
		switch {
		case err != nil:
			t.Fatal(err)
		case want == "" && len(got.Errors) == 0:
		case want == "" || len(got.Errors) != 1 || got.Errors[0].Extensions.Code != want:
			t.Errorf("introspection by %s: got %s, want %q", role, got.Body, want)
		}
	}
}

func TestSchemaAccess_UnknownSettingStopsTheStart(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"DATABASE_URL": "postgres:///nothing", "INFIN8_INTROSPECTION": "sometimes"}
	for _, flag := range []string{"--playground=true", "--playground=none", "--introspection=off"} {
		got := invoke(t, environment, "serve", "--sandbox", flag)
		if name, _, _ := strings.Cut(flag, "="); got.code != 1 || !strings.Contains(got.stderr, name+" must be one of") {
			t.Errorf("%s: got status %d and %q", flag, got.code, got.stderr)
		}
	}
}
