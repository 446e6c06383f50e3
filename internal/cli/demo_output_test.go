package cli

import (
	"bytes"
	"testing"
	"time"
)

// The demo prints the reason of a quiet workflow once, and again when the reason or the workflow changes.
func TestDemoOutput_PrintsTheReasonOfAQuietWorkflow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := &demoOutput{out: &out}
	began := time.Date(2026, time.February, 1, 9, 0, 0, 0, time.UTC)
	flow := func(version int, sentence string) (w demoWorkflow) {
		w.Version, w.Activity.Sentence = version, sentence
		return w
	}
	const outside = "ICP generation waits for a program outside to drive it."
	for _, step := range []struct {
		after time.Duration
		flow  demoWorkflow
		want  string
	}{
		{0, flow(1, outside), ""},
		{quietTime - time.Millisecond, flow(1, outside), ""},
		{quietTime, flow(1, outside), "              waiting: " + outside + "\n"},
		{2 * quietTime, flow(1, outside), ""},
		{3 * quietTime, flow(1, "Paused."), "              waiting: Paused.\n"},
		{4 * quietTime, flow(2, outside), ""},
		{5 * quietTime, flow(2, outside), "              waiting: " + outside + "\n"},
		{6 * quietTime, demoWorkflow{Version: 2, IsTerminal: true}, ""},
	} {
		out.Reset()
		o.printWaiting(step.flow, began.Add(step.after))
		if got := out.String(); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.after, got, step.want)
		}
	}
}
