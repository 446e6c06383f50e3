package llm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/infin8content/engine/internal/cost"
)

// ErrNotYet means that the provider has no such generation, or no cost for it. Both may appear seconds later, or never.
var ErrNotYet = errors.New("llm: the provider does not have the cost of the generation yet")

// Generation is the provider's own record of one answer. It settles a call whose answer had no final figure.
type Generation struct {
	// Model and Provider are as the provider names them; see cost.CleanName.
	ID, Model, Provider string
	Usage               cost.Usage
	// Cost is what the organization pays.
	Cost cost.Pico
	// Cancelled is true when the request was aborted before the answer was complete.
	Cancelled bool
}

// Generation looks up the record of an answer. ErrNotYet means that there is no figure yet. Any other error is an
// *Error with ChargeUnknown, since a failed look-up proves nothing about the answer. A look-up is free and may be
// repeated.
func (c *Client) Generation(ctx context.Context, id string) (Generation, error) {
	x := c.exchange(ctx)
	defer x.end()
	if id == "" || cost.CleanGenerationID(id) != id {
		return Generation{}, &Error{Class: InvalidRequest, Charge: ChargeUnknown, Message: "no such generation id"}
	}
	request, err := c.request(x.ctx, http.MethodGet, "/generation?id="+url.QueryEscape(id), nil)
	if err != nil {
		return Generation{}, lookup(x.failed(err, Answer{}))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Generation{}, lookup(x.failed(err, Answer{}))
	}
	defer func() { _ = response.Body.Close() }()
	x.restartSilence()
	x.status = response.StatusCode
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return Generation{}, ErrNotYet
	default:
		return Generation{}, lookup(x.refused(response))
	}
	body, err := io.ReadAll(&limitedReader{from: unpacked(response), left: maxErrorBytes})
	if err != nil {
		return Generation{}, lookup(x.failed(err, Answer{}))
	}
	return c.readGeneration(id, body)
}

// lookup sets the charge of a failed look-up to unknown.
func lookup(e *Error) *Error {
	e.Charge = ChargeUnknown
	return e
}

func (c *Client) readGeneration(id string, body []byte) (Generation, error) {
	unusable := func(message string, cause error) error {
		return &Error{
			Class:   InvalidOutput,
			Charge:  ChargeUnknown,
			Status:  http.StatusOK,
			Message: message,
			cause:   cause,
		}
	}
	wire, is := objectOf(body)
	if !is {
		return Generation{}, unusable("the generation cannot be read", nil)
	}
	if reported := errorOf(wire["error"]); reported != nil {
		status := reported.status()
		if status == http.StatusNotFound {
			return Generation{}, ErrNotYet
		}
		return Generation{}, &Error{
			Class:   classOf(status),
			Charge:  ChargeUnknown,
			Status:  http.StatusOK,
			Message: c.clean(reported.message),
		}
	}
	data, odd := wire.object("data")
	if odd {
		return Generation{}, unusable("the generation is no object", nil)
	}
	if said := data.text("id"); said != "" && said != id {
		return Generation{}, unusable("the provider answered about another generation", nil)
	}
	amount, said, err := paid(bill{
		charged:      data,
		chargedName:  "total_cost",
		upstream:     data,
		upstreamName: "upstream_inference_cost",
	})
	if errors.Is(err, errNoUpstreamCost) {
		return Generation{}, ErrNotYet
	}
	if err != nil {
		return Generation{}, unusable("the cost of the generation is no amount", err)
	}
	if !said {
		return Generation{}, ErrNotYet
	}
	return generationOf(id, data, amount), nil
}

func generationOf(id string, data fields, amount cost.Pico) Generation {
	count := func(name string) int64 {
		n, _ := data.count(name)
		return n
	}
	cancelled, _ := data.flag("cancelled")
	g := Generation{
		ID:        id,
		Model:     cost.CleanName(data.text("model")),
		Provider:  cost.CleanName(data.text("provider_name")),
		Cost:      amount,
		Cancelled: cancelled,
		Usage: cost.Usage{
			PromptTokens:     count("native_tokens_prompt"),
			CompletionTokens: count("native_tokens_completion"),
			ReasoningTokens:  count("native_tokens_reasoning"),
			CachedTokens:     count("native_tokens_cached"),
		},
	}
	// The provider bills its native counts. A gateway without them reports its own.
	if g.Usage.PromptTokens == 0 && g.Usage.CompletionTokens == 0 {
		g.Usage.PromptTokens, g.Usage.CompletionTokens = count("tokens_prompt"), count("tokens_completion")
	}
	// The record counts results, not searches. A model searches once for an answer.
	if count("num_search_results") > 0 {
		g.Usage.WebSearches = 1
	}
	return g
}
