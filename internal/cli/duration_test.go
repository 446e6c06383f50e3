package cli

import (
	"testing"
	"time"
)

func TestParseDuration_UnderstandsDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90d": 90 * day, "1d12h": 36 * time.Hour, "0d": 0, "1h30m": 90 * time.Minute, "10s": 10 * time.Second,
		"1d-1h": 23 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "90", "1.5d", "-1d", "1d1", "soon", "999999d"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}
