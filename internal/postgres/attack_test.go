package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/testdb/attack"
)

// What the list says is refused is refused, and by what it says. What verify must name, or the docs explain, is
// accepted: else the list asks verify for nothing.
func TestAttacks(t *testing.T) {
	t.Parallel()
	g := attack.NewTarget(t)
	for _, by := range attack.Roles() {
		for _, a := range attack.List() {
			if got, want := attack.Refusal(g.Try(t, a, by, false)), a.Outcome(by).Refused; got != want {
				t.Errorf("%s, as the %s: got %q, want it stopped by %q", a.Name, by, got, want)
			}
		}
	}
}

// For an organization that it names, the role of bookings can do nothing that the server's role cannot do.
func TestAttacks_TheBookerMayDoLess(t *testing.T) {
	t.Parallel()
	g, tried := attack.NewTarget(t), 0
	for _, a := range attack.List() {
		switch got := attack.Refusal(g.Try(t, a, attack.Booker, false)); got {
		case attack.NoRight:
		case a.Outcome(attack.Server).Refused:
			tried++
		default:
			t.Errorf("%s: got %q, want it stopped by %q or for want of a right", a.Name, got, a.Outcome(attack.Server).Refused)
		}
	}
	if tried < 20 {
		t.Errorf("the booker has a right to %d attacks, want some that its bookings are near to", tried)
	}
}

// No attack is neither refused nor named, but for those that the docs explain.
func TestAttacksHaveAnOutcome(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/attacks.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, a := range attack.List() {
		if names[a.Name] {
			t.Errorf("%s: the list has it twice", a.Name)
		}
		names[a.Name] = true
		for _, by := range attack.Roles() {
			o, set := a.Outcome(by), 0
			for _, field := range []string{o.Refused, o.Named, o.Unseen} {
				if field != "" {
					set++
				}
			}
			if set != 1 {
				t.Errorf("%s, as the %s: got %d outcomes, want one", a.Name, by, set)
			}
			if o.Unseen != "" && !strings.Contains(string(text), "\n## "+o.Unseen+"\n") {
				t.Errorf("%s, as the %s: docs/attacks.md has no heading %q", a.Name, by, o.Unseen)
			}
		}
	}
	if len(names) < 100 {
		t.Errorf("attacks: got %d, want the list", len(names))
	}
}
