package llm

import (
	"encoding/json"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// Answer is what a model said and what that cost.
type Answer struct {
	// GenerationID is the provider's name for this answer, by which its cost can be looked up.
	GenerationID string
	// Model is the model that answered, Provider the one that served it, both as the provider names them; see cost.CleanName.
	Model, Provider string
	Text            string
	// FinishReason is "stop", or "length" when max_tokens cut the text.
	FinishReason string
	// Usage and Cost are final figures, or none: those of the last usage object of a complete answer. Cost is what the
	// organization pays; nil when the provider did not say.
	Usage cost.Usage
	Cost  *cost.Pico
	// Unclear says that the provider has written figures which are not final or cannot be read: only the provider can
	// say what the answer cost, and no price table may stand in.
	Unclear bool
	// Renamed says that the model's or the provider's name was changed to fit, or an id was dropped.
	Renamed bool
}

// wireError is the error of an answer or a refusal. Its code is a number, or a word when a model's own error is passed
// on.
type wireError struct {
	code      string
	message   string
	moderated bool
	// object says that it has the shape of the API's own errors, which alone can prove something.
	object bool
}

// errorOf reads a field "error"; nil when there is none.
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

// textOf reads the content of a message: a text, or a list of parts of which the texts count. unreadable is true for a
// content that is neither.
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

// finishReasonOf reads a finish reason. One of another shape is its own text: the answer has ended.
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
