package workflow_test

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/workflow"
)

// Each state, move and failure has words for people.
func TestWords_NameEveryStateMoveAndFailure(t *testing.T) {
	t.Parallel()
	words := map[string]string{}
	for _, state := range workflow.States() {
		words["state "+string(state)] = state.Words()
	}
	for _, state := range workflow.UnitStates() {
		words["unit "+string(state)] = state.Words()
	}
	for _, move := range workflow.UnitMoves() {
		words["unit move "+string(move)] = move.Words()
	}
	for _, state := range workflow.PublicationStates() {
		words["publication "+string(state)] = state.Words()
	}
	for _, move := range workflow.PublicationMoves() {
		words["publication move "+string(move)] = move.Words()
	}
	for _, code := range workflow.FailureCodes() {
		words["failure "+string(code)] = code.Words()
	}
	for of, text := range words {
		if text == "" || text != strings.ToLower(text) || strings.Contains(text, "_") {
			t.Errorf("%s: got %q, want words", of, text)
		}
	}
}

// An unknown name is itself, so no sentence has a gap.
func TestWords_OfAnUnknownNameAreTheName(t *testing.T) {
	t.Parallel()
	for unit, words := range map[string]string{
		"unit state":        workflow.UnitState("NEW").Words(),
		"unit move":         workflow.UnitMove("NEW").Words(),
		"publication state": workflow.PublicationState("NEW").Words(),
		"publication move":  workflow.PublicationMove("NEW").Words(),
		"failure":           workflow.FailureCode("NEW").Words(),
	} {
		if words != "NEW" {
			t.Errorf("%s: got %q, want NEW", unit, words)
		}
	}
}

func TestRefusedMoves_AreSentences(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		refused error
		want    string
	}{
		{
			&workflow.IllegalUnitMoveError{From: workflow.UnitSkipped, Kind: workflow.UnitSkip},
			"A unit that is skipped cannot be skipped.",
		},
		{
			&workflow.IllegalPublicationMoveError{From: workflow.PublicationSent, Move: workflow.PublicationSkip},
			"A publication that is being sent cannot be skipped.",
		},
	} {
		if got := row.refused.Error(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
