package server

import (
	"testing"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/web"
)

func TestAccessSettings(t *testing.T) {
	t.Parallel()
	t.Run("IntrospectionNeedsTheRole", func(t *testing.T) {
		t.Parallel()
		for access, needed := range map[string]caller.Permission{
			accessAll:    caller.Read,
			"everybody":  caller.Read,
			accessAdmins: caller.Explore,
			accessNone:   "",
			"nobody":     "",
		} {
			for _, role := range caller.Roles() {
				s := AccessSettings{Introspection: access}
				s.fill(accessAdmins)
				want := role.Has(needed)
				if got := s.mayReadSchema(caller.Caller{Role: role}); got != want {
					t.Errorf("introspection for %s, asked by %s: got %t, want %t", access, role, got, want)
				}
			}
		}
	})
	t.Run("PlaygroundIsForAdministratorsUnlessASettingSaysOtherwise", func(t *testing.T) {
		t.Parallel()
		var unset AccessSettings
		unset.fill(accessAdmins)
		if page := unset.page(true); !page.AdminsOnly || page.Notice != SyntheticNotice {
			t.Errorf("the page of a server with the sandbox: got %+v", page)
		}
		var open AccessSettings
		open.OpenToAll()
		if page := open.page(false); page.AdminsOnly || page.Notice != "" {
			t.Errorf("the page for all: got %+v", page)
		}
		if page := (AccessSettings{Playground: accessOff}).page(false); page != nil {
			t.Errorf("a page that is off: got %+v", page)
		}
	})
	t.Run("UnknownValuesAreRefused", func(t *testing.T) {
		t.Parallel()
		for _, s := range []AccessSettings{
			{Playground: "true"},
			{Playground: "none"},
			{Playground: "nobody"},
			{Introspection: "off"},
			{Introspection: "sometimes"},
		} {
			s.fill(accessAdmins)
			if err := s.check(); err == nil {
				t.Errorf("%+v: got no error", s)
			}
		}
	})
}

// The console runs its operations by id, so each of them must fit the schema.
func TestConsole_ItsOperationsFitTheSchema(t *testing.T) {
	t.Parallel()
	var none *gqlhttp.Documents
	if _, err := none.With(graph.NewSchema(nil), web.ConsoleDocuments()); err != nil {
		t.Errorf("change the operation in console/source/api, then make console: %v", err)
	}
}

func TestConsole_ItsSettingsFitEachOther(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		settings Settings
		valid    bool
	}{
		{Settings{AccessSettings: AccessSettings{Console: "all"}}, true},
		{Settings{AccessSettings: AccessSettings{Console: "off"}}, true},
		{Settings{AccessSettings: AccessSettings{Console: "admins"}}, false},
		{Settings{AccessSettings: AccessSettings{Console: "members"}}, false},
		{Settings{AccessSettings: AccessSettings{Console: "all", ConsoleClientID: "c"}}, false},
		{
			Settings{
				AccessSettings: AccessSettings{Console: "members", ConsoleClientID: "c"},
				TokenSettings:  TokenSettings{Issuer: "https://login.example.com"},
			}, true,
		},
	} {
		if err := test.settings.checkConsole(); (err == nil) != test.valid {
			t.Errorf("%+v: got %v, want valid: %t", test.settings.AccessSettings, err, test.valid)
		}
	}
	var former AccessSettings
	former.Console = "everybody"
	if former.fill(accessAdmins); former.Console != accessAll {
		t.Errorf("everybody: got %q, want all", former.Console)
	}
	if (Settings{AccessSettings: AccessSettings{Console: "off"}}).console() != nil {
		t.Error("off: got a console, want none")
	}
}
