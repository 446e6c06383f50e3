package engine

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/workflow"
)

func TestWhy_GivesTheReasonOfAFailure(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code         workflow.FailureCode
		reason, want string
	}{
		{"", "", " for the reason in the journal."},
		{workflow.FailureTimeout, "", ": there was no answer in time."},
		{"", "The site is down.", ": The site is down."},
		{"", "The site is down", ": The site is down."},
		{"", "The site is down!", ": The site is down!"},
		{"", "Is the site down?", ": Is the site down?"},
		{workflow.FailureTimeout, "No answer in 30 s.", ": there was no answer in time (No answer in 30 s)."},
		{workflow.FailureTimeout, "TIMEOUT", ": there was no answer in time."},
		{
			workflow.FailureBudget, "BUDGET: The limit is reached.",
			": the budget had no room for the call (The limit is reached).",
		},
		{"", strings.Repeat("é", 300), ": " + strings.Repeat("é", 200) + "…"},
	} {
		if got := why(row.code, row.reason); got != row.want {
			t.Errorf("%s, %q: got %q, want %q", row.code, row.reason, got, row.want)
		}
	}
}
