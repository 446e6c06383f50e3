package testdb_test

import (
	"os"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

func TestWorkflow_ReachesEveryState(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who := testdb.Caller(t, db)
	for _, state := range workflow.States() {
		flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: state})
		if flow.State != state || flow.Version != len(testdb.Path(state)) {
			t.Errorf("workflow: got %s at %d, want %s at %d", flow.State, flow.Version, state, len(testdb.Path(state)))
		}
	}
}
