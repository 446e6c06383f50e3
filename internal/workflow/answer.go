package workflow

import (
	"errors"
	"fmt"
	"strings"

	"github.com/infin8content/engine/internal/strictjson"
)

// MaxAnswerBytes bounds a model's answer that ParseAnswer reads.
const MaxAnswerBytes = 256 << 10

// ParseAnswer reads a model's answer into a Go value: one JSON value with nothing around it but white space or one ```
// fence, and without a NUL character. The error says what is wrong and repeats nothing of the answer.
func ParseAnswer(text string, into any) error {
	if len(text) > MaxAnswerBytes {
		return fmt.Errorf("the answer has %d bytes, more than %d", len(text), MaxAnswerBytes)
	}
	if strings.Contains(text, `\u0000`) || strings.Contains(text, "\x00") {
		return errors.New("the answer has a NUL character")
	}
	if err := strictjson.Unmarshal([]byte(unfence(strings.TrimSpace(text))), into); err != nil {
		return errors.New("the answer is not the JSON that was requested")
	}
	return nil
}
