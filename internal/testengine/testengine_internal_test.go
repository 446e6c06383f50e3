package testengine

import (
	"testing"
	"time"
)

func TestWithinMonth(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-11-30T22:59:59Z": "2026-11-30T22:59:59Z",
		"2026-11-30T23:59:59Z": "2026-11-30T22:59:59Z",
		"2026-12-01T00:00:00Z": "2026-12-01T00:00:00Z",
	} {
		given, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := withinMonth(given).Format(time.RFC3339); got != want {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
}
