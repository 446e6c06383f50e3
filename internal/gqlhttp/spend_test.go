package gqlhttp_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/gqlhttp"
)

// rateLimited is the error of an empty bucket.
type rateLimited struct{}

func (rateLimited) Error() string    { return "Too fast." }
func (rateLimited) Kind() fault.Kind { return fault.RateLimited }
func (rateLimited) Seconds() int     { return 7 }

const (
	aQuery    = `{ workflows(first: 9) { nodes { id } } }`
	aMutation = `mutation { cancelWorkflow(input: {workflowId: "wf_1"}) { replayed } }`
)

func TestSpend_TakesTheComplexityFromTheOrganization(t *testing.T) {
	t.Parallel()
	var spent int64
	b := graphtest.New(t).With(func(o *gqlhttp.Options) {
		o.Spend = func(_ context.Context, organization uuid.UUID, cost int64) error {
			if organization != graphtest.TheOrganization {
				t.Errorf("got the organization %s", organization)
			}
			spent += cost
			return nil
		}
	})
	const tooMuch = `{ workflows(first: 100) { nodes { spend { held } transitions(first: 9) { nodes { id } } } } }`
	for _, operation := range []string{aQuery, aMutation, `{ nonsense }`, tooMuch} {
		b.Post(map[string]any{"query": operation})
	}
	if want := int64(10 + 11); spent != want {
		t.Errorf("got %d spent, want %d: a refused operation spends nothing", spent, want)
	}
}

func TestSpend_ARateLimitHasRetryAfter(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) {
		o.Spend = func(context.Context, uuid.UUID, int64) error { return rateLimited{} }
	})
	for accept, status := range map[string]int{
		"application/json": http.StatusOK, "application/graphql-response+json": http.StatusTooManyRequests,
	} {
		answer := b.Post(map[string]any{"query": aQuery}, "Accept", accept)
		if got := answer.Header().Get("Retry-After"); answer.Code != status || got != "7" {
			t.Errorf("%s: got %d and Retry-After %q, want %d and 7", accept, answer.Code, got, status)
		}
		if got := graphtest.CodeOf(t, answer); got != "RATE_LIMITED" {
			t.Errorf("%s: got %s", accept, answer.Body)
		}
	}
}

func TestSpend_WithoutAnAnswerAQueryPassesAndAMutationDoesNot(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) {
		o.Spend = func(context.Context, uuid.UUID, int64) error { return errors.New("the database is away") }
	})
	for operation, want := range map[string]string{aQuery: "", aMutation: "UNAVAILABLE"} {
		if got := graphtest.CodeOf(t, b.Post(map[string]any{"query": operation})); got != want {
			t.Errorf("%s: got %q, want %q", operation, got, want)
		}
	}
}
