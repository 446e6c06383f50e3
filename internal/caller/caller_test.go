package caller_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

func TestRole_IncludesItselfAndLowerRoles(t *testing.T) {
	t.Parallel()
	roles := []caller.Role{caller.Viewer, caller.Operator, caller.Admin}
	for i, have := range roles {
		for j, needed := range roles {
			if got, want := have.Includes(needed), i >= j; got != want {
				t.Errorf("%s.Includes(%s): got %t, want %t", have, needed, got, want)
			}
		}
	}
	for _, unknown := range []caller.Role{"", "OWNER", "admin"} {
		if unknown.Includes(caller.Viewer) {
			t.Errorf("%q.Includes(VIEWER): got true, want false", unknown)
		}
	}
}

func TestFrom_ReturnsTheCallerOfTheContext(t *testing.T) {
	t.Parallel()
	if got := caller.From(context.Background()); got.Known() {
		t.Errorf("caller of an empty context: got %+v, want the zero Caller", got)
	}
	want := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Operator}
	if got := caller.From(caller.With(context.Background(), want)); got != want || !got.Known() {
		t.Errorf("caller: got %+v, want %+v", got, want)
	}
}
