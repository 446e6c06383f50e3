package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// sending is a workflow in the step PUBLISH whose first publication is being sent.
type sending struct {
	testengine.Fixture
	testdb.Published
}

func setupSending(t *testing.T, f testengine.Fixture) sending {
	t.Helper()
	reviewed := testdb.Review(t, f.DB, f.Who)
	if err := testdb.Approve(t.Context(), f.DB.Store(), f.Who, reviewed, f.Who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, f.DB, f.Who, testdb.Cluster(t, f.DB, f.Who, reviewed))
	testdb.DecidePlan(t, f.DB, f.Who, planned)
	return sending{f, testdb.Publish(t, f.DB, f.Who, planned)}
}

// bring moves a publication by legal moves along some states, a while ago.
func (p sending) bring(t *testing.T, path string, ago time.Duration) workflow.Publication {
	t.Helper()
	now, f, at := p.Publications[0], p.Fixture, p.Clock.Now().Add(-ago)
	for _, to := range strings.Fields(path) {
		edges := workflow.PublicationEdges()
		i := slices.IndexFunc(edges, func(e workflow.PublicationEdge) bool {
			return e.From == now.State && string(e.To) == to && e.Kind != workflow.PublicationReplan
		})
		if i < 0 {
			t.Fatalf("no move leads from %s to %s", now.State, to)
		}
		kind := edges[i].Kind
		var next workflow.Publication
		var err error
		switch kind {
		case workflow.PublicationLose, workflow.PublicationConflict, workflow.PublicationRefuse:
			failure := workflow.UnitFailure{Code: workflow.FailureRemoteConflict, Message: "a test"}
			next, err = now.Fail(edges[i].To, kind, failure, at)
		case workflow.PublicationDraft, workflow.PublicationPublish, workflow.PublicationUpdated:
			next, err = now.Found(edges[i].To, kind, workflow.Post{ID: "7", Revision: now.Revision}, at)
		default:
			next, err = now.To(edges[i].To, kind, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		won, err := f.DB.Store().MovePublication(t.Context(), f.Who, postgres.PublicationMove{
			Before: now, After: next, Kind: kind, Unit: p.Units[0].Run().Unit,
		})
		if err != nil || !won {
			t.Fatalf("%s: won %t, %v", kind, won, err)
		}
		now = next
	}
	return now
}

// Each decision about a publication answers in each state as it must: while its step runs, and after the workflow was
// cancelled. + is a change; C, S and T are CONFLICT, STALE_STATE and TERMINAL_STATE.
func TestDecidePublication_InEachState(t *testing.T) {
	t.Parallel()
	choices := []engine.PublicationChoice{
		engine.ChoiceAdopt, engine.ChoiceOverwrite, engine.ChoiceSkip, engine.ChoiceUnpublish,
	}
	for _, state := range []struct {
		path       string // from SENT
		wait       time.Duration
		runs, over string
	}{
		{"PLANNED", 0, "C C + C", "C C + C"},
		{"", 0, "C C C C", "C C C C"},
		{"UNKNOWN", 0, "C C + C", "C C + C"},
		{"UNKNOWN NEEDS_DECISION", 0, "+ + + C", "T T + C"},
		{"DRAFTED", 0, "C C + +", "C C + +"},
		{"DRAFTED SKIPPED", 0, "C C C +", "C C C +"},
		{"DRAFTED ORPHANED", 0, "C C C +", "C C C +"},
		{"DRAFTED NEEDS_DECISION", 0, "+ + + +", "T T + +"},
		{"DRAFTED PUBLISH_SENT", 0, "C C C C", "C C C C"},
		{"DRAFTED PUBLISH_SENT", 3 * time.Minute, "C C C +", "C C C +"},
		{"DRAFTED SCHEDULED", 0, "C C C +", "C C C +"},
		{"DRAFTED LIVE", 0, "C C C +", "C C C +"},
		{"DRAFTED LIVE UPDATE_SENT", 0, "C C C C", "C C C C"},
		{"DRAFTED LIVE UPDATE_SENT", 3 * time.Minute, "C C C +", "C C C +"},
		{"DRAFTED LIVE UNPUBLISHING", 0, "C C C C", "C C C C"},
		{"DRAFTED LIVE UNPUBLISHING", 3 * time.Minute, "C C C +", "C C C +"},
		{"DRAFTED LIVE UNPUBLISHING UNPUBLISHED", 0, "C C C C", "C C C C"},
	} {
		for situation, want := range map[string]string{"runs": state.runs, "over": state.over} {
			t.Run(strings.Join([]string{state.path, state.wait.String(), situation}, " "), func(t *testing.T) {
				t.Parallel()
				f := testengine.NewWith(t, func(o *engine.Options) { o.Drives = []workflow.StepKey{workflow.StepPublish} })
				testdb.Gates(t, f.DB, f.Who, false)
				var got []string
				for _, choice := range choices {
					p := setupSending(t, f)
					publication := p.bring(t, state.path, state.wait)
					if situation == "over" {
						testdb.Move(t, f.DB.Store(), f.Who, p.Published.Flow, workflow.Cancelled)
					}
					in := engine.DecidePublicationInput{PublicationID: publication.ID, Choice: choice, Reason: "A test."}
					if choice == engine.ChoiceAdopt {
						in.RemoteID = "9"
					}
					_, err := f.Engine.DecidePublication(t.Context(), f.Who, in)
					answers := map[fault.Kind]string{
						"": "+", fault.Conflict: "C", fault.StaleState: "S", fault.TerminalState: "T",
					}
					got = append(got, answers[fault.KindOf(err)])
				}
				if answer := strings.Join(got, " "); answer != want {
					t.Errorf("got %s, want %s", answer, want)
				}
				f.Sound(t)
			})
		}
	}
}
