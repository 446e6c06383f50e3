package gqlhttp

import (
	"net/http"
	"testing"
)

func TestForcesPreflight(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"GraphQL-Preflight", "1", true},
		{"Apollo-Require-Preflight", "true", true},
		{"X-Apollo-Operation-Name", "Q", true},
		{"GraphQL-Preflight", "", false},
		{"Accept", jsonMedia, false},
		{"Authorization", "Bearer x", false},
		{"Content-Type", jsonMedia, true},
		{"Content-Type", "text/plain", false},
		{"Content-Type", "TEXT/PLAIN; charset=utf-8", false},
		{"Content-Type", "application/x-www-form-urlencoded", false},
		{"Content-Type", "multipart/form-data; boundary=x", false},
		{"Content-Type", "text/plain; application/json", false},
	} {
		header := http.Header{}
		header.Set(test.name, test.value)
		if got := forcesPreflight(header); got != test.want {
			t.Errorf("%s: %s: got %v, want %v", test.name, test.value, got, test.want)
		}
	}
}
