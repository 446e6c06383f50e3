package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/infin8content/engine/internal/cost"
)

// The limits of an embedding request.
const (
	maxInputs     = 200
	maxDimensions = 4096
)

// EmbeddingRequest asks a model for one vector for each text.
type EmbeddingRequest struct {
	Model      string
	Texts      []string
	Dimensions int
	// Ceiling is the highest accepted price. It is always sent.
	Ceiling cost.Ceiling
}

// Body returns the serialized request, byte for byte as Embed sends it. A token is at least one byte, so the length of
// the body bounds the tokens.
func (r EmbeddingRequest) Body() ([]byte, error) {
	switch {
	case r.Model == "":
		return nil, errors.New("llm: a model's name is empty")
	case len(r.Texts) == 0 || len(r.Texts) > maxInputs:
		return nil, fmt.Errorf("llm: a request has 1 to %d texts, not %d", maxInputs, len(r.Texts))
	case r.Dimensions < 1 || r.Dimensions > maxDimensions:
		return nil, fmt.Errorf("llm: a vector has 1 to %d dimensions", maxDimensions)
	}
	ceiling, err := maxPriceOf(r.Ceiling)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(struct {
		Model      string       `json:"model"`
		Input      []string     `json:"input"`
		Dimensions int          `json:"dimensions"`
		Format     string       `json:"encoding_format"`
		Provider   wireProvider `json:"provider"`
	}{r.Model, r.Texts, r.Dimensions, "float", wireProvider{MaxPrice: ceiling}})
	if err != nil {
		return nil, fmt.Errorf("llm: encode the request: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// vectors reads an answer of /embeddings: one JSON object whose member data is kept as the text of the answer.
func (r *reading) vectors(body io.Reader) (Answer, error) {
	raw, err := io.ReadAll(&limitedReader{from: body, left: r.client.maxBytes})
	if err != nil {
		return Answer{}, r.broken(err)
	}
	first, rest := firstValue(raw)
	f, is := objectOf(first)
	if !is {
		return Answer{}, r.unreadable("the answer is no JSON object", nil)
	}
	if reported := errorOf(f["error"]); reported != nil {
		return Answer{}, r.report(f, reported)
	}
	r.name(f)
	if err := r.identify(f); err != nil {
		return Answer{}, err
	}
	r.answer.FinishReason = "stop"
	r.text.Write(f["data"])
	if present(f["usage"]) {
		read := figuresOf(f["usage"])
		r.last, r.final = &read, len(rest) == 0
		r.costed = read.cost != nil || read.unclear
	}
	return r.conclude(true)
}

// ParseVectors reads the text of an answer of Embed: one vector of the given length for each of count texts, in the
// order of the texts.
func ParseVectors(text string, count, dimensions int) ([][]float32, error) {
	var data []struct {
		Index     *int      `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return nil, errors.New("the vectors cannot be read")
	}
	if len(data) != count {
		return nil, fmt.Errorf("the answer has %d vectors for %d texts", len(data), count)
	}
	vectors := make([][]float32, count)
	for at, item := range data {
		if item.Index != nil {
			at = *item.Index
		}
		switch {
		case at < 0 || at >= count || vectors[at] != nil:
			return nil, errors.New("two vectors are for the same text")
		case len(item.Embedding) != dimensions:
			return nil, fmt.Errorf("a vector has %d dimensions, not %d", len(item.Embedding), dimensions)
		}
		var length float64
		for _, x := range item.Embedding {
			length += float64(x) * float64(x)
		}
		if length == 0 || math.IsInf(length, 0) || math.IsNaN(length) {
			return nil, errors.New("a vector has no direction")
		}
		vectors[at] = item.Embedding
	}
	return vectors, nil
}
