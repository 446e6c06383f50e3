package cost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// jsonLines reads JSON token by token and counts lines, for errors. It refuses an object with a repeated key.
type jsonLines struct {
	text []byte
	json *json.Decoder
	// line is the line of offset.
	line, offset int
}

// value is a JSON value with the line of its beginning. The zero value is a missing one.
type value struct {
	raw  json.RawMessage
	line int
}

func newJSONLines(text []byte, line int) *jsonLines {
	return &jsonLines{text: text, json: json.NewDecoder(bytes.NewReader(text)), line: line}
}

// at returns the line of an offset. Offsets must not decrease.
func (l *jsonLines) at(offset int) int {
	if offset = min(offset, len(l.text)); offset > l.offset {
		l.line += bytes.Count(l.text[l.offset:offset], []byte{'\n'})
		l.offset = offset
	}
	return l.line
}

func (l *jsonLines) here() int { return l.at(int(l.json.InputOffset())) }

// unreadable returns the error of text that is no JSON, with its line.
func (l *jsonLines) unreadable(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return &lineError{l.at(int(syntax.Offset)), syntax.Error()}
	}
	return &lineError{l.at(len(l.text)), "the text ends too early"}
}

// open reads an opening bracket; what names it in the error.
func (l *jsonLines) open(bracket json.Delim, what string) error {
	token, err := l.json.Token()
	if err != nil {
		return l.unreadable(err)
	}
	if token != bracket {
		return &lineError{l.here(), "there should be " + what}
	}
	return nil
}

// object calls visit for each key; visit reads the value.
func (l *jsonLines) object(visit func(key string) error) error {
	if err := l.open('{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for l.json.More() {
		token, err := l.json.Token()
		if err != nil {
			return l.unreadable(err)
		}
		key, _ := token.(string) // The decoder accepts only a string here.
		if seen[key] {
			return &lineError{l.here(), fmt.Sprintf("%.40q comes twice", key)}
		}
		seen[key] = true
		if err := visit(key); err != nil {
			return err
		}
	}
	return l.close()
}

// array calls visit before each element; visit reads it.
func (l *jsonLines) array(visit func() error) error {
	if err := l.open('[', "a list"); err != nil {
		return err
	}
	for l.json.More() {
		if err := visit(); err != nil {
			return err
		}
	}
	return l.close()
}

func (l *jsonLines) close() error {
	if _, err := l.json.Token(); err != nil {
		return l.unreadable(err)
	}
	return nil
}

// value reads the next value, of any type.
func (l *jsonLines) value() (value, error) {
	var raw json.RawMessage
	if err := l.json.Decode(&raw); err != nil {
		return value{}, l.unreadable(err)
	}
	return value{raw, l.at(int(l.json.InputOffset()) - len(raw))}, nil
}

// end refuses text after the value.
func (l *jsonLines) end() error {
	if _, err := l.json.Token(); !errors.Is(err, io.EOF) {
		return &lineError{l.here(), "something follows the list"}
	}
	return nil
}

func (v value) lines() *jsonLines { return newJSONLines(v.raw, v.line) }

func (v value) isNull() bool { return v.raw == nil || string(v.raw) == "null" }

// text returns the string of the value, and false when it is none.
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
