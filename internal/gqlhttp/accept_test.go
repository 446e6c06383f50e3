package gqlhttp

import (
	"net/http"
	"testing"
)

func TestTheAnswerHasTheTypeThatIsPreferred(t *testing.T) {
	t.Parallel()
	const newer, older, neither = responseMedia, jsonMedia, ""
	for accept, want := range map[string]string{
		"": older, " ": older, "*/*": older, "application/*": older, older: older, newer: newer, "Application/JSON": older,
		newer + ", " + older + ";q=0.9":            newer,
		newer + ";q=0.5, " + older + ";q=0.9":      older,
		newer + ", " + older:                       newer,
		older + ", " + newer:                       older,
		newer + ", */*;q=0.1":                      newer,
		newer + ", */*":                            newer,
		older + ", */*":                            older,
		older + ";q=0, */*":                        newer,
		newer + ";q=0, */*;q=0.5":                  older,
		"text/html":                                neither,
		"text/html, */*;q=0.1":                     older,
		"text/html, application/*":                 older,
		"*/*;q=0":                                  neither,
		older + ";q=0, " + newer + ";q=0":          neither,
		older + ";q=7":                             neither,
		older + ";q=x":                             neither,
		older + "; charset=utf-8; Q=0.5, " + newer: newer,
		";;;,,,": neither,
	} {
		if got := accepted(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
	if got := accepted(http.Header{"Accept": {"text/html", newer}}); got != newer {
		t.Errorf("two headers: got %q, want %q", got, newer)
	}
}

func TestOnlyWhatNoFormCanSendForcesAPreflight(t *testing.T) {
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
