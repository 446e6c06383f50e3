package llm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/infin8content/engine/internal/cost"
)

// ErrNotYet means that the provider does not know the generation, or not its cost. It may know seconds later, or
// never.
var ErrNotYet = errors.New("llm: the provider does not know the cost of the generation yet")

// maxIDBytes is far above the length of any generation id seen.
const maxIDBytes = 200

// Generation is what the provider's books say about one answer. It is what counts when the stream did not say it.
type Generation struct {
	ID, Model, Provider string
	Usage               cost.Usage
	Cost                cost.Pico
	// Cancelled is true when the request was aborted before the answer was complete.
	Cancelled bool
}

type wireGeneration struct {
	ID               string          `json:"id"`
	Model            string          `json:"model"`
	Provider         string          `json:"provider_name"`
	TotalCost        json.RawMessage `json:"total_cost"`
	Cancelled        *bool           `json:"cancelled"`
	Prompt           count           `json:"tokens_prompt"`
	Completion       count           `json:"tokens_completion"`
	NativePrompt     count           `json:"native_tokens_prompt"`
	NativeCompletion count           `json:"native_tokens_completion"`
	NativeReasoning  count           `json:"native_tokens_reasoning"`
	NativeCached     count           `json:"native_tokens_cached"`
	SearchResults    count           `json:"num_search_results"`
}

// Generation asks what an answer cost. ErrNotYet says that there is no figure yet; any other error is an *Error about
// this question, whose Charge is ChargeUnknown since a failed question proves nothing about the answer. It charges
// nothing and may be repeated.
func (c *Client) Generation(ctx context.Context, id string) (Generation, error) {
	x := c.exchange(ctx)
	defer x.end()
	if id == "" || len(id) > maxIDBytes {
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
	x.heard()
	x.status = response.StatusCode
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return Generation{}, ErrNotYet
	default:
		return Generation{}, lookup(x.refused(response))
	}
	body, err := io.ReadAll(&limitedReader{from: response.Body, left: maxErrorBytes})
	if err != nil {
		return Generation{}, lookup(x.failed(err, Answer{}))
	}
	return c.readGeneration(id, body)
}

// lookup makes the charge of a failed question unknown.
func lookup(e *Error) *Error {
	e.Charge = ChargeUnknown
	return e
}

func (c *Client) readGeneration(id string, body []byte) (Generation, error) {
	unusable := func(message string, cause error) error {
		return &Error{
			Class: InvalidOutput, Charge: ChargeUnknown, Status: http.StatusOK, Message: message, cause: cause,
		}
	}
	var wire struct {
		Data  *wireGeneration `json:"data"`
		Error *wireError      `json:"error"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return Generation{}, unusable("the generation cannot be read", err)
	}
	if wire.Error != nil {
		status := wire.Error.status()
		if status == http.StatusNotFound {
			return Generation{}, ErrNotYet
		}
		return Generation{}, &Error{
			Class: classOf(status), Charge: ChargeUnknown, Status: http.StatusOK, Message: c.clean(wire.Error.Message),
		}
	}
	if wire.Data == nil {
		return Generation{}, ErrNotYet
	}
	if wire.Data.ID != id {
		return Generation{}, unusable("the provider answered about another generation", nil)
	}
	amount, reported, err := billed(wire.Data.TotalCost)
	if err != nil {
		return Generation{}, unusable("the cost of the generation is no amount", err)
	}
	if !reported {
		return Generation{}, ErrNotYet
	}
	return wire.Data.generation(amount), nil
}

func (w *wireGeneration) generation(amount cost.Pico) Generation {
	g := Generation{
		ID: w.ID, Model: w.Model, Provider: w.Provider, Cost: amount,
		Cancelled: w.Cancelled != nil && *w.Cancelled,
		Usage: cost.Usage{
			PromptTokens:     int64(w.NativePrompt),
			CompletionTokens: int64(w.NativeCompletion),
			ReasoningTokens:  int64(w.NativeReasoning),
			CachedTokens:     int64(w.NativeCached),
		},
	}
	// The native figures are the ones that are billed; a gateway without them reports its own.
	if g.Usage.PromptTokens == 0 && g.Usage.CompletionTokens == 0 {
		g.Usage.PromptTokens, g.Usage.CompletionTokens = int64(w.Prompt), int64(w.Completion)
	}
	// The books count results, not searches; a model that searched did so once for its answer.
	if w.SearchResults > 0 {
		g.Usage.WebSearches = 1
	}
	return g
}
