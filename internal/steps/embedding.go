package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
)

// embeddingDimensions is the length of the vectors. A part keeps 100 of them in 35 kB.
const embeddingDimensions = 256

// vectors are the kept vectors: one byte for each dimension.
type vectors struct {
	Vectors [][]byte `json:"vectors"`
}

// embed asks for one vector for each keyword that is clustered, all in one request. warning says why there are none.
func (s *clustering) embed(
	ctx context.Context, v visit, keywords []content.TopicKeyword,
) (part engine.Part, warning string, err error) {
	if s.options.EmbeddingModel == "" {
		return engine.Part{}, "No embedding model is set. Keywords were compared by their letters.", nil
	}
	request := llm.EmbeddingRequest{Model: s.options.EmbeddingModel, Dimensions: embeddingDimensions}
	var texts []llm.Message
	for _, k := range keywords {
		if k.Dropped == "" {
			request.Texts = append(request.Texts, k.Text)
			texts = append(texts, llm.Message{Content: k.Text})
		}
	}
	part, err = v.ask(ctx, partKey("embedding", texts), question{
		embedding: &request,
		read:      func(text string) ([]byte, error) { return readVectors(text, len(request.Texts)) },
	})
	if err != nil {
		if warning = withoutEmbeddings(err); warning != "" {
			return engine.Part{}, warning, nil
		}
	}
	return part, "", err
}

func isPriceUnknown(err error) bool {
	var unknown *cost.PriceUnknownError
	return errors.As(err, &unknown)
}

// readVectors checks an answer and returns it in the form that is kept: each vector scaled so that its largest number
// is 127, in whole numbers. The angle between two vectors changes by less than a degree.
func readVectors(text string, count int) ([]byte, error) {
	read, err := llm.ParseVectors(text, count, embeddingDimensions)
	if err != nil {
		return nil, err
	}
	kept := vectors{Vectors: make([][]byte, len(read))}
	for i, vector := range read {
		var largest float64
		for _, x := range vector {
			largest = max(largest, math.Abs(float64(x)))
		}
		kept.Vectors[i] = make([]byte, len(vector))
		for k, x := range vector {
			kept.Vectors[i][k] = byte(int8(math.Round(127 * float64(x) / largest)))
		}
	}
	return json.Marshal(kept)
}

// vectorsOf returns the kept vectors by the normalised text of the keywords.
func vectorsOf(keywords []content.TopicKeyword, part engine.Part) (map[string][]float32, error) {
	var kept vectors
	if err := json.Unmarshal(part.Content, &kept); err != nil {
		return nil, fmt.Errorf("read the kept vectors: %w", err)
	}
	byText := map[string][]float32{}
	for i, bytes := range kept.Vectors {
		vector := make([]float32, len(bytes))
		for k, b := range bytes {
			vector[k] = float32(int8(b))
		}
		byText[keywords[i].Normalised] = vector // Those that are clustered come first.
	}
	return byText, nil
}
