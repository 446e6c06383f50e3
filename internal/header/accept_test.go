package header_test

import (
	"net/http"
	"testing"

	"github.com/infin8content/engine/internal/header"
)

func TestAccept_ChoosesTheTypeThatTheClientPrefers(t *testing.T) {
	t.Parallel()
	const newer, older, neither = "application/graphql-response+json", "application/json", ""
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
		if got := header.AcceptOf(http.Header{"Accept": {accept}}).Choose(older, newer); got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
	if got := header.AcceptOf(http.Header{"Accept": {"text/html", newer}}).Choose(older, newer); got != newer {
		t.Errorf("two headers: got %q, want %q", got, newer)
	}
}

func TestAccept_QualityAndNames(t *testing.T) {
	t.Parallel()
	for list, want := range map[header.Accept]struct {
		quality float64
		names   bool
	}{
		"":                              {1, false},
		"*/*":                           {1, false},
		"text/*;q=0.5":                  {0.5, false},
		"text/html;q=0.3":               {0.3, true},
		"text/*;q=0.9, TEXT/html;q=0.2": {0.2, true},
		"text/html;q=2":                 {0, true},
		"text/html;q=-1":                {0, true},
		"text/html;q=NaN":               {0, true},
		"application/json":              {0, false},
	} {
		if got := list.Quality("text/html"); got != want.quality {
			t.Errorf("%q: got the quality %v, want %v", list, got, want.quality)
		}
		if got := list.Names("text/html"); got != want.names {
			t.Errorf("%q: got names %t, want %t", list, got, want.names)
		}
	}
}
