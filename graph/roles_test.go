package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/caller"
)

func TestRequires_IsOnEveryRootField(t *testing.T) {
	t.Parallel()
	special := map[string]caller.Permission{
		"organization": caller.ReadAll, "prices": caller.ReadAll, "priceProposals": caller.ReadAll,
		"organizationTransitioned": caller.ReadAll,
		"transitionWorkflow":       caller.Drive, "renewLease": caller.Drive,
		"claimWork": caller.Drive, "completeStep": caller.Drive, "failStep": caller.Drive, "workAvailable": caller.Drive,
		"reserveUsage": caller.Spend, "settleUsage": caller.Spend, "releaseUsage": caller.Spend,
		"recordUsage": caller.Book, "adjustUsage": caller.Book,
		"setWorkflowLimit": caller.Limits, "setMonthlyLimit": caller.Limits,
		"importPrices": caller.Prices, "acceptPrice": caller.Prices, "rejectPrice": caller.Prices,
		"createApiKey": caller.Keys, "revokeApiKey": caller.Keys,
		"setTimeZone": caller.Settings, "setAlertWebhook": caller.Settings,
		"testAlertWebhook": caller.Settings, "newWorkflowForecast": caller.ReadAll, "setGates": caller.Settings,
		"setOrganizationName": caller.Settings,
		"createPublishTarget": caller.Settings, "testPublishTarget": caller.Settings,
		"setPublishTargetSecret": caller.Settings, "retirePublishTarget": caller.Settings,
		"setOutsideSteps": caller.Settings,
		"setMarket":       caller.Settings,
		"setBrand":        caller.Settings,
		"markAlertsRead":  caller.Alerts, "alertRaised": caller.Alerts,
		"startVerification": caller.Verify, "batchChanged": caller.ReadAll, "setWorkflowLimits": caller.Limits,
	}
	for root, usual := range map[string]caller.Permission{
		"Query": caller.Read, "Mutation": caller.Operate, "Subscription": caller.Read,
	} {
		for _, field := range schemaTypes()[root].Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			want, isSpecial := special[field.Name]
			if !isSpecial {
				want = usual
			}
			if field.Directives.ForName("requires") == nil {
				t.Errorf("%s.%s needs no permission: write @requires behind it", root, field.Name)
			} else if got := permissionOf(field.Directives); got != want {
				t.Errorf("%s.%s needs %s, want %s", root, field.Name, got, want)
			}
		}
	}
}

// A field that names an actor or a reason requires ACTORS, or is of a type whose rows name one. Only the caller's own
// name, and the name of the worker of the caller's own run, are for all.
func TestRequires_ActorsNeedTheirPermission(t *testing.T) {
	t.Parallel()
	types, found := schemaTypes(), 0
	rows := []caller.Permission{caller.Actors, caller.Calls, caller.OwnCalls, caller.Alerts, caller.Oversee}
	for _, name := range reachable(types, "Query", "Mutation", "Subscription") {
		for _, field := range types[name].Fields {
			if !slices.Contains(auditFields, field.Name) && !strings.HasSuffix(field.Name, "By") {
				continue
			}
			found++
			where := name + "." + field.Name
			needed := []caller.Permission{permissionOf(field.Directives), permissionOf(types[name].Directives)}
			isOwn := where == "Viewer.actor" || where == "Run.worker"
			isGuarded := slices.Contains(rows, needed[0]) || slices.Contains(rows, needed[1])
			if !isOwn && !isGuarded {
				t.Errorf("%s names an actor and needs only %v", where, needed)
			}
		}
	}
	if found < 15 {
		t.Errorf("got %d fields that name an actor: is the walk broken?", found)
	}
	for _, where := range [][2]string{
		{"Workflow", "createdBy"},
		{"Activity", "who"},
		{"Transition", "actor"},
		{"Transition", "reason"},
		{"Keyword", "decidedBy"},
	} {
		if got := permissionOf(types[where[0]].Fields.ForName(where[1]).Directives); got != caller.Actors {
			t.Errorf("%s.%s needs %s, want ACTORS", where[0], where[1], got)
		}
	}
}

// auditFields has the names of fields with an actor or a reason.
var auditFields = []string{"actor", "reason", "who", "worker", "createdBy", "revokedBy", "proposedBy", "decidedBy"}

// isGuardable reports whether a field has money, an actor or a reason.
func isGuardable(field *ast.FieldDefinition) bool {
	return field.Type.Name() == "USD" || slices.Contains(auditFields, field.Name) || strings.HasSuffix(field.Name, "By")
}

// A field with money, an actor or a reason requires a permission, by itself or by its type. Types that only mutations
// return are not checked: every mutation requires a permission.
func TestRequires_IsOnEveryFieldOfMoneyOrAudit(t *testing.T) {
	t.Parallel()
	types, found := schemaTypes(), 0
	for _, name := range reachable(types, "Query", "Subscription") {
		definition := types[name]
		for _, field := range definition.Fields {
			if !isGuardable(field) {
				continue
			}
			found++
			if field.Directives.ForName("requires") == nil && definition.Directives.ForName("requires") == nil {
				t.Errorf("%s.%s has money, an actor or a reason: write @requires behind it, or behind %s",
					name, field.Name, name)
			}
		}
	}
	if found < 40 {
		t.Errorf("got %d fields of money and audit, want all of them: is the walk broken?", found)
	}
	for _, name := range []string{
		"Spend", "UsageReport", "Forecast", "WorkForecast", "IcpCost", "Price", "Call", "LedgerEntry", "PriceProposal",
		"ApiKey", "Alert",
	} {
		for _, of := range []string{name, name + "Connection", name + "Edge"} {
			if d := types[of]; d != nil && d.Directives.ForName("requires") == nil {
				t.Errorf("the type %s needs no permission: write @requires behind its name", of)
			}
		}
		if list := types[name+"Connection"]; list != nil {
			got, want := permissionOf(list.Directives), permissionOf(types[name].Directives)
			if name == "Call" { // A list has the calls of all actors.
				want = caller.Calls
			}
			if got != want {
				t.Errorf("a list of %s needs %s, want %s", name, got, want)
			}
		}
	}
}

// reachable returns the object types that a root reaches, sorted.
func reachable(types map[string]*ast.Definition, roots ...string) []string {
	seen := map[string]bool{}
	for queue := roots; len(queue) > 0; queue = queue[1:] {
		definition := types[queue[0]]
		if definition == nil || seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for _, field := range definition.Fields {
			queue = append(queue, field.Type.Name())
		}
		for name, other := range types {
			if slices.Contains(other.Interfaces, definition.Name) {
				queue = append(queue, name)
			}
		}
	}
	var names []string
	for name := range seen {
		if types[name].Kind == ast.Object {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// gqlgen checks the permission of a type where a field returns the type itself. For a field that returns an interface
// the resolver must check it: only node does, for every kind of id.
func TestNode_IsTheOnlyFieldOfAnAbstractType(t *testing.T) {
	t.Parallel()
	types := schemaTypes()
	for _, name := range reachable(types, "Query", "Subscription") {
		for _, field := range types[name].Fields {
			if of := types[field.Type.Name()]; of != nil && of.IsAbstractType() && name+"."+field.Name != "Query.node" {
				t.Errorf("%s.%s returns the interface %s, and no resolver checks the permissions of its members",
					name, field.Name, of.Name)
			}
		}
	}
	known := map[string]bool{}
	for kind, name := range nodeTypes {
		if types[name] == nil || nodePermissions[kind] == "" {
			t.Errorf("ids of the kind %s: got the type %q and the permission %q", kind, name, nodePermissions[kind])
		}
		known[name] = true
	}
	for name, definition := range types {
		if slices.Contains(definition.Interfaces, "Node") && !known[name] {
			t.Errorf("%s is a Node, and nodeTypes does not have it: add its kind of id", name)
		}
	}
}
