package graph

import "strings"

// SDL returns the text of the schema, with its comments and descriptions.
func SDL() string {
	var text strings.Builder
	for _, source := range sources {
		if !source.BuiltIn {
			text.WriteString(source.Input)
		}
	}
	return text.String()
}
