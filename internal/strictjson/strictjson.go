// Package strictjson reads JSON that has one meaning only: exactly one value, valid Unicode, and in objects each name
// once. It refuses everything that encoding/json repairs or drops without an error. It does no I/O.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrUnicode refuses text that encoding/json reads as U+FFFD: the value read would differ from the value sent.
var ErrUnicode = errors.New("this is not valid Unicode text")

var (
	errTrailing = errors.New("there is something after the value")
	errDepth    = errors.New("the value is nested too deep")
	errNoObject = errors.New("this is not a JSON object")
)

// DuplicateError says that an object has a name twice.
type DuplicateError struct{ Name string }

func (e *DuplicateError) Error() string { return fmt.Sprintf("the name %.40q comes twice", e.Name) }

// Unmarshal reads exactly one value into a Go value. Numbers in an any stay the text that they are. It does not look
// for equal names.
func Unmarshal(text []byte, into any) error {
	if !utf8.Valid(text) || HasHalfPair(text) {
		return ErrUnicode
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	return end(decoder)
}

// Object reads exactly one object, of at most maxDepth objects and lists inside each other. No object in it may have a
// name twice. Numbers are json.Number.
func Object(text []byte, maxDepth int) (map[string]any, error) {
	if !utf8.Valid(text) || HasHalfPair(text) {
		return nil, ErrUnicode
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	read, err := value(decoder, maxDepth)
	if err != nil {
		return nil, err
	}
	object, is := read.(map[string]any)
	if !is {
		return nil, errNoObject
	}
	return object, end(decoder)
}

// value reads a value of at most depth objects and lists inside each other.
func value(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	opening, isNested := token.(json.Delim)
	switch {
	case !isNested:
		return token, nil
	case depth == 0:
		return nil, errDepth
	case opening == '[':
		list := []any{}
		for decoder.More() {
			item, err := value(decoder, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := decoder.Token()
		return list, err
	}
	object := map[string]any{}
	err = names(decoder, func(name string) (err error) {
		object[name], err = value(decoder, depth-1)
		return err
	})
	return object, err
}

// Member is a member of an object. Its value is as it was written.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Members reads exactly one object into its members, in order. No name may come twice; names inside the values may.
func Members(text []byte) ([]Member, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, errNoObject
	}
	var members []Member
	err := names(decoder, func(name string) error {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		members = append(members, Member{Name: name, Value: raw})
		return err
	})
	if err != nil {
		return nil, err
	}
	return members, end(decoder)
}

// names reads an object behind its bracket. It calls visit for each name, to read the value.
func names(decoder *json.Decoder, visit func(name string) error) error {
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // The decoder accepts no other token here.
		if seen[name] {
			return &DuplicateError{Name: name}
		}
		seen[name] = true
		if err := visit(name); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

func end(decoder *json.Decoder) error {
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

// HasHalfPair reports whether a text has the escape \uXXXX of one half of a surrogate pair without the other half.
func HasHalfPair(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return false
		}
		text = text[i:]
		first, is := escaped(text)
		switch {
		case !is:
			text = text[2:]
			continue
		case utf16.IsSurrogate(first):
			second, _ := escaped(text[6:])
			if utf16.DecodeRune(first, second) == utf8.RuneError {
				return true
			}
			text = text[6:]
		}
		text = text[6:]
	}
}

// escaped returns the code unit of the escape \uXXXX that a text begins with.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
