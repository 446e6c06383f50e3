package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/cost"
)

func TestCompareCharges_FindsEachDifference(t *testing.T) {
	t.Parallel()
	type book = map[string]cost.Pico
	for name, c := range map[string]struct {
		charged, booked book
		fault           string
	}{
		"Equal":        {book{"a": 5, "b": 7}, book{"a": 5, "b": 7}, ""},
		"Free":         {book{"a": 5, "b": 0}, book{"a": 5, "": 0}, ""},
		"NotBooked":    {book{"a": 5}, book{}, `answer "a": charged $0.000000000005, booked $0`},
		"NotCharged":   {book{}, book{"a": 5}, `answer "a": charged $0, booked $0.000000000005`},
		"AnotherPrice": {book{"a": 5, "b": 7}, book{"a": 7, "b": 5}, `answer "a"`},
	} {
		line, err := compareCharges(c.charged, c.booked)
		if err != nil || (line.fault == "") != (c.fault == "") || !strings.Contains(line.fault, c.fault) {
			t.Errorf("%s: got %+v, %v, want %q", name, line, err, c.fault)
		}
	}
}

func TestComparePosts_FindsEachDifference(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		public, live []string
		equal        bool
	}{
		"Equal":   {[]string{"b", "a"}, []string{"a", "b"}, true},
		"Twice":   {[]string{"a", "a"}, []string{"a"}, false},
		"Missing": {[]string{"a"}, []string{"a", "b"}, false},
	} {
		if line := comparePosts(c.public, c.live); (line.fault == "") != c.equal {
			t.Errorf("%s: got %+v", name, line)
		}
	}
}

func TestPrintBooks_FailsWhenTheyDiffer(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := printBooks(&out, []bookLine{{name: "posts"}}); err != nil || !strings.Contains(out.String(), "equal") {
		t.Errorf("got %v, %s, want equal books", err, &out)
	}
	err := printBooks(&out, []bookLine{{name: "models", fault: "a fault"}, {name: "posts"}})
	if !errors.Is(err, errUnequalBooks) || !strings.Contains(out.String(), "DIFFERENT: a fault") {
		t.Errorf("got %v, %s, want a difference", err, &out)
	}
}
