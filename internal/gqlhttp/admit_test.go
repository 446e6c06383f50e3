package gqlhttp_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/gqlhttp"
)

func TestAdmit_SeesEachOperationThatRuns(t *testing.T) {
	t.Parallel()
	var admitted []gqlhttp.Admission
	running := 0
	b := graphtest.New(t).With(func(o *gqlhttp.Options) {
		o.Admit = func(ctx context.Context, a gqlhttp.Admission) (context.Context, func(), error) {
			admitted = append(admitted, a)
			running++
			return ctx, func() { running-- }, nil
		}
	})
	for _, operation := range []string{
		aQuery, aMutation, `{ nonsense }`,
		`query { viewer { actor } ...F } fragment F on Query { workflowGraph { version } }`,
	} {
		b.Post(map[string]any{"query": operation})
	}
	want := []gqlhttp.Admission{
		{Type: "query", Fields: []string{"workflows"}, Complexity: 10},
		{Type: "mutation", Fields: []string{"cancelWorkflow"}, Complexity: 11},
		{Type: "query", Fields: []string{"viewer", ""}, Complexity: 2},
	}
	if diff := cmp.Diff(want, admitted); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
	if running != 0 {
		t.Errorf("%d operations have not ended", running)
	}
}

func TestAdmit_ARefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) {
		o.Admit = func(context.Context, gqlhttp.Admission) (context.Context, func(), error) {
			return nil, nil, rateLimited{}
		}
	})
	answer := b.Post(map[string]any{"query": aQuery})
	if got := answer.Header().Get("Retry-After"); graphtest.CodeOf(t, answer) != "RATE_LIMITED" || got != "7" {
		t.Errorf("got %s and Retry-After %q, want RATE_LIMITED and 7", answer.Body, got)
	}
}
