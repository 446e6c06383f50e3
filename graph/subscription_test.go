package graph_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/workflow"
)

type message = graphtest.Message

func TestSubscription_BeginsWithThePresentStateAndCompletesAfterTheLast(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	c := b.Open(t, "viewer")
	c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	c.Expect(graphtest.Event("1", 1, workflow.Created, workflow.ICPPending))
	flow = b.Move(t, flow, workflow.ICPProcessing, workflow.ICPFailed, workflow.Cancelled)
	c.Expect(graphtest.Event("1", 2, workflow.ICPPending, workflow.ICPProcessing))
	c.Expect(graphtest.Event("1", 3, workflow.ICPProcessing, workflow.ICPFailed))
	c.Expect(graphtest.Event("1", 4, workflow.ICPFailed, workflow.Cancelled))
	c.Expect(message{"id": "1", "type": "complete"})

	// A client may use the same id again. After a cursor, only later transitions come.
	c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow), "after": 2})
	c.Expect(graphtest.Event("1", 3, workflow.ICPProcessing, workflow.ICPFailed))
	c.Expect(graphtest.Event("1", 4, workflow.ICPFailed, workflow.Cancelled))
	c.Expect(message{"id": "1", "type": "complete"})
	c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow), "after": 4})
	c.Expect(message{"id": "1", "type": "complete"})
	c.Subscribe("all", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow), "after": -1})
	c.Expect(graphtest.Event("all", 0, "", workflow.Created))
	c.Expect(graphtest.Event("all", 1, workflow.Created, workflow.ICPPending))
}

func TestSubscription_RefusesWhatItCannotFollow(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	foreign := b.Open(t, "mallory")
	for query, name := range map[string]string{graphtest.FollowWorkflow: "transitions", graphtest.FollowSpend: "spend"} {
		foreign.Subscribe(name, query, message{"id": graphtest.IDOf(flow)})
		if got := foreign.ExpectError(name); got != "NOT_FOUND" {
			t.Errorf("%s of another organization: got %s, want NOT_FOUND", name, got)
		}
	}
	c := b.Open(t, "alice")
	for _, refused := range []struct {
		query     string
		variables message
		code      string
	}{
		{graphtest.FollowWorkflow, message{"id": "wf_" + uuid.NewString()}, "NOT_FOUND"},
		{graphtest.FollowWorkflow, message{"id": "hello"}, "INVALID_INPUT"},
		{graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow), "after": -2}, "INVALID_INPUT"},
		{graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow), "after": flow.Version + 1}, "INVALID_INPUT"},
		{graphtest.FollowSpend, message{"id": graphtest.IDOf(flow), "after": 1}, "INVALID_INPUT"},
		{`subscription { nothing }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`subscription {`, nil, "GRAPHQL_PARSE_FAILED"},
		{`subscription { organizationTransitioned @skip(if: true) { resync } }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{
			`subscription { a: organizationTransitioned { resync } b: organizationTransitioned { resync } }`, nil,
			"GRAPHQL_VALIDATION_FAILED",
		},
	} {
		c.Subscribe("x", refused.query, refused.variables)
		if got := c.ExpectError("x"); got != refused.code {
			t.Errorf("%s %v: got %s, want %s", refused.query, refused.variables, got, refused.code)
		}
	}
	c.Send(message{"type": "ping"})
	c.Expect(message{"type": "pong"}) // No other message came before it.
}

func TestSubscription_OfAnOrganizationHasItsOwnWorkflowsOnly(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	ours, theirs := b.Open(t, "alice"), b.Open(t, "mallory")
	begins := func(c graphtest.Client) {
		c.Subscribe("o", graphtest.FollowOrganization, nil)
		c.Expect(message{"id": "o", "type": "next", "payload": message{"data": message{
			"organizationTransitioned": message{"resync": true, "transition": nil},
		}}})
	}
	begins(ours)
	begins(theirs)
	create := `mutation ($name: String!) {
		createWorkflow(input: {name: $name, company: {name: "Example", url: "https://example.com"}}) { replayed }
	}`
	created := message{"id": "m", "type": "next", "payload": message{
		"data": message{"createWorkflow": message{"replayed": false}},
	}}
	for name, c := range map[string]graphtest.Client{"Ours": ours, "Theirs": theirs} {
		c.Subscribe("m", create, message{"name": name})
		// The answer and the event come in any order.
		var notified, answered, completed bool
		for !notified || !answered || !completed {
			m := c.Next()
			switch {
			case m["type"] == "complete":
				completed = true
			case cmp.Equal(graphtest.AsJSON(t, m), graphtest.AsJSON(t, created)):
				answered = true
			default:
				notified = true
				text, _ := json.Marshal(m)
				if !strings.Contains(string(text), `"name":"`+name+`"`) {
					t.Errorf("%s gets %s", name, text)
				}
			}
		}
	}
}

func TestSubscription_OfSpendHasEachEntry(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	c := b.Open(t, "alice")
	c.Subscribe("s", graphtest.FollowSpend, message{"id": graphtest.IDOf(flow)})
	entry := func(sequence int, kind, held string) message {
		return message{"id": "s", "type": "next", "payload": message{"data": message{"spendChanged": message{
			"spend": message{"held": held}, "entry": message{"sequence": sequence, "kind": kind},
		}}}}
	}
	c.Expect(entry(0, "OPEN", "0"))
	amount := cost.Dollar / 10
	charged, err := b.Engine.Reserve(t.Context(), b.Who, engine.ReserveInput{
		WorkflowID: flow.ID, Amount: &amount, IdempotencyKey: "one",
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Expect(entry(1, "RESERVE", "0.1"))
	_, err = b.Engine.Release(t.Context(), b.Who, engine.ReleaseInput{CallID: charged.Call.ID, Reason: "not sent"})
	if err != nil {
		t.Fatal(err)
	}
	c.Expect(entry(2, "RELEASE", "0"))
}

func TestSubscription_OverPlainHTTPIsRefusedWithTheTransports(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	body, _ := json.Marshal(message{"query": graphtest.FollowOrganization})
	status, text := b.Post(t, "application/json", body)
	if status != http.StatusBadRequest || !strings.Contains(text, "INVALID_INPUT") ||
		!strings.Contains(text, "text/event-stream") || !strings.Contains(text, "graphql-transport-ws") {
		t.Errorf("got %d %s, want 400 with the ways to subscribe", status, text)
	}
}
