package gqlhttp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/gqlhttp"
)

func TestOpen_AFullOrganizationGetsNoStream(t *testing.T) {
	t.Parallel()
	refused := func(context.Context) (func(), error) { return nil, rateLimited{} }
	b := graphtest.New(t).With(func(o *gqlhttp.Options) { o.Open = refused })
	answer := b.Post(map[string]any{"query": `subscription { organizationTransitioned { resync } }`},
		"Accept", "text/event-stream")
	if got := answer.Header().Get("Retry-After"); answer.Code != http.StatusTooManyRequests || got != "7" ||
		graphtest.CodeOf(t, answer) != "RATE_LIMITED" {
		t.Errorf("got %d, Retry-After %q, %s, want 429", answer.Code, got, answer.Body)
	}
}
