package gqlhttp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/graph/graphtest"
)

// doubling returns a query in which each fragment spreads the next one twice: a walk of all spreads takes 2ⁿ steps.
func doubling(n int, inner string) string {
	var text strings.Builder
	text.WriteString("{ workflowGraph { ...F0 } }\n")
	for i := range n {
		fmt.Fprintf(&text, "fragment F%d on WorkflowGraph { ...F%d ...F%d }\n", i, i+1, i+1)
	}
	fmt.Fprintf(&text, "fragment F%d on WorkflowGraph { %s }", n, inner)
	return text.String()
}

// numbered repeats a text n times, with %d for the number of each.
func numbered(n int, format string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}

// attacks are operations that are made to take much more work than they are long, with the code that refuses each; ""
// for one that is harmless.
var attacks = []struct{ name, code, operation string }{
	{"doubling fragments", "", doubling(24, "version")},
	{"doubling fragments with objects", "TOO_COSTLY", doubling(24, "steps { key }")},
	{"doubling aliases", "TOO_MANY_ALIASES", doubling(24, "a: version")},
	{
		"a cycle of fragments", invalid,
		"{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
	},
	{
		"a fragment within itself", invalid,
		"{ workflowGraph { ...A } } fragment A on WorkflowGraph { version ...A steps { key } ...A }",
	},
	{"repeated fields", "TOO_COSTLY", "{ workflowGraph { " + times(1500, "version ") + "} }"},
	{"repeated fields with fields", "", "{ " + times(19, "workflowGraph { version version version } ") + "}"},
	{"fields around the limit of repeats", "", "{ workflowGraph { " + times(440, "version ") + "} }"},
	{
		"nested fields around the limit", "",
		"{ " + times(19, "workflowGraph { steps { "+times(23, "key ")+"} } ") + "}",
	},
	{
		"fragments around the limit", "",
		"{ workflowGraph { " + numbered(18, "...F%d ") + "} } " + strings.ReplaceAll(
			numbered(18, "fragment F%d on WorkflowGraph { steps { KEYS } } "), "KEYS", times(23, "key ")),
	},
	{
		"repeats in inline fragments", "TOO_COSTLY",
		"{ workflowGraph { " + times(200, "... { ") + times(300, "version ") + times(200, "} ") + "} }",
	},
	{
		"repeats in many operations", "TOO_COSTLY",
		numbered(40, "query Q%d { ...A } ") + "fragment A on Query { workflowGraph { " + times(400, "version ") + "} }",
	},
	{"inline fragments", "", "{ workflowGraph { " + times(400, "... { ") + "version " + times(400, "} ") + "} }"},
	{"30 kB of repeated fields", "TOO_MANY_TOKENS", "{ " + times(3000, "__typename ") + "}"},
	{"conflicting fields", invalid, "{ workflowGraph { " + times(15, "a: version a: mermaid ") + "} }"},
	{
		"many operations of one fragment", "TOO_COSTLY",
		numbered(150, "query Q%d { ...A } ") + "fragment A on Query { workflowGraph { " + numbered(900, "n%d ") + "} }",
	},
	{
		"unused fragments", invalid,
		"{ ...F0 } " + numbered(240, "fragment F%d on Query { ...Next } ") + "fragment Next on Query { __typename }",
	},
	{"a long chain of fragments", "TOO_COSTLY", "{ ...F0 } " + chain(240)},
	{"unknown directives", invalid, "{ viewer { actor " + times(900, "@x ") + "} }"},
	{"unknown fields", invalid, "{ workflow(id: 1) { " + numbered(1500, "transitons%d ") + "} }"},
	{"a long name", "INVALID_INPUT", "{ " + times(200_000, "x") + " }"},
	{"a long string", invalid, `{ workflow(id: {x: "` + times(200_000, "x") + `"}) { id } }`},
	{"a long wrong enum", invalid, `{ workflow(id: 1) { canAccessStep(step: "` + times(200_000, "x") + `") } }`},
	{
		"many long wrong enums", invalid,
		`{ workflows(filter: {states: [` + times(20, `"`+times(12_000, "x")+`" `) + `]}) { totalCount } }`,
	},
	{
		"many wrong enums", invalid,
		`{ workflows(filter: {states: [` + times(1500, `"`+times(128, "x")+`" `) + `]}) { totalCount } }`,
	},
	{"a long text that is none", "GRAPHQL_PARSE_FAILED", times(60_000, "€")},
	{"comments", "TOO_MANY_TOKENS", times(100_000, "#\n") + "{ viewer { actor } }"},
	{"white space", "", times(100_000, " \n") + "{ workflowGraph { version } }"},
	{"a block string", "INVALID_INPUT", `{ workflow(id: """` + times(100_000, "\n ") + `""") { id } }`},
	{"aliases", "TOO_MANY_ALIASES", "{ " + numbered(31, "a%d: __typename ") + "}"},
	{"root fields", "TOO_MANY_ROOT_FIELDS", "{ " + times(21, "viewer { actor } ") + "}"},
	{
		"depth", "TOO_DEEP",
		"{ workflow(id: 1) { " + times(4, "transitions { nodes { workflow { ") + "id" + times(4, " } } }") + " } }",
	},
	{
		"depth in fragments", "TOO_DEEP",
		`{ workflow(id: 1) { ...A } }
		fragment A on Workflow { transitions { nodes { workflow { transitions { nodes { workflow { ...B } } } } } } }
		fragment B on Workflow { transitions { nodes { workflow { transitions { nodes { workflow { id } } } } } } }`,
	},
	{
		"large pages", "TOO_COSTLY",
		"{ workflows(first: 100) { nodes { transitions(first: 8) { nodes { id hash } } } } }",
	},
	{"a large page", "", "{ workflows(first: 100) { nodes { transitions(first: 7) { nodes { id hash } } } } }"},
	{
		"nested introspection", invalid,
		"{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
	},
	{
		"wide introspection", "TOO_COSTLY",
		"{ __schema { types { fields { type { " +
			numbered(20, "f%d: fields { name type { name enumValues { name } } } ") + "} } } } }",
	},
	{
		"repeated introspection", "TOO_COSTLY",
		"{ " + numbered(20, "s%d: __schema { types { fields { name type { name } args { name } } } } ") + "}",
	},
	{"deep lists", invalid, "{ workflow(id: " + times(900, "[") + times(900, "]") + ") { id } }"},
	{"deeper lists", "GRAPHQL_PARSE_FAILED", "{ workflow(id: " + times(1900, "[") + ") { id } }"},
	{"deep selections", "TOO_DEEP", times(600, "{ a ") + times(600, "} ")},
	{
		"many variables", invalid,
		"query (" + numbered(200, "$v%d: Int ") + ") { workflowGraph { version } " + numbered(19, "n%d ") + "}",
	},
}

const invalid = "GRAPHQL_VALIDATION_FAILED"

func times(n int, text string) string { return strings.Repeat(text, n) }

// chain returns n fragments of which each spreads the next one.
func chain(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "fragment F%d on Query { ...F%d } ", i, i+1)
	}
	fmt.Fprintf(&text, "fragment F%d on Query { __typename }", n)
	return text.String()
}

func TestExecutor_AnswersAttacksWithACodeAndFewBytes(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) {
			t.Parallel()
			body := b.Ask(t, attack.operation, nil)
			if len(body) > 64<<10 {
				t.Errorf("the answer has %d bytes", len(body))
			}
			var answer struct {
				Errors []struct {
					Message    string
					Extensions struct{ Code string }
				}
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatal(err)
			}
			switch {
			case attack.code == "" && len(answer.Errors) > 0:
				t.Errorf("got %.300s, want no error", body)
			case attack.code != "" && (len(answer.Errors) == 0 || answer.Errors[0].Extensions.Code != attack.code):
				t.Errorf("got %.300s, want %s", body, attack.code)
			case len(answer.Errors) > 20:
				t.Errorf("got %d errors, want at most 20", len(answer.Errors))
			}
		})
	}
}

func TestExecutor_RepeatsNoInvalidVariable(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	long := strings.Repeat("x", 100_000)
	body := b.Ask(t, `query ($s: [WorkflowState!]) { workflows(filter: {states: $s}) { totalCount } }`,
		map[string]any{"s": []string{"CREATED", "swordfish"}})
	if strings.Contains(string(body), "swordfish") || graphtest.Get(t, body, "errors", 0, "path", 2) != 1.0 {
		t.Errorf("got %s, want the path and no echo", body)
	}
	const cancel = `mutation ($in: CancelWorkflowInput!) { cancelWorkflow(input: $in) { userErrors { code } } }`
	for _, variables := range []string{
		`{"in": {"` + long + `": 1}}`, `{"in": {"workflowId": "wf_1", "reason": 1, "` + long + `": 1}}`,
		`{"in": "` + long + `"}`, `{"in": {"workflowId": "` + long + `"}}`,
		`{"in": ` + times(5000, "[") + times(5000, "]") + `}`,
	} {
		body := fmt.Sprintf(`{"query": %q, "variables": %s}`, cancel, variables)
		answer := b.Send(httptest.NewRequest("POST", "/graphql", strings.NewReader(body)))
		if answer.Body.Len() > 1200 || !bytes.Contains(answer.Body.Bytes(), []byte(`"code":`)) {
			t.Errorf("%.60s: got %d bytes: %.300s", variables, answer.Body.Len(), answer.Body)
		}
	}
}
