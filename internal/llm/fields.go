package llm

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// fields are the members of a JSON object, undecoded. Each is decoded by itself, so that an odd one affects no other.
// Names are case-sensitive.
type fields map[string]json.RawMessage

// objectOf returns the fields of a JSON object, and false for any other value. An unescaped control character within a
// string is invalid JSON and is read as a space.
func objectOf(raw []byte) (fields, bool) {
	var f fields
	if json.Unmarshal(raw, &f) == nil {
		return f, f != nil
	}
	spaced := bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, raw)
	if json.Unmarshal(spaced, &f) == nil {
		return f, f != nil
	}
	return nil, false
}

// object returns the fields of a member that is an object. odd is true for a member of another type.
func (f fields) object(name string) (of fields, odd bool) {
	of, is := objectOf(f[name])
	return of, !is && present(f[name])
}

// first returns the first object of a list, or an object in place of the list.
func (f fields) first(name string) fields {
	var list []json.RawMessage
	if json.Unmarshal(f[name], &list) == nil && len(list) > 0 {
		of, _ := objectOf(list[0])
		return of
	}
	of, _ := objectOf(f[name])
	return of
}

// text returns a string, the digits of a number, or "" for any other value.
func (f fields) text(name string) string {
	raw := f[name]
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	if isNumber(raw) {
		return string(raw)
	}
	return ""
}

// count returns a number of tokens, which may be written as a string or a decimal. A missing field is 0. Any other
// value is 0 and odd.
func (f fields) count(name string) (n int64, odd bool) {
	if !present(f[name]) {
		return 0, false
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(f.text(name)), 64)
	if err != nil || number != math.Trunc(number) || number < 0 || number > cost.MaxTokens {
		return 0, true
	}
	return int64(number), false
}

// flag returns a boolean, which may be written as a string or as 0 or 1. said is false for any other value.
func (f fields) flag(name string) (is, said bool) {
	switch strings.ToLower(strings.Trim(string(f[name]), `"`)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// amount returns an amount of money in dollars. It reads the decimal text on the wire, quoted or not, and never a
// float. said is false for a missing field. The error is for a value that is no amount.
func (f fields) amount(name string) (amount cost.Pico, said bool, err error) {
	raw := f[name]
	if !present(raw) {
		return 0, false, nil
	}
	text := string(raw)
	if raw[0] == '"' {
		text = strings.TrimSpace(f.text(name))
	}
	amount, err = cost.ParseBilled(text)
	return amount, err == nil, err
}

// present reports whether there is a value other than null.
func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// firstValue returns the first JSON value of a body, and the rest without white space.
func firstValue(body []byte) (value, rest []byte) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	if decoder.Decode(&first) != nil {
		return body, nil
	}
	return first, bytes.TrimSpace(body[decoder.InputOffset():])
}
