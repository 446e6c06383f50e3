package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/cost"
)

// tokenBytes is the most bytes of a token. A token of a real model has about four bytes of English. No token is empty,
// so there are never more tokens than bytes.
const tokenBytes = 4

// tokens splits a text into pieces of at most four bytes, never within a character. Joined they are the text.
func tokens(text string) []string {
	var pieces []string
	for len(text) > 0 {
		end := 0
		for end < len(text) {
			_, size := utf8.DecodeRuneInString(text[end:])
			if end > 0 && end+size > tokenBytes {
				break
			}
			end += size
		}
		pieces = append(pieces, text[:end])
		text = text[end:]
	}
	return pieces
}

// perMessage is the number of tokens of a message beside its words. The JSON around a message is longer.
const perMessage = 3

// promptTokens counts the tokens of a prompt, at most the bytes of its body.
func promptTokens(messages []message, bodyBytes int) int64 {
	count := 0
	for _, m := range messages {
		count += perMessage + len(tokens(m.Role)) + len(tokens(string(m.Content)))
	}
	return int64(min(count, bodyBytes))
}

// amount formats money as the API does: as a JSON number, in scientific notation when it is small.
func amount(p cost.Pico) json.Number {
	if p <= 0 || p >= cost.Dollar/10_000 {
		return json.Number(p.String())
	}
	digits := strconv.FormatInt(int64(p), 10)
	exponent := 12 - (len(digits) - 1) // A pico is 10⁻¹², and the point is after the first digit.
	mantissa := digits[:1]
	if rest := strings.TrimRight(digits[1:], "0"); rest != "" {
		mantissa += "." + rest
	}
	return json.Number(mantissa + "e-" + twoDigits(exponent))
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
