package cost_test

import (
	"testing"

	"github.com/infin8content/engine/internal/cost"
)

func TestCallState_OnlyMovesForward(t *testing.T) {
	t.Parallel()
	type move struct{ from, to cost.CallState }
	legal := map[move]bool{
		{cost.CallReserved, cost.CallDispatched}: true,
		{cost.CallReserved, cost.CallSettled}:    true,
		{cost.CallReserved, cost.CallReleased}:   true,
		{cost.CallReserved, cost.CallUnknown}:    true,
		{cost.CallDispatched, cost.CallSettled}:  true,
		{cost.CallDispatched, cost.CallReleased}: true,
		{cost.CallDispatched, cost.CallUnknown}:  true,
		{cost.CallUnknown, cost.CallSettled}:     true,
		{cost.CallUnknown, cost.CallReleased}:    true,
		{cost.CallUnknown, cost.CallAssumed}:     true,
	}
	states := append(cost.CallStates(), "", "OTHER")
	for _, from := range states {
		for _, to := range states {
			if got, want := from.MayBecome(to), legal[move{from, to}]; got != want {
				t.Errorf("%q to %q: got %t, want %t", from, to, got, want)
			}
		}
	}
}

func TestCallState_IsOpenUntilTheOutcome(t *testing.T) {
	t.Parallel()
	for state, want := range map[cost.CallState]bool{
		cost.CallReserved: true, cost.CallDispatched: true, cost.CallUnknown: true,
		cost.CallSettled: false, cost.CallReleased: false, cost.CallAssumed: false, "": false, "OTHER": false,
	} {
		if got := state.Open(); got != want {
			t.Errorf("%q: got %t, want %t", state, got, want)
		}
	}
}

func TestKnown_AcceptsOnlyListedValues(t *testing.T) {
	t.Parallel()
	for _, s := range cost.CallStates() {
		if !s.Known() {
			t.Errorf("the state %q is not known", s)
		}
	}
	for _, c := range cost.Components() {
		if !c.Known() {
			t.Errorf("the component %q is not known", c)
		}
	}
	for _, k := range cost.EntryKinds() {
		if !k.Known() {
			t.Errorf("the entry kind %q is not known", k)
		}
	}
	for _, other := range []string{"", "OTHER", "settled", "prompt"} {
		if cost.CallState(other).Known() || cost.Component(other).Known() || cost.EntryKind(other).Known() {
			t.Errorf("%q is known", other)
		}
	}
}
