package llm

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// fields are the members of a JSON object as they stand on the wire. Each is read by itself, so that an odd one spoils
// nothing but itself. Names are compared exactly.
type fields map[string]json.RawMessage

// objectOf returns the fields of a JSON object, and false when raw is none. Control characters within texts are not
// JSON; they are read as spaces, since a provider that forgets to escape them must not lose its cost by that.
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

// object returns a field that is an object; of any other field it has no fields, and odd says that the field is there.
func (f fields) object(name string) (of fields, odd bool) {
	of, is := objectOf(f[name])
	return of, !is && present(f[name])
}

// first returns the first object of a list, or the object that stands in its place.
func (f fields) first(name string) fields {
	var list []json.RawMessage
	if json.Unmarshal(f[name], &list) == nil && len(list) > 0 {
		of, _ := objectOf(list[0])
		return of
	}
	of, _ := objectOf(f[name])
	return of
}

// text returns a field that is a text, the digits of one that is a number, and "" otherwise.
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

// count returns a field that is a number of tokens, written in any way; no field counts as 0. Of anything else it is 0,
// and odd.
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

// flag returns a field that is true or false, written in any way, and whether it says either.
func (f fields) flag(name string) (is, said bool) {
	switch strings.ToLower(strings.Trim(string(f[name]), `"`)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// amount returns a field that is an amount of money, read as the decimal text that stands on the wire, quoted or not.
// It is never a float. said is false when there is no such field, the error is for one that is no amount.
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

// present reports whether there is a value that is not null.
func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// firstValue returns the first JSON value of a body, and what follows it but for white space.
func firstValue(body []byte) (value, rest []byte) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	if decoder.Decode(&first) != nil {
		return body, nil
	}
	return first, bytes.TrimSpace(body[decoder.InputOffset():])
}
