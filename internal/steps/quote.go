package steps

import (
	"encoding/json"
	"fmt"
	"strings"
)

// quote writes a value as JSON for a model. No text in it can end its own quotation and speak for itself. Addresses
// keep their characters, because a model visits them as they are written.
func quote(value any) (string, error) {
	var data strings.Builder
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("quote data for a model: %w", err)
	}
	return data.String(), nil
}
