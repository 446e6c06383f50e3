package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/infin8content/engine/internal/cost"
)

// MaxModels is the most models of one request, as of one estimate.
const MaxModels = 8

// Message is one turn of the conversation. Role is "system", "user" or "assistant".
type Message struct{ Role, Content string }

// Request is one question to a model. The provider tries the models in order, and any of them may answer.
type Request struct {
	Models      []string
	Messages    []Message
	MaxTokens   int64
	Temperature float64
	// Schema is the form of the answer; nil for free text.
	Schema *Schema
	// Ceiling is the highest accepted price. It is always sent: the zero Ceiling accepts only free models.
	Ceiling cost.Ceiling
}

// Schema is a JSON Schema with the name that a model and the sandbox get.
type Schema struct {
	Name string
	Body json.RawMessage
}

type wireMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// maxPrice is in USD per million tokens, and per request. Prices are sent as decimal text, so none is rounded.
type maxPrice struct {
	Prompt     string `json:"prompt"`
	Completion string `json:"completion"`
	Request    string `json:"request"`
}

type include struct {
	Include bool `json:"include"`
}

type includeUsage struct {
	IncludeUsage bool `json:"include_usage"`
}

type wireProvider struct {
	MaxPrice maxPrice `json:"max_price"`
	// RequireParameters keeps the request from models that would ignore the schema.
	RequireParameters bool `json:"require_parameters,omitempty"`
}

type wireSchema struct {
	Name   string          `json:"name"`
	Strict bool            `json:"strict"`
	Schema json.RawMessage `json:"schema"`
}

type wireFormat struct {
	Type   string     `json:"type"`
	Schema wireSchema `json:"json_schema"`
}

type wireRequest struct {
	Model       string        `json:"model"`
	Models      []string      `json:"models,omitempty"`
	Messages    []wireMessage `json:"messages"`
	MaxTokens   int64         `json:"max_tokens"`
	Temperature float64       `json:"temperature"`
	Stream      bool          `json:"stream"`
	// OpenRouter reports usage without these two fields. Gateways with its older API need one of them.
	StreamOptions includeUsage `json:"stream_options"`
	Usage         include      `json:"usage"`
	Provider      wireProvider `json:"provider"`
	Format        *wireFormat  `json:"response_format,omitempty"`
}

// Body returns the serialized request, byte for byte as Complete sends it. A token is at least one byte, so the length
// of the body bounds the tokens of the prompt. An error means an invalid request.
func (r Request) Body() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	ceiling, err := maxPriceOf(r.Ceiling)
	if err != nil {
		return nil, err
	}
	wire := wireRequest{
		Model:         r.Models[0],
		Models:        r.Models[1:],
		Messages:      make([]wireMessage, len(r.Messages)),
		MaxTokens:     r.MaxTokens,
		Temperature:   r.Temperature,
		Stream:        true,
		StreamOptions: includeUsage{IncludeUsage: true},
		Usage:         include{Include: true},
		Provider:      wireProvider{MaxPrice: ceiling},
	}
	if r.Schema != nil {
		wire.Provider.RequireParameters = true
		wire.Format = &wireFormat{
			Type:   "json_schema",
			Schema: wireSchema{Name: r.Schema.Name, Strict: true, Schema: r.Schema.Body},
		}
	}
	for i, m := range r.Messages {
		wire.Messages[i] = wireMessage(m)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(wire); err != nil {
		return nil, fmt.Errorf("llm: encode the request: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func (r Request) check() error {
	switch {
	case len(r.Models) == 0 || len(r.Models) > MaxModels:
		return fmt.Errorf("llm: a request names 1 to %d models, not %d", MaxModels, len(r.Models))
	case len(r.Messages) == 0:
		return errors.New("llm: a request has at least one message")
	case r.MaxTokens < 1:
		return errors.New("llm: max_tokens must be at least 1: without it no price bounds the answer")
	case math.IsNaN(r.Temperature) || r.Temperature < 0 || r.Temperature > 2:
		return errors.New("llm: the temperature is between 0 and 2")
	}
	if r.Schema != nil && (r.Schema.Name == "" || !json.Valid(r.Schema.Body)) {
		return errors.New("llm: a schema has a name and is JSON")
	}
	for _, model := range r.Models {
		if model == "" {
			return errors.New("llm: a model's name is empty")
		}
	}
	return nil
}

// maxPriceOf converts prices per unit to the units of the API. The API has no ceiling for searches. Models that search
// list that fee per request, so both fees share the ceiling per request.
func maxPriceOf(c cost.Ceiling) (maxPrice, error) {
	const million = 1_000_000
	prompt, err := c.Prompt.Times(million)
	if err != nil {
		return maxPrice{}, fmt.Errorf("llm: price ceiling of the prompt: %w", err)
	}
	completion, err := c.Completion.Times(million)
	if err != nil {
		return maxPrice{}, fmt.Errorf("llm: price ceiling of the completion: %w", err)
	}
	request, err := c.Request.Add(c.WebSearch)
	if err != nil {
		return maxPrice{}, fmt.Errorf("llm: price ceiling of the request: %w", err)
	}
	return maxPrice{Prompt: prompt.String(), Completion: completion.String(), Request: request.String()}, nil
}
