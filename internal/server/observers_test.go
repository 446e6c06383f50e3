package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/metrics"
)

func TestSignIn_OnlyARefusalIsAFailure(t *testing.T) {
	t.Parallel()
	watch := observers{metrics: metrics.New("")}
	for _, kind := range []fault.Kind{fault.Unauthenticated, fault.Unavailable, fault.RateLimited} {
		signIn := watch.signIn(func(context.Context, ...string) (context.Context, error) {
			return nil, fault.New(kind, "No.")
		})
		if _, err := signIn(t.Context(), "Bearer x"); fault.KindOf(err) != kind {
			t.Errorf("got %v, want %s", err, kind)
		}
	}
	answer := httptest.NewRecorder()
	watch.metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if !strings.Contains(answer.Body.String(), "\ninfin8_sign_in_failures_total 1\n") {
		t.Errorf("got %s, want one failure", answer.Body)
	}
}
