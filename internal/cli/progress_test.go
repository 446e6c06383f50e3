package cli

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestProgress_FitsIntoALine(t *testing.T) {
	t.Parallel()
	p := &progress{}
	p.set("Downloading", 5, 10)
	want := "Downloading [" + strings.Repeat("#", 12) + strings.Repeat(".", 12) + "] 50 % 3 s"
	if got := p.line(3 * time.Second); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, all := range []int64{0, 7} {
		p.set(strings.Repeat("é", 200), 9, all) // More than all is all.
		got := p.line(time.Hour)
		if utf8.RuneCountInString(got) > progressWidth || all > 0 && !strings.Contains(got, "100 %") {
			t.Errorf("got %q, want at most %d letters", got, progressWidth)
		}
	}
}
