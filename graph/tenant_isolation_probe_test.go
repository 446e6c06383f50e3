package graph_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// requests returns all queries and mutations, with new idempotency keys.
func (x *explorer) requests() []operation {
	return slices.Concat(x.operations(ast.Query), x.operations(ast.Mutation))
}

// trespass sends queries and mutations as the okapi and returns a message for each datum of the zebra.
func (b *tenants) trespass(t *testing.T, x *explorer, operations []operation, marks []string) (found []string) {
	t.Helper()
	before := testdb.Contents(t, b.db, b.zebra.OrganizationID)
	tries := tries{}
	for _, o := range operations {
		answer := b.ask(t, "okapi", o)
		found = append(found, inAnswer(o, answer, marks)...)
		if o.root == ast.Mutation && tries.note(o, codesOf(t, answer), namesStranger(o, x.strange)) {
			found = append(found, fmt.Sprintf("%s is done to another organization's:\n%s\n%s", o.field, o.text, answer))
		}
	}
	if diff := cmp.Diff(before, testdb.Contents(t, b.db, b.zebra.OrganizationID)); diff != "" {
		found = append(found, "another organization's rows have changed:\n"+diff)
	}
	return append(found, tries.weak()...)
}

// tries has the codes of the answers to mutations, "" for success, by the name of the mutation and by whether it names
// an object of the other organization.
type tries map[string]map[bool][]string

// note adds the codes of an answer. It reports whether an object of the other organization was changed.
func (a tries) note(o operation, codes []string, strange bool) bool {
	if a[o.field] == nil {
		a[o.field] = map[bool][]string{}
	}
	a[o.field][strange] = append(a[o.field][strange], codes...)
	return strange && slices.Contains(codes, "")
}

// weak returns the mutations whose inputs were never valid enough to reach the look-up, or to succeed.
func (a tries) weak() (found []string) {
	for field, codes := range a {
		want, got := "", codes[false]
		if len(codes[true]) > 0 {
			want, got = "NOT_FOUND", codes[true]
		}
		if !slices.Contains(got, want) {
			slices.Sort(got)
			found = append(found, fmt.Sprintf("%s is never answered with %q, only with %q: teach the explorer a good input",
				field, want, slices.Compact(got)))
		}
	}
	return found
}

// inAnswer returns the data of another organization in an answer.
func inAnswer(o operation, answer string, marks []string) []string {
	for _, mark := range marks {
		if strings.Contains(answer, mark) {
			return []string{fmt.Sprintf("%s answers with %s of another organization:\n%s\n%s", o.field, mark, o.text, answer)}
		}
	}
	return nil
}

// namesStranger reports whether an operation has an id of another organization.
func namesStranger(o operation, s strangers) bool {
	return slices.ContainsFunc(s.ids, func(id string) bool { return strings.Contains(o.text, quoted(id)) })
}

// codesOf returns the codes of the errors in the answer to a mutation, and "" when there are none.
func codesOf(t *testing.T, answer string) []string {
	t.Helper()
	var read struct {
		Data map[string]*struct{ UserErrors []map[string]any }
	}
	if err := json.Unmarshal([]byte(answer), &read); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	var codes []string
	for _, code := range regexp.MustCompile(`ode":"([A-Z_]+)"`).FindAllStringSubmatch(answer, -1) {
		codes = append(codes, code[1])
	}
	for _, payload := range read.Data {
		if payload != nil && len(payload.UserErrors) == 0 {
			return []string{""}
		}
	}
	return codes
}

// quietAfter ends a stream that has no event with an id of the okapi, such as workAvailable.
const quietAfter = 2 * time.Second

// subscribeToAll sends all subscriptions as the okapi while both organizations move and spend. It returns a message for
// each datum of the zebra. A stream must end, or send an event of the okapi.
func (b *tenants) subscribeToAll(t *testing.T, x *explorer, marks []string, only string) (found []string) {
	t.Helper()
	for _, o := range x.operations(ast.Subscription) {
		if !strings.Contains(o.text, only) {
			continue
		}
		response := b.send(t, "okapi", o, "text/event-stream")
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		lines.Scan() // The comment that begins a stream: the server has accepted the subscription.
		quiet := time.AfterFunc(quietAfter, func() { _ = response.Body.Close() })
		moved := false
		var received strings.Builder
		for lines.Scan() && !strings.Contains(lines.Text(), "event: complete") {
			received.WriteString(lines.Text() + "\n")
			ours := strings.Contains(lines.Text(), b.moving["okapi"].ID.String()) ||
				strings.Contains(lines.Text(), b.done["okapi"].ID.String())
			if ours || len(inAnswer(o, lines.Text(), marks)) > 0 {
				break
			}
			// After its first event the subscription gets every later one.
			if !moved && strings.HasPrefix(lines.Text(), "data:") {
				moved = true
				b.stir(t, "zebra")
				b.stir(t, "okapi")
				quiet.Reset(quietAfter)
			}
		}
		quiet.Stop()
		_ = response.Body.Close()
		if received.Len() == 0 {
			found = append(found, fmt.Sprintf("%s says nothing, not even of one's own:\n%s", o.field, o.text))
		}
		found = append(found, inAnswer(o, received.String(), marks)...)
	}
	return found
}

// stir moves a workflow of an organization and reserves money for it.
func (b *tenants) stir(t *testing.T, whose string) {
	t.Helper()
	who := map[string]caller.Caller{"zebra": b.zebra, "okapi": b.okapi}[whose]
	flow, err := b.engine.Workflow(t.Context(), who, b.moving[whose].ID)
	if err != nil {
		t.Fatal(err)
	}
	to := workflow.ICPProcessing
	switch flow.State {
	case workflow.Created:
		to = workflow.ICPPending
	case workflow.ICPProcessing:
		to = workflow.ICPFailed
	}
	amount := cost.Pico(1)
	_, moved := b.engine.Transition(t.Context(), who, engine.TransitionInput{
		WorkflowID: flow.ID, From: flow.State, To: to,
	})
	_, reserved := b.engine.Reserve(t.Context(), who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
	if err := errors.Join(moved, reserved); err != nil {
		t.Fatal(err)
	}
}
