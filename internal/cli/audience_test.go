package cli

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/caller"
)

func TestTheSchemaIsForAdministratorsUnlessTheServerIsToldOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	for role, want := range map[caller.Role]string{
		caller.Admin: "", caller.Operator: "FORBIDDEN", caller.Viewer: "FORBIDDEN",
	} {
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

func TestAnAudienceIsOneOfThree(t *testing.T) {
	t.Parallel()
	roles := []caller.Role{caller.Viewer, caller.Operator, caller.Admin}
	for audience, least := range map[string]caller.Role{everybody: caller.Viewer, admins: caller.Admin, nobody: ""} {
		for _, role := range roles {
			a := audienceSettings{Introspection: audience}
			want := least != "" && role.Includes(least)
			if got := a.describe(caller.Caller{Role: role}); got != want {
				t.Errorf("introspection for %s, asked by %s: got %t, want %t", audience, role, got, want)
			}
		}
	}
	var unset audienceSettings
	unset.orElse(admins)
	if page := unset.page(true); !page.AdminsOnly || page.Notice != syntheticNotice {
		t.Errorf("the page of a server with the sandbox: got %+v", page)
	}
	open := audienceSettings{Playground: everybody}
	if page := open.page(false); page.AdminsOnly || page.Notice != "" {
		t.Errorf("the page for everybody: got %+v", page)
	}
	if page := (audienceSettings{Playground: off}).page(false); page != nil {
		t.Errorf("a page that is off: got %+v", page)
	}
	environment := map[string]string{"DATABASE_URL": "postgres:///nothing", "INFIN8_INTROSPECTION": "sometimes"}
	for _, flag := range []string{"--playground=true", "--playground=nobody", "--introspection=off"} {
		got := invoke(t, environment, "serve", "--sandbox", flag)
		if name, _, _ := strings.Cut(flag, "="); got.code != 1 || !strings.Contains(got.stderr, name+" must be one of") {
			t.Errorf("%s: got status %d and %q", flag, got.code, got.stderr)
		}
	}
}
