package llm

import (
	"encoding/json"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// Answer is the answer of a model and its cost.
type Answer struct {
	// GenerationID is the provider's id of this answer, for the look-up of its cost.
	GenerationID string
	// Model is the model that answered, Provider the company that served it: the provider's names after cost.CleanName.
	Model, Provider string
	Text            string
	// FinishReason is "stop", or "length" when max_tokens cut the text.
	FinishReason string
	// Usage and Cost are final: they come from the last usage object of a complete answer, or are zero and nil. Cost is
	// the amount that the organization pays.
	Usage cost.Usage
	Cost  *cost.Pico
	// Unclear means that the provider has sent figures that are not final or not readable. Only its look-up can settle the
	// call then, not the price table.
	Unclear bool
	// Renamed means that a name was changed by cost.CleanName, or an invalid id was dropped.
	Renamed bool
}

// wireError is the error in an answer or a refusal. Its code is a number, or a word when the provider passes on the
// error of a model.
type wireError struct {
	code      string
	message   string
	moderated bool
	// object means that it has the shape of the API's own errors. No other error proves that nothing was charged.
	object bool
}

// errorOf reads the field "error". It returns nil when there is no error.
func errorOf(raw json.RawMessage) *wireError {
	if f, is := objectOf(raw); is {
		return errorOfFields(f)
	}
	switch string(raw) {
	case "", "null", "false", "0", `""`, "[]":
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	return &wireError{message: text}
}

func errorOfFields(f fields) *wireError {
	metadata, _ := f.object("metadata")
	message := f.text("message")
	if message == "" && present(f["message"]) {
		message = string(f["message"])
	}
	return &wireError{
		code:      f.text("code"),
		message:   message,
		moderated: present(metadata["reasons"]) || present(metadata["flagged_input"]),
		object:    true,
	}
}

// textOf reads the content of a message: a string, or a list of parts, whose texts it joins. unreadable is true for any
// other content.
func textOf(raw json.RawMessage) (text string, unreadable bool) {
	if !present(raw) || json.Unmarshal(raw, &text) == nil {
		return text, false
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		parts = []json.RawMessage{raw}
		if _, is := objectOf(raw); !is {
			return "", true
		}
	}
	var all strings.Builder
	for _, part := range parts {
		var plain string
		if json.Unmarshal(part, &plain) == nil {
			all.WriteString(plain)
			continue
		}
		f, _ := objectOf(part)
		switch f.text("type") {
		case "", "text", "output_text":
			all.WriteString(f.text("text"))
		}
	}
	return all.String(), false
}

// finishReasonOf reads the finish reason. A value of another type counts as well, by its JSON text.
func finishReasonOf(f fields) string {
	if reason := f.text("finish_reason"); reason != "" {
		return cost.CleanName(reason)
	}
	switch raw := string(f["finish_reason"]); raw {
	case "", "null", "false", `""`:
		return ""
	default:
		return cost.CleanName(raw)
	}
}
