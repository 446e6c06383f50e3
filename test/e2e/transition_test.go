package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// atOnce starts n callers at the same moment, each at one of the servers in turn, and returns their answers.
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

func TestTransition_OneOfTwentyCallersOnTwoServersWins(t *testing.T) {
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
				Typename: "StaleState",
				Code:     "STALE_STATE",
				Message:  p.UserErrors[0].Message,
				Field:    []string{"from"},
				Current:  &seenWorkflow{ID: "wf_" + flow.ID.String(), State: "ICP_PENDING", Version: 1},
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

func TestTransition_ExactlyTheDeclaredEdgesSucceed(t *testing.T) {
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
	// The subtests above are parallel, so verify runs as a cleanup after them.
	t.Cleanup(func() { w.verify(t) })
}

// edgeSucceeds takes an edge with a new workflow.
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
		Version:    flow.Version + 1,
		Kind:       string(kind),
		From:       string(from),
		To:         string(to),
		Actor:      w.who.Actor,
		Reason:     "because",
		OccurredAt: got.Transition.OccurredAt,
	}
	if diff := cmp.Diff(want, *got.Transition); diff != "" {
		t.Errorf("%s → %s (-want +got):\n%s", from, to, diff)
	}
	if got.Workflow.State != string(to) || got.Workflow.Version != flow.Version+1 {
		t.Errorf("%s → %s: the workflow is %s at %d", from, to, got.Workflow.State, got.Workflow.Version)
	}
}

// pairsAreRefused asks for pairs that are no edges, with one workflow of a new organization. Nothing may be written.
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
			Typename: "IllegalTransition",
			Code:     "ILLEGAL_TRANSITION",
			Field:    []string{"to"},
			From:     string(from),
			To:       string(targets[i]),
			Allowed:  texts(from.NextStates()),
		}
		if from.IsTerminal() {
			want = problem{
				Typename: "TerminalState",
				Code:     "TERMINAL_STATE",
				Field:    []string{"from"},
				Ended:    &seenWorkflow{ID: "wf_" + flow.ID.String(), State: string(from), Version: flow.Version},
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
