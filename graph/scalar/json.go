package scalar

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON is any JSON value, as its text.
type JSON []byte

// UnmarshalGQL accepts every value; the engine checks it.
func (j *JSON) UnmarshalGQL(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write a JSON value: %w", err)
	}
	*j = text
	return nil
}

// MarshalGQL writes the text.
func (j JSON) MarshalGQL(w io.Writer) { _, _ = w.Write(j) }
