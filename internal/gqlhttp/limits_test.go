package gqlhttp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/fault"
)

func TestLimits_HaveTwoSides(t *testing.T) {
	t.Parallel()
	fields := func(n int) string { return strings.Repeat("f ", n) }
	aliases := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "a%d: f ", i)
		}
		return text.String()
	}
	deep := func(n int) string { return strings.Repeat("{ f ", n) + strings.Repeat("} ", n) }
	comments := func(n int) string { return "{ f " + strings.Repeat("#\n", n) + "}  " + "#" }
	names := func(n int) string { return "{ " + strings.Repeat("x", n) + " }" }
	for kind, text := range map[fault.Kind][2]string{
		fault.TooManyTokens:     {comments(1996), comments(1997)},
		fault.TooDeep:           {deep(12), deep(13)},
		fault.TooManyAliases:    {"{ g { " + aliases(30) + "} }", "{ g { " + aliases(31) + "} }"},
		fault.TooManyRootFields: {"{ " + fields(20) + "}", "{ " + fields(21) + "}"},
		fault.TooCostly:         {"{ g { " + fields(447) + "} }", "{ g { " + fields(448) + "} }"},
		fault.InvalidInput:      {names(maxNameBytes), names(maxNameBytes + 1)},
	} {
		for i, want := range []fault.Kind{"", kind} {
			_, err := readTokens(text[i], defaults.Tokens)
			if err == nil {
				err = checkShape(parsed(t, text[i]), defaults)
			}
			if got := fault.KindOf(err); got != want {
				t.Errorf("%s, side %d: got %s %v, want %s", kind, i, got, err, want)
			}
		}
	}
}
