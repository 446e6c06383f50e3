package engine_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// elsewhere checks how many approved plans keep other workflows from their pages.
func elsewhere(t *testing.T, f testengine.Fixture, want int) {
	t.Helper()
	in, err := f.Engine.ValidationInput(t.Context(), f.Who, workflow.Run{WorkflowID: uuid.New()})
	if err != nil || len(in.Elsewhere) != want {
		t.Errorf("got %+v, %v, want %d articles of other workflows", in.Elsewhere, err, want)
	}
	f.Sound(t)
}

// An approved plan counts for other workflows as long as an article may follow it.
func TestValidationInput_NamesPlansThatAreNotReplaced(t *testing.T) {
	t.Parallel()
	for to, want := range map[workflow.State]int{
		workflow.PublishProcessing: 1,
		workflow.ArticlePending:    1,
		workflow.ValidationPending: 0,
		workflow.ClusteringPending: 0,
	} {
		t.Run(string(to), func(t *testing.T) {
			t.Parallel()
			w := setupWritten(t)
			elsewhere(t, w.Fixture, 1)
			if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
				t.Fatal(err)
			}
			testdb.Move(t, w.DB.Store(), w.Who, w.fail(t), to)
			elsewhere(t, w.Fixture, want)
		})
	}
}

// An approved plan of a cancelled workflow, or from before a RESET, counts only while its article has a post.
func TestValidationInput_NamesReplacedPlansWithAPost(t *testing.T) {
	t.Parallel()
	ends := map[string][]workflow.State{
		"Cancelled": {workflow.Cancelled},
		"Reset":     {workflow.PublishFailed, workflow.ValidationPending},
	}
	for path, want := range map[string]int{
		"":                                 0,
		"UNKNOWN":                          0,
		"DRAFTED":                          1,
		"DRAFTED NEEDS_DECISION":           1,
		"DRAFTED UNPUBLISHING":             1,
		"DRAFTED UNPUBLISHING UNPUBLISHED": 0,
	} {
		for name, states := range ends {
			t.Run(name+" "+path, func(t *testing.T) {
				t.Parallel()
				f := testengine.New(t)
				testdb.Gates(t, f.DB, f.Who, false)
				p := setupSending(t, f)
				p.bring(t, path, 0)
				elsewhere(t, f, 1)
				flow := p.Published.Flow
				for _, to := range states {
					flow = testdb.Move(t, f.DB.Store(), f.Who, flow, to)
				}
				elsewhere(t, f, want)
			})
		}
	}
}
