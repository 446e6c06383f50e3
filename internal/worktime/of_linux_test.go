package worktime_test

import (
	"testing"
	"time"

	"github.com/infin8content/engine/internal/worktime"
)

func TestOf_CountsWorkAndNoWait(t *testing.T) {
	t.Parallel()
	const wait = 200 * time.Millisecond
	if got := worktime.Of(func() { <-time.After(wait) }); got >= wait/2 {
		t.Errorf("a wait of %s: got %s, want next to nothing", wait, got)
	}
	got := worktime.Of(func() {
		for began := time.Now(); time.Since(began) < wait; {
		}
	})
	if got == 0 || got > 10*wait {
		t.Errorf("work of %s: got %s", wait, got)
	}
}
