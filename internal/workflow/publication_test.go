package workflow_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// A draft is sent from PLANNED alone, and a lost answer leads back there only by a look that found nothing.
func TestPublication_IsSentAgainOnlyAfterALook(t *testing.T) {
	t.Parallel()
	for _, edge := range workflow.PublicationEdges() {
		if edge.To == workflow.PublicationSent && edge.Kind != workflow.PublicationReplan &&
			edge.From != workflow.PublicationPlanned {
			t.Errorf("%v sends a draft", edge)
		}
		if edge.From == workflow.PublicationUnknown && edge.To == workflow.PublicationPlanned &&
			edge.Kind != workflow.PublicationAbsent {
			t.Errorf("%v leaves UNKNOWN without a look", edge)
		}
		if edge.To == workflow.PublicationLive && edge.From == workflow.PublicationPlanned {
			t.Errorf("%v is public without a request", edge)
		}
	}
}

func TestPublication_MovesAlongItsEdgesOnly(t *testing.T) {
	t.Parallel()
	edges, at := workflow.PublicationEdges(), time.Unix(1, 0)
	var states []workflow.PublicationState
	var kinds []workflow.PublicationMove
	for _, edge := range edges {
		states, kinds = append(states, edge.From, edge.To), append(kinds, edge.Kind)
	}
	for _, from := range states {
		for _, to := range states {
			for _, kind := range kinds {
				before := workflow.Publication{State: from, Version: 4}
				after, err := before.To(to, kind, at)
				legal := slices.Contains(edges, workflow.PublicationEdge{From: from, To: to, Kind: kind})
				switch {
				case legal && (err != nil || after.State != to || after.Version != 5):
					t.Fatalf("%s → %s (%s): got %+v, %v", from, to, kind, after, err)
				case !legal && (fault.KindOf(err) != fault.Conflict || after != before):
					t.Fatalf("%s → %s (%s): got %+v, %v, want a refusal", from, to, kind, after, err)
				}
			}
		}
	}
}

func TestPublication_CountsLostAnswers(t *testing.T) {
	t.Parallel()
	sent := workflow.Publication{State: workflow.PublicationSent}
	lost, err := sent.Fail(workflow.PublicationUnknown, workflow.PublicationLose,
		workflow.UnitFailure{Code: workflow.FailureTimeout, Message: "late"}, time.Unix(1, 0))
	if err != nil || lost.Lost != 1 || lost.Failure != workflow.FailureTimeout {
		t.Errorf("got %+v, %v", lost, err)
	}
	planned, err := lost.To(workflow.PublicationPlanned, workflow.PublicationAbsent, time.Unix(2, 0))
	if err != nil || planned.Lost != 1 || planned.Failure != "" {
		t.Errorf("got %+v, %v, want the count without the failure", planned, err)
	}
	var illegal *workflow.IllegalPublicationMoveError
	if _, err := planned.Fail(workflow.PublicationUnknown, workflow.PublicationLose, workflow.UnitFailure{},
		time.Unix(3, 0)); !errors.As(err, &illegal) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestPublication_IsReachedAsFarAsItsPolicyGoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  workflow.PublicationState
		policy workflow.PublicationPolicy
		want   bool
	}{
		{workflow.PublicationDrafted, workflow.PublishDraft, true},
		{workflow.PublicationDrafted, workflow.PublishNow, false},
		{workflow.PublicationScheduled, workflow.PublishSchedule, true},
		{workflow.PublicationScheduled, workflow.PublishNow, false},
		{workflow.PublicationLive, workflow.PublishDraft, true},
		{workflow.PublicationUpdateSent, workflow.PublishNow, false},
		{workflow.PublicationNeedsDecision, workflow.PublishNow, false},
	} {
		p := workflow.Publication{State: c.state, Policy: c.policy, Revision: 2}
		if p.IsReached() {
			t.Errorf("%s under %s without the revision: got reached", c.state, c.policy)
		}
		if p.Remote.Revision = 2; p.IsReached() != c.want {
			t.Errorf("%s under %s: got %t", c.state, c.policy, !c.want)
		}
	}
}

func TestPublication_HasAnotherUnitInEachVisit(t *testing.T) {
	t.Parallel()
	a, b := workflow.Publication{ID: uuid.New()}, workflow.Publication{ID: uuid.New()}
	again := workflow.Publication{ID: a.ID}
	if a.UnitOf(3) != again.UnitOf(3) || a.UnitOf(3) == a.UnitOf(4) || a.UnitOf(3) == b.UnitOf(3) {
		t.Error("a publication does not have one unit for each visit")
	}
}
