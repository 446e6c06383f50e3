package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// atOnce lets n callers ask at the same moment, each one of the servers in turn, and returns what they got.
func atOnce(
	t *testing.T, servers []client, n int, ask func(ctx context.Context, c client, i int) (payload, error),
) []payload {
	t.Helper()
	got, errs := make([]payload, n), make([]error, n)
	gun := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-gun
			got[i], errs[i] = ask(t.Context(), servers[i%len(servers)], i)
		})
	}
	close(gun)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestOfTwentyCallersOfOneEdgeOnTwoServersOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := w.serveTwice(t)
	for range 50 {
		flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{})
		got := atOnce(t, servers, 20, func(ctx context.Context, c client, _ int) (payload, error) {
			return c.try(ctx, "transitionWorkflow", map[string]any{
				"workflowId": "wf_" + flow.ID.String(), "from": "CREATED", "to": "ICP_PENDING",
			})
		})
		winners := 0
		for _, p := range got {
			if len(p.UserErrors) == 0 {
				winners++
				if p.Transition.Version != 1 || p.Workflow.State != "ICP_PENDING" || p.Replayed {
					t.Errorf("the winner got %+v, want version 1 in ICP_PENDING", p)
				}
				continue
			}
			want := problem{
				Typename: "StaleState", Code: "STALE_STATE", Message: p.UserErrors[0].Message, Field: []string{"from"},
				Current: &seenWorkflow{ID: "wf_" + flow.ID.String(), State: "ICP_PENDING", Version: 1},
			}
			if diff := cmp.Diff(payload{UserErrors: []problem{want}}, p); diff != "" {
				t.Errorf("a loser (-want +got):\n%s", diff)
			}
		}
		if winners != 1 {
			t.Errorf("winners: got %d, want 1", winners)
		}
		if diff := cmp.Diff("CREATED ICP_PENDING", w.path(t, flow.ID)); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	}
	w.verify(t)
}

func TestOfAllPairsOfStatesExactlyTheDeclaredEdgesSucceed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.serve(t, "--workers=false"), w.who)
	for _, from := range workflow.States() {
		t.Run(string(from), func(t *testing.T) {
			t.Parallel()
			var refused []workflow.State
			for _, to := range workflow.States() {
				if slices.Contains(from.NextStates(), to) {
					w.edgeSucceeds(t, c, from, to)
				} else {
					refused = append(refused, to)
				}
			}
			w.pairsAreRefused(t, c, from, refused)
		})
	}
	// The subtests above are parallel: the checker looks when they have ended.
	t.Cleanup(func() { w.verify(t) })
}

// edgeSucceeds takes an edge with a workflow of its own.
func (w world) edgeSucceeds(t *testing.T, c client, from, to workflow.State) {
	t.Helper()
	kind, err := workflow.CheckEdge(from, to)
	if err != nil {
		t.Fatal(err)
	}
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: from})
	got := c.do(t, "transitionWorkflow", map[string]any{
		"workflowId": "wf_" + flow.ID.String(), "from": from, "to": to, "reason": "because",
	})
	want := seenTransition{
		Version: flow.Version + 1, Kind: string(kind), From: string(from), To: string(to), Actor: w.who.Actor,
		Reason: "because", OccurredAt: got.Transition.OccurredAt,
	}
	if diff := cmp.Diff(want, *got.Transition); diff != "" {
		t.Errorf("%s → %s (-want +got):\n%s", from, to, diff)
	}
	if got.Workflow.State != string(to) || got.Workflow.Version != flow.Version+1 {
		t.Errorf("%s → %s: the workflow is %s at %d", from, to, got.Workflow.State, got.Workflow.Version)
	}
}

// pairsAreRefused asks for what is no edge, of one workflow of an organization of its own, in which nothing may change.
func (w world) pairsAreRefused(t *testing.T, c client, from workflow.State, targets []workflow.State) {
	t.Helper()
	who := testdb.Caller(t, w.db)
	flow := testdb.Workflow(t, w.db, who, testdb.WorkflowOpts{State: from})
	before := w.contents(t, who.OrganizationID)
	got := atOnce(t, []client{{c.address, token(t, who)}}, len(targets),
		func(ctx context.Context, c client, i int) (payload, error) {
			return c.try(ctx, "transitionWorkflow", map[string]any{
				"workflowId": "wf_" + flow.ID.String(), "from": from, "to": targets[i],
			})
		})
	for i, p := range got {
		want := problem{
			Typename: "IllegalTransition", Code: "ILLEGAL_TRANSITION", Field: []string{"to"},
			From: string(from), To: string(targets[i]), Allowed: texts(from.NextStates()),
		}
		if from.IsTerminal() {
			want = problem{
				Typename: "TerminalState", Code: "TERMINAL_STATE", Field: []string{"from"},
				Ended: &seenWorkflow{ID: "wf_" + flow.ID.String(), State: string(from), Version: flow.Version},
			}
		}
		if len(p.UserErrors) == 1 {
			want.Message = p.UserErrors[0].Message
		}
		if diff := cmp.Diff(payload{UserErrors: []problem{want}}, p); diff != "" || want.Message == "" {
			t.Errorf("%s → %s (-want +got):\n%s", from, targets[i], diff)
		}
	}
	if diff := cmp.Diff(before, w.contents(t, who.OrganizationID)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}

func texts[T ~string](all []T) []string {
	plain := make([]string, len(all))
	for i, one := range all {
		plain[i] = string(one)
	}
	return plain
}

func TestOneIdempotencyKeyCountsOnceOnTwoServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := w.serveTwice(t)
	company := map[string]any{"name": "Example", "url": "https://example.com"}
	fresh := func(t *testing.T) string {
		return "wf_" + testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{}).ID.String()
	}
	for _, row := range []struct {
		mutation    string
		input       map[string]any
		other       string // the field that makes it another request
		otherValue  any
		table, what string // what there must be one of
	}{
		{
			"createWorkflow",
			map[string]any{"name": "Only one", "company": company},
			"name", "Another one",
			"intent_workflows", "name = 'Only one'",
		},
		{
			"generateIcp",
			map[string]any{"workflowId": fresh(t)},
			"workflowId", fresh(t),
			"workflow_transitions", "to_state = 'ICP_PENDING'",
		},
		{
			"transitionWorkflow", map[string]any{
				"workflowId": fresh(t), "from": "CREATED", "to": "CANCELLED", "reason": "transition",
			}, "reason", "other", "workflow_transitions", "reason = 'transition'",
		},
		{
			"cancelWorkflow",
			map[string]any{"workflowId": fresh(t), "reason": "cancel"},
			"reason", "other",
			"workflow_transitions", "reason = 'cancel'",
		},
		{
			"reserveUsage",
			map[string]any{"workflowId": fresh(t), "amount": "0.03"},
			"amount", "0.02",
			"ai_calls", "hold_pico = 30000000000",
		},
	} {
		t.Run(row.mutation, func(t *testing.T) {
			t.Parallel()
			row.input["idempotencyKey"] = "🔑 " + uuid.NewString()
			got := atOnce(t, servers, 50, func(ctx context.Context, c client, _ int) (payload, error) {
				return c.try(ctx, row.mutation, row.input)
			})
			first := 0
			for _, p := range got {
				if len(p.UserErrors) > 0 || p.Workflow == nil || p.Workflow.ID != got[0].Workflow.ID {
					t.Fatalf("one of 50: got %+v, want the same as %+v", p, got[0])
				}
				if !cmp.Equal(p.Call, got[0].Call) || !cmp.Equal(p.Transition, got[0].Transition) {
					t.Errorf("one of 50: got %+v, want the same as %+v", p, got[0])
				}
				if !p.Replayed {
					first++
				}
			}
			if first != 1 {
				t.Errorf("carried out: got %d times, want once and 49 replays", first)
			}
			w.mustCount(t, 1, row.table, row.what)
			row.input[row.other] = row.otherValue
			w.mismatches(t, servers[0], row.mutation, row.input)
			w.mustCount(t, 1, row.table, row.what)
		})
	}
	t.Cleanup(func() { w.verify(t) })
}

// mismatches sends a request under a key that was used for another.
func (w world) mismatches(t *testing.T, c client, mutation string, input map[string]any) {
	t.Helper()
	got, err := c.try(t.Context(), mutation, input)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.UserErrors) != 1 {
		t.Fatalf("the same key with other content: got %+v, want one user error", got)
	}
	want := problem{
		Typename: "IdempotencyMismatch", Code: "IDEMPOTENCY_MISMATCH", Message: got.UserErrors[0].Message,
		Field: []string{"idempotencyKey"},
	}
	if diff := cmp.Diff(payload{UserErrors: []problem{want}}, got); diff != "" {
		t.Errorf("the same key with other content (-want +got):\n%s", diff)
	}
}

// mustCount compares the number of rows for which something holds.
func (w world) mustCount(t *testing.T, want int, table, what string) {
	t.Helper()
	got := ask[int](t, w, fmt.Sprintf(`SELECT count(*)::int FROM %s WHERE %s`, table, what))[0]
	if got != want {
		t.Errorf("rows of %s with %s: got %d, want %d", table, what, got, want)
	}
}
