package seo_test

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/seo/sandbox"
)

// The judge of every variant of an answer is the provider's own book-keeping: what the engine books, at once or after
// the look-up, is what the provider has charged.
func TestClient_BooksWhatTheProviderCharges(t *testing.T) {
	t.Parallel()
	names := sandbox.Variants()
	if len(names) < 40 {
		t.Fatalf("there are %d variants, want at least 40", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.box.Next(sandbox.Injection{Kind: sandbox.InjectionWire, Variant: name})
			answer, failed := b.send(t, ranked(t), "call_1")
			if n := b.box.Requests(); n != 1 {
				t.Errorf("the provider has %d requests, want 1", n)
			}
			if got, want := b.booked(t, answer, failed, "call_1"), b.box.Charges()["call_1"].Cost; got != want {
				t.Errorf("booked %s, the books have %s; the error is %v", got, want, failed)
			}
			checkClean(t, answer)
		})
	}
}

// checkClean fails for text that the database would refuse.
func checkClean(t *testing.T, answer seo.Answer) {
	t.Helper()
	for _, k := range answer.Keywords {
		for _, text := range []string{k.Text, k.Language, k.Intent} {
			if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 200 {
				t.Errorf("got the text %.60q, want it clean and short", text)
			}
			for _, r := range text {
				if r < ' ' {
					t.Errorf("got the character %q in %.60q", r, text)
				}
			}
		}
		if k.Volume != nil && *k.Volume < 0 || k.CPC != nil && *k.CPC < 0 || k.Difficulty != nil && *k.Difficulty > 100 {
			t.Errorf("got the figures %s, want possible ones", fmt.Sprint(k.Volume, k.CPC, k.Difficulty))
		}
	}
}
