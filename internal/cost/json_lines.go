package cost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// walker reads JSON token by token and knows the line it is at. No key of an object may come twice.
type jsonLines struct {
	text []byte
	json *json.Decoder
	// line is the line that offset lies in.
	line, offset int
}

// value is a piece of JSON with the line that it begins in. The zero value is one that is not there.
type value struct {
	raw  json.RawMessage
	line int
}

func newJSONLines(text []byte, line int) *jsonLines {
	return &jsonLines{text: text, json: json.NewDecoder(bytes.NewReader(text)), line: line}
}

// at returns the line of an offset and does not go back before it.
func (w *jsonLines) at(offset int) int {
	if offset = min(offset, len(w.text)); offset > w.offset {
		w.line += bytes.Count(w.text[w.offset:offset], []byte{'\n'})
		w.offset = offset
	}
	return w.line
}

func (w *jsonLines) here() int { return w.at(int(w.json.InputOffset())) }

// unreadable says where the text stops being JSON.
func (w *jsonLines) unreadable(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return &lineError{w.at(int(syntax.Offset)), syntax.Error()}
	}
	return &lineError{w.at(len(w.text)), "the text ends too early"}
}

// open reads the bracket that something begins with.
func (w *jsonLines) open(bracket json.Delim, what string) error {
	token, err := w.json.Token()
	if err != nil {
		return w.unreadable(err)
	}
	if token != bracket {
		return &lineError{w.here(), "there should be " + what}
	}
	return nil
}

// object calls visit for each key; visit reads the value.
func (w *jsonLines) object(visit func(key string) error) error {
	if err := w.open('{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for w.json.More() {
		token, err := w.json.Token()
		if err != nil {
			return w.unreadable(err)
		}
		key, _ := token.(string) // The decoder lets nothing else pass.
		if seen[key] {
			return &lineError{w.here(), fmt.Sprintf("%.40q comes twice", key)}
		}
		seen[key] = true
		if err := visit(key); err != nil {
			return err
		}
	}
	return w.close()
}

// array calls visit before each element; visit reads it.
func (w *jsonLines) array(visit func() error) error {
	if err := w.open('[', "a list"); err != nil {
		return err
	}
	for w.json.More() {
		if err := visit(); err != nil {
			return err
		}
	}
	return w.close()
}

func (w *jsonLines) close() error {
	if _, err := w.json.Token(); err != nil {
		return w.unreadable(err)
	}
	return nil
}

// value reads whatever comes.
func (w *jsonLines) value() (value, error) {
	var raw json.RawMessage
	if err := w.json.Decode(&raw); err != nil {
		return value{}, w.unreadable(err)
	}
	return value{raw, w.at(int(w.json.InputOffset()) - len(raw))}, nil
}

// end refuses whatever follows.
func (w *jsonLines) end() error {
	if _, err := w.json.Token(); !errors.Is(err, io.EOF) {
		return &lineError{w.here(), "something follows the list"}
	}
	return nil
}

func (v value) lines() *jsonLines { return newJSONLines(v.raw, v.line) }

func (v value) isNull() bool { return v.raw == nil || string(v.raw) == "null" }

// text returns the string that the value is.
func (v value) text() (string, bool) {
	var text *string
	err := json.Unmarshal(v.raw, &text)
	if err != nil || text == nil {
		return "", false
	}
	return *text, true
}

// isNothing reports whether the value is null or a zero, as number or text.
func (v value) isNothing() bool {
	text, isText := v.text()
	if !isText {
		text = string(v.raw)
	}
	unit, _, err := parseUnit(text)
	return v.isNull() || (err == nil && unit == 0)
}
