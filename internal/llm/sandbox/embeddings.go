package sandbox

import (
	"encoding/json"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"strings"
)

// The limits of an embedding request.
const (
	maxInputs         = 2048
	defaultDimensions = 64
	maxDimensions     = 4096
)

type embeddingRequest struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Dimensions int      `json:"dimensions"`
}

// embeddings answers POST /embeddings. A vector counts the words of its text by their hash, so that texts with the same
// words are close to each other. Meaning does not count.
func (s *Sandbox) embeddings(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "The request is too large")
		return
	}
	q := embeddingRequest{Dimensions: defaultDimensions}
	err = json.Unmarshal(body, &q)
	if err != nil || len(q.Input) == 0 || len(q.Input) > maxInputs || q.Dimensions < 1 || q.Dimensions > maxDimensions {
		refuse(w, http.StatusBadRequest, "The request is not valid JSON of this API")
		return
	}
	if _, known := s.ceilingOf(q.Model, len(body), s.now()); !known {
		refuse(w, http.StatusBadRequest, q.Model+" is not a valid model ID")
		return
	}
	injection := s.takeInjection()
	if injection.Kind == InjectionStatus {
		s.refused(w, refusal{injection.Status, "An injected refusal of the sandbox"}, injection)
		return
	}
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	chat := chatRequest{Model: q.Model}
	for _, text := range q.Input {
		chat.Messages = append(chat.Messages, message{Role: "user", Content: content(text)})
	}
	j := s.newJob(chat, body, q.Model, injection)
	data := make([]map[string]any, len(q.Input))
	for i, text := range q.Input {
		data[i] = map[string]any{"object": "embedding", "index": i, "embedding": vectorOf(text, q.Dimensions)}
	}
	c := s.book(j, 0, j.finish, false)
	w.Header().Set("X-Generation-Id", j.id)
	writeJSON(w, http.StatusOK, map[string]any{
		"id":       j.id,
		"object":   "list",
		"provider": Provider,
		"model":    j.model,
		"data":     data,
		"usage": map[string]any{
			"prompt_tokens": c.Usage.PromptTokens,
			"total_tokens":  c.Usage.PromptTokens,
			"cost":          amount(c.Cost),
		},
	})
}

// vectorOf returns a vector of length one.
func vectorOf(text string, dimensions int) []float32 {
	counts := make([]float64, dimensions)
	counts[0] = 0.01 // A text without a word has a direction too.
	for _, word := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(word))
		counts[h.Sum64()%uint64(dimensions)]++
	}
	var squares float64
	for _, n := range counts {
		squares += n * n
	}
	vector := make([]float32, dimensions)
	for i, n := range counts {
		vector[i] = float32(n / math.Sqrt(squares))
	}
	return vector
}
