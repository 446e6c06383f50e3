package graph_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// ownOfWorld has the ids of the objects in the world, by type.
func ownOfWorld() map[string]string {
	return map[string]string{
		"Workflow":        "wf_00000000-0000-7000-8000-000000000004",
		"Call":            "call_00000000-0000-7000-8000-000000000007",
		"LedgerEntry":     "led_00000000-0000-7000-8000-000000000001_2",
		"PriceProposal":   "prop_00000000-0000-7000-8000-000000000001",
		"ApiKey":          "key_00000000-0000-7000-8000-000000000001",
		"Alert":           "alert_00000000-0000-7000-8000-000000000001",
		"Keyword":         "kw_00000000-0000-7000-8000-000000000001",
		"PublishTarget":   "target_00000000-0000-7000-8000-000000000001",
		"TopicKeyword":    "tkw_00000000-0000-7000-8000-000000000001",
		"ArticlePlanItem": "art_00000000-0000-7000-8000-000000000001",
		"Publication":     "pub_00000000-0000-7000-8000-000000000001",
	}
}

// Each role sends each query and each mutation with a valid input. A role without the permission is refused and logged
// with the caller, and no row changes. A role with the permission is not refused.
func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	b := world(t)
	x := &explorer{t: t, asked: map[string]bool{}, own: ownOfWorld()}
	before := testdb.Contents(t, b.DB, b.Who.OrganizationID)
	denied, permitted := 0, 0
	for _, isDenied := range []bool{true, false} { // First all that must not change anything.
		for _, root := range []*ast.Definition{theSchema.Query, theSchema.Mutation} {
			for _, field := range root.Fields {
				if strings.HasPrefix(field.Name, "__") {
					continue
				}
				for _, role := range caller.Roles() {
					if isDenied != !has(role, field) {
						continue
					}
					text := strings.ToLower(root.Name) + " { " + field.Name + x.arguments(field)[0] + " { __typename } }"
					as := b.As(role)
					as.Who.Actor = fmt.Sprintf("%s as %s", field.Name, role)
					if answer := as.Ask(t, text, nil); isDenied {
						denied++
						checkDenied(t, as, field.Name, answer)
					} else {
						permitted++
						if bytes.Contains(answer, []byte(`"code":"FORBIDDEN"`)) {
							t.Errorf("%s as %s: got %s, want no refusal", field.Name, role, answer)
						}
					}
				}
			}
		}
		if diff := cmp.Diff(before, testdb.Contents(t, b.DB, b.Who.OrganizationID)); isDenied && diff != "" {
			t.Errorf("rows have changed (-before +after):\n%s", diff)
		}
	}
	fields := len(theSchema.Mutation.Fields) + len(theSchema.Query.Fields)
	if denied < 2*len(theSchema.Mutation.Fields) || permitted < fields {
		t.Errorf("got %d refusals and %d permitted operations, of %d fields", denied, permitted, fields)
	}
}

// A key of each role that is bound to another workflow sends each query and each mutation about a workflow that it does
// not reach. It reads nothing of that workflow and nothing of the organization, and no row changes.
func TestRoleMatrix_AKeyForAnotherWorkflow(t *testing.T) {
	t.Parallel()
	b := world(t)
	other := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	x := &explorer{t: t, asked: map[string]bool{}, own: ownOfWorld()}
	before := testdb.Contents(t, b.DB, b.Who.OrganizationID)
	static := map[string]bool{"viewer": true, "workflowGraph": true, "workflows": true}
	answers := 0
	for _, role := range caller.Roles() {
		as := b.As(role)
		as.Who.Actor, as.Who.WorkflowID = "bound as "+string(role), other.ID
		for _, root := range []*ast.Definition{theSchema.Query, theSchema.Mutation} {
			for _, field := range root.Fields {
				if strings.HasPrefix(field.Name, "__") || static[field.Name] || field.Name == "claimWork" {
					continue
				}
				answers++
				checkUnreached(t, as, x, root, field)
			}
		}
		for name, id := range x.own {
			answer := string(as.Ask(t, `{ node(id: "`+id+`") { id } }`, nil))
			if strings.Contains(answer, id) {
				t.Errorf("the %s by node as %s with another workflow: got %s, want nothing", name, role, answer)
			}
		}
		got := as.Ask(t, `{ workflows(first: 100) { totalCount nodes { id } } }`, nil)
		ids := fmt.Sprint(graphtest.Get(t, got, "data", "workflows", "nodes"))
		if !strings.Contains(ids, other.ID.String()) || strings.Count(ids, "wf_") != 1 {
			t.Errorf("workflows as %s: got %s, want the one of the key", role, got)
		}
	}
	if diff := cmp.Diff(before, testdb.Contents(t, b.DB, b.Who.OrganizationID)); diff != "" {
		t.Errorf("rows have changed (-before +after):\n%s", diff)
	}
	if want := 6 * (len(theSchema.Mutation.Fields) - 1); answers < want {
		t.Errorf("got %d answers, want at least %d", answers, want)
	}
}

// checkUnreached sends a field with each of its inputs, as a key for another workflow. No answer may have data or be a
// success, and at least one must be a refusal.
func checkUnreached(
	t *testing.T, as graphtest.Bundle, x *explorer, root *ast.Definition, field *ast.FieldDefinition,
) {
	t.Helper()
	lists, selected := x.arguments(field), "__typename"
	if root == theSchema.Mutation {
		selected, lists = "userErrors { code }", nil
		for _, input := range x.inputs(theSchema.Types[field.Arguments[0].Type.Name()]) {
			lists = append(lists, "(input: "+input+")")
		}
	}
	refused := 0
	for _, list := range lists {
		answer := string(as.Ask(t, strings.ToLower(root.Name)+" { "+field.Name+list+" { "+selected+" } }", nil))
		switch {
		case strings.Contains(answer, `"code":"FORBIDDEN"`) || strings.Contains(answer, `"code":"NOT_FOUND"`) ||
			strings.Contains(answer, `"`+field.Name+`":null`):
			refused++
		case !strings.Contains(answer, `"code":"INVALID_INPUT"`):
			t.Errorf("%s%s as %s: got %s, want a refusal", field.Name, list, as.Who.Actor, answer)
		}
	}
	if refused == 0 {
		t.Errorf("%s as %s is never refused", field.Name, as.Who.Actor)
	}
}

// has reports whether a role has the permissions of a field and of the type that it returns.
func has(role caller.Role, field *ast.FieldDefinition) bool {
	for _, directives := range []ast.DirectiveList{field.Directives, theSchema.Types[field.Type.Name()].Directives} {
		needs := directives.ForName("requires")
		if needs != nil && !role.Has(caller.Permission(needs.Arguments.ForName("permission").Value.Raw)) {
			return false
		}
	}
	return true
}

// checkDenied checks that an answer is a refusal without data, and that the log names the caller.
func checkDenied(t *testing.T, as graphtest.Bundle, field string, answer []byte) {
	t.Helper()
	code := graphtest.Get(t, answer, "errors", 0, "extensions", "code")
	if graphtest.Get(t, answer, "data") != nil || code != "FORBIDDEN" {
		t.Errorf("%s: got %s, want FORBIDDEN and no data", as.Who.Actor, answer)
	}
	want := fmt.Sprintf("msg=denied id=request-1 organization=%s actor=%q role=%s path=%s\n",
		as.Who.OrganizationID, as.Who.Actor, as.Who.Role, field)
	if !strings.Contains(as.Log.String(), want) {
		t.Errorf("the log does not say: %s", want)
	}
}

// Each role follows each subscription that it may follow, with the fields that it may read. A field with an actor is
// FORBIDDEN without the permission. The first event of organizationTransitioned has no workflow, and so no actor.
func TestRoleMatrix_Subscriptions(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := graphtest.IDOf(testdb.Units(t, b.DB, b.Who, b.Workflow(t, workflow.ICPPending)).Flow)
	b.Workflow(t, workflow.ClusteringPending) // Work for workAvailable.
	spent := 9 * cost.Dollar / 10             // An alert for alertRaised.
	if _, err := b.Engine.Record(t.Context(), b.Who, engine.RecordInput{
		WorkflowID: b.Workflow(t, workflow.Created).ID, Model: "m", Cost: &spent, IdempotencyKey: "alert",
	}); err != nil {
		t.Fatal(err)
	}
	batch := "batch_" + testdb.Batch(t, b.DB, b.Who).ID.String()
	plain := map[string]string{
		"Alert": "kind", "Batch": "done", "BatchItem": "position",
		"Workflow": "id", "Transition": "version", "Spend": "settled", "LedgerEntry": "sequence", "Unit": "state",
	}
	actors := map[string]string{
		"workflowTransitioned": "transition { actor }", "spendChanged": "entry { actor }", "unitChanged": "actor",
	}
	for _, role := range caller.Roles() {
		c := b.Open(t, string(role))
		reaches := func(field string) bool {
			arguments := theSchema.Subscription.Fields.ForName(field).Arguments
			return role.Has(caller.ReadAll) || arguments.ForName("workflowId") == nil
		}
		for _, field := range theSchema.Subscription.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			name := field.Name
			arguments := `(workflowId: "` + flow + `")`
			if field.Arguments.ForName("workflowId") == nil {
				arguments = ""
			}
			if field.Arguments.ForName("batchId") != nil {
				arguments = `(batchId: "` + batch + `")`
			}
			parts := "__typename"
			for _, part := range theSchema.Types[field.Type.Name()].Fields {
				if leaf := plain[part.Type.Name()]; leaf != "" && has(role, part) {
					parts += " " + part.Name + " { " + leaf + " }"
				}
			}
			c.Subscribe(name, "subscription { "+name+arguments+" { "+parts+" } }", nil)
			want := "__typename:" + field.Type.Name()
			switch {
			case !has(role, field):
				want = "code:FORBIDDEN"
			case !reaches(name):
				want = "code:NOT_FOUND"
			}
			if got := fmt.Sprint(c.Next()); !strings.Contains(got, want) ||
				has(role, field) && strings.Contains(got, "FORBIDDEN") {
				t.Errorf("%s as %s: got %s, want %s", name, role, got, want)
			}
			c.Send(message{"id": name, "type": "complete"})
		}
		for name, part := range actors {
			if !reaches(name) {
				continue
			}
			c.Subscribe("actor", "subscription { "+name+`(workflowId: "`+flow+`") { `+part+" } }", nil)
			got := fmt.Sprint(c.Next())
			if want := !role.Has(caller.Actors); strings.Contains(got, "FORBIDDEN") != want {
				t.Errorf("the actor in %s as %s: got %s, want a refusal %t", name, role, got, want)
			}
			c.Send(message{"id": "actor", "type": "complete"})
		}
	}
}
