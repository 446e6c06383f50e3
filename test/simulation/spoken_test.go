package simulation_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

// spoken has the wire forms of each fate.
var spoken = func() map[fate][]sandbox.Variant {
	ways := map[fate][]sandbox.Variant{}
	for _, v := range sandbox.Variants() {
		f := map[sandbox.Booking]fate{
			sandbox.BooksFigure:  priced,
			sandbox.BooksList:    unpriced,
			sandbox.BooksLookup:  cutOff,
			sandbox.BooksHold:    cutOff,
			sandbox.BooksNothing: refused,
		}[v.Books]
		ways[f] = append(ways[f], v)
	}
	return ways
}()

// roundTripper answers requests without a network.
type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// client returns the program's own client with a transport that answers by the charge's variant.
func (c *charge) client() *llm.Client {
	client, err := llm.New(llm.Options{Key: "simulated", HTTPClient: &http.Client{Transport: roundTripper(
		func(r *http.Request) *http.Response {
			if r.Method == http.MethodPost {
				return c.variant.Response(c.scene)
			}
			return &http.Response{
				StatusCode: http.StatusOK,
				Body:       io.NopCloser(strings.NewReader(c.variant.Generation(c.scene))),
			}
		})}})
	if err != nil {
		panic(err)
	}
	return client
}

// speak lets the program's own client read the answer. Its conclusion about the money must equal the fate.
func (p *provider) speak(c *charge) {
	c.scene = sandbox.Scene{
		ID:       c.generation,
		Model:    model,
		Text:     `{"answer": "ünïcode 🚀"}`,
		Usage:    c.usage,
		Cost:     c.cost,
		Upstream: c.variant.Upstream(c.cost),
	}
	ignore := func(context.Context, string) error { return nil }
	answer, err := c.client().Complete(context.Background(), []byte("{}"), ignore)
	charge, failed := llm.ChargeKnown, &llm.Error{}
	if errors.As(err, &failed) {
		answer, charge, c.failed = failed.Answer, failed.Charge, true
	}
	c.heard = answer
	concluded := cutOff
	switch {
	case charge == llm.ChargeNone:
		concluded = refused
	case charge != llm.ChargeKnown:
	case answer.Cost != nil && *answer.Cost == c.cost:
		concluded = priced
	case answer.Cost == nil && !answer.Unclear && answer.Usage == c.usage:
		concluded = unpriced
	}
	if answer.Cost != nil && *answer.Cost != c.cost || concluded != c.fate {
		p.w.failf("%s is read as %s (%v, %v), want %s", c.variant.Name, concluded, answer, err, c.fate)
	}
}
