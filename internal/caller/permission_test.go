package caller_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

func TestRole_HasExactlyItsPermissions(t *testing.T) {
	t.Parallel()
	details := []caller.Permission{
		caller.Read, caller.ReadAll, caller.Actors, caller.Calls, caller.OwnCalls, caller.Alerts,
	}
	for role, want := range map[caller.Role][]caller.Permission{
		caller.Viewer:   {caller.Read, caller.ReadAll},
		caller.Worker:   {caller.Read, caller.OwnCalls, caller.Drive, caller.Spend},
		caller.Auditor:  append(slices.Clone(details), caller.Oversee, caller.Verify, caller.Export),
		caller.Operator: append(slices.Clone(details), caller.Operate, caller.Drive),
		caller.Finance: append(slices.Clone(details),
			caller.Export, caller.Book, caller.Limits, caller.Prices),
		caller.Admin: caller.Permissions(),
		"":           nil,
		"OWNER":      nil,
		"admin":      nil,
	} {
		if diff := cmp.Diff(want, role.Permissions()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", role, diff)
		}
		if got := role.Valid(); got != (want != nil) {
			t.Errorf("%q.Valid(): got %t", role, got)
		}
		for _, p := range caller.Permissions() {
			if got := role.Has(p); got != slices.Contains(want, p) {
				t.Errorf("%q.Has(%s): got %t", role, p, got)
			}
			if got := slices.Contains(p.Roles(), role); got != slices.Contains(want, p) {
				t.Errorf("the roles with %s: got %v", p, p.Roles())
			}
		}
		if role.Has("") || role.Has("EVERYTHING") {
			t.Errorf("%q has an unknown permission", role)
		}
	}
}

// Of several roles in a token the last one counts, so it must not have fewer permissions than another one.
func TestRoles_AreOrderedByTheirPermissions(t *testing.T) {
	t.Parallel()
	roles := caller.Roles()
	for i, role := range roles {
		for _, later := range roles[i+1:] {
			if role.Covers(later) {
				t.Errorf("%s has all permissions of %s, and comes before it", role, later)
			}
		}
	}
	if got := len(slices.Compact(slices.Sorted(slices.Values(roles)))); got != 6 {
		t.Errorf("got %d roles, want 6", got)
	}
}

func TestRole_CoversItselfAndSubsets(t *testing.T) {
	t.Parallel()
	covers := map[caller.Role][]caller.Role{
		caller.Viewer:   {caller.Viewer},
		caller.Worker:   {caller.Worker},
		caller.Auditor:  {caller.Viewer, caller.Auditor},
		caller.Operator: {caller.Viewer, caller.Operator},
		caller.Finance:  {caller.Viewer, caller.Finance},
		caller.Admin:    caller.Roles(),
	}
	for role, want := range covers {
		for _, other := range caller.Roles() {
			if got := role.Covers(other); got != slices.Contains(want, other) {
				t.Errorf("%s.Covers(%s): got %t", role, other, got)
			}
		}
		for _, unknown := range []caller.Role{"", "OWNER", "admin"} {
			if role.Covers(unknown) || unknown.Covers(role) || unknown.Covers(unknown) {
				t.Errorf("%q and %s: one covers the other", unknown, role)
			}
		}
	}
}

func TestPermission_DeniedNamesTheRolesThatHaveIt(t *testing.T) {
	t.Parallel()
	want := "This needs the permission DRIVE. Roles with it: WORKER, OPERATOR, ADMIN. Yours is VIEWER."
	if got := caller.Drive.Denied(caller.Viewer); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := caller.RoleNames(); strings.Count(got, ", ") != 5 || !strings.HasSuffix(got, ", ADMIN") {
		t.Errorf("the names of all roles: got %q", got)
	}
}

// A caller with one workflow has no permission about more than a workflow, whatever its role.
func TestCaller_WithOneWorkflowHasNoRightsOverTheOrganization(t *testing.T) {
	t.Parallel()
	for _, role := range caller.Roles() {
		who := caller.Caller{Actor: "a", OrganizationID: uuid.New(), Role: role, WorkflowID: uuid.New()}
		for _, p := range []caller.Permission{
			caller.ReadAll, caller.Alerts, caller.Oversee, caller.Export, caller.Prices, caller.Keys, caller.Settings,
		} {
			if who.Has(p) || slices.Contains(who.Permissions(), p) {
				t.Errorf("%s with one workflow has %s", role, p)
			}
		}
		if who.Has(caller.Read) != role.Has(caller.Read) || who.Has(caller.Drive) != role.Has(caller.Drive) {
			t.Errorf("%s with one workflow has lost its rights in it", role)
		}
		if role == caller.Admin && !strings.Contains(who.Denied(caller.Keys), "one workflow") {
			t.Errorf("message: got %q", who.Denied(caller.Keys))
		}
	}
}
