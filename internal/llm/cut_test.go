package llm_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

// TestComplete_NeverTakesAnInterimFigure cuts each variant of an answer at many points. Whatever the client has read by
// then, it may report the final cost or none.
func TestComplete_NeverTakesAnInterimFigure(t *testing.T) {
	t.Parallel()
	for _, v := range sandbox.Variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			scene := sandbox.Scene{
				ID:       "12345",
				Model:    sonar,
				Text:     `{"a": "ü 🚀"}`,
				Usage:    cost.Usage{PromptTokens: 400, CompletionTokens: 200, WebSearches: 1},
				Cost:     cost.Dollar/100 + 7,
				Upstream: v.Upstream(cost.Dollar/100 + 7),
			}
			whole, err := io.ReadAll(v.Response(scene).Body)
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			known := 0
			for end := 0; end <= len(whole); end += max(1, len(whole)/60) {
				response := v.Response(scene)
				response.ContentLength = -1
				response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(whole[:end]), cutBody{}))
				client := newClient(t, llm.Options{HTTPClient: &http.Client{Transport: roundTripper(
					func(*http.Request) (*http.Response, error) { return response, nil })}})
				answer, err := client.Complete(t.Context(), []byte("{}"), ignore)
				var failed *llm.Error
				if errors.As(err, &failed) {
					answer = failed.Answer
				}
				if answer.Cost != nil {
					known++
				}
				if answer.Cost != nil && *answer.Cost != scene.Cost {
					t.Errorf("cut after %d of %d bytes: got the cost %s, want %s or none", end, len(whole), answer.Cost, scene.Cost)
				}
				priced := err == nil && answer.Cost == nil && !answer.Unclear && answer.Usage != cost.Usage{}
				if priced && (answer.Usage != scene.Usage || v.Books != sandbox.BooksList) {
					t.Errorf("cut after %d of %d bytes: got the final usage %+v, want %+v or none", end, len(whole), answer.Usage,
						scene.Usage)
				}
			}
			if known > 0 && v.Books != sandbox.BooksFigure {
				t.Errorf("got a final cost from %d cuts of an answer that is booked by its %s", known, v.Books)
			}
		})
	}
}

// cutBody ends as a broken connection does.
type cutBody struct{}

func (cutBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
