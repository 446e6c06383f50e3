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
	special := map[string]caller.Role{"priceProposals": caller.Operator}
	for _, name := range []string{
		"reserveUsage", "settleUsage", "releaseUsage", "recordUsage", "adjustUsage", "setWorkflowLimit", "setMonthlyLimit",
		"setTimeZone", "importPrices", "acceptPrice", "rejectPrice", "createApiKey", "revokeApiKey",
		"setAlertWebhook", "setGates",
	} {
		special[name] = caller.Admin
	}
	for root, usual := range map[string]caller.Role{
		"Query": caller.Viewer, "Mutation": caller.Operator, "Subscription": caller.Viewer,
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
				t.Errorf("%s.%s needs no role: write @requires behind it", root, field.Name)
			} else if got := roleOf(field.Directives); got != want {
				t.Errorf("%s.%s needs %s, want %s", root, field.Name, got, want)
			}
		}
	}
}

// auditFields has the names of fields with an actor or a reason.
var auditFields = []string{"actor", "reason", "who", "worker", "createdBy", "revokedBy", "proposedBy", "decidedBy"}

// isGuardable reports whether a field has money, an actor or a reason.
func isGuardable(field *ast.FieldDefinition) bool {
	return field.Type.Name() == "USD" || slices.Contains(auditFields, field.Name) || strings.HasSuffix(field.Name, "By")
}

// A field with money, an actor or a reason requires a role, by itself or by its type. Types that only mutations return
// are not checked: every mutation requires a role.
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
		"Spend", "UsageReport", "Forecast", "IcpCost", "Price", "Call", "LedgerEntry", "PriceProposal", "ApiKey", "Alert",
	} {
		for _, of := range []string{name, name + "Connection", name + "Edge"} {
			if d := types[of]; d != nil && d.Directives.ForName("requires") == nil {
				t.Errorf("the type %s needs no role: write @requires behind its name", of)
			}
		}
		if list := types[name+"Connection"]; list != nil {
			if got, want := roleOf(list.Directives), roleOf(types[name].Directives); got != want {
				t.Errorf("a list of %s needs %s, one of them %s", name, got, want)
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

// gqlgen checks the role of a type where a field returns the type itself. For a field that returns an interface the
// resolver must check it: only node does, for every kind of id.
func TestNode_IsTheOnlyFieldOfAnAbstractType(t *testing.T) {
	t.Parallel()
	types := schemaTypes()
	for _, name := range reachable(types, "Query", "Subscription") {
		for _, field := range types[name].Fields {
			if of := types[field.Type.Name()]; of != nil && of.IsAbstractType() && name+"."+field.Name != "Query.node" {
				t.Errorf("%s.%s returns the interface %s, and no resolver checks the roles of its members",
					name, field.Name, of.Name)
			}
		}
	}
	known := map[string]bool{}
	for kind, name := range nodeTypes {
		if types[name] == nil || nodeRoles[kind] == "" {
			t.Errorf("ids of the kind %s: got the type %q and the role %q", kind, name, nodeRoles[kind])
		}
		known[name] = true
	}
	for name, definition := range types {
		if slices.Contains(definition.Interfaces, "Node") && !known[name] {
			t.Errorf("%s is a Node, and nodeTypes does not know it: add its kind of id", name)
		}
	}
}
