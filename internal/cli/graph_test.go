package cli_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/workflow"
)

func TestGraph_PrintsTheStateMachine(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want outcome
	}{
		{[]string{"graph"}, outcome{stdout: workflow.Mermaid()}},
		{[]string{"graph", "--format=dot"}, outcome{stdout: workflow.DOT()}},
	} {
		got := invoke(t, nil, row.args...)
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("%v (-want +got):\n%s", row.args, diff)
		}
	}
}
