package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/testdb"
)

// Each role below the required one sends each mutation with a valid input. The mutation is refused and logged with the
// caller, and no row changes.
func TestRoleMatrix_ADeniedMutationChangesNothingAndIsLogged(t *testing.T) {
	t.Parallel()
	b := world(t)
	x := &explorer{t: t, asked: map[string]bool{}, own: map[string]string{
		"Workflow":      "wf_00000000-0000-7000-8000-000000000004",
		"Call":          "call_00000000-0000-7000-8000-000000000007",
		"LedgerEntry":   "led_00000000-0000-7000-8000-000000000001_2",
		"PriceProposal": "prop_00000000-0000-7000-8000-000000000001",
		"ApiKey":        "key_00000000-0000-7000-8000-000000000001",
		"Alert":         "alert_00000000-0000-7000-8000-000000000001",
		"Keyword":       "kw_00000000-0000-7000-8000-000000000001",
	}}
	before := testdb.Contents(t, b.DB, b.Who.OrganizationID)
	tried := 0
	for _, field := range theSchema.Mutation.Fields {
		needed := caller.Role(field.Directives.ForName("requires").Arguments.ForName("role").Value.Raw)
		for _, role := range []caller.Role{caller.Viewer, caller.Operator, caller.Admin} {
			if role.Includes(needed) {
				continue
			}
			tried++
			as := b.As(role)
			as.Who.Actor = fmt.Sprintf("%s as %s", field.Name, role)
			o := operation{ast.Mutation, field.Name, "mutation { " + field.Name + x.arguments(field)[0] + " { __typename } }"}
			answer := as.Ask(t, o.text, nil)
			code := graphtest.Get(t, answer, "errors", 0, "extensions", "code")
			if graphtest.Get(t, answer, "data") != nil || code != "FORBIDDEN" {
				t.Errorf("%s as %s: got %s, want FORBIDDEN and no data", field.Name, role, answer)
			}
			want := fmt.Sprintf("msg=denied id=request-1 organization=%s actor=%q role=%s path=%s\n",
				as.Who.OrganizationID, as.Who.Actor, role, field.Name)
			if !strings.Contains(b.Log.String(), want) {
				t.Errorf("the log does not say: %s", want)
			}
		}
	}
	if tried < len(theSchema.Mutation.Fields) {
		t.Errorf("got %d refusals of %d mutations", tried, len(theSchema.Mutation.Fields))
	}
	if diff := cmp.Diff(before, testdb.Contents(t, b.DB, b.Who.OrganizationID)); diff != "" {
		t.Errorf("rows have changed (-before +after):\n%s", diff)
	}
}
