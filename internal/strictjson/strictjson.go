package gqlhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// errText is about text that encoding/json would quietly read as U+FFFD: what is kept would not be what was sent.
var errText = errors.New("this is not valid Unicode text")

// decodeJSON reads exactly one JSON value of valid text. Numbers stay the text they were.
func decodeJSON(text []byte, into any) error {
	if !utf8.Valid(text) || hasHalfPair(text) {
		return errText
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the value")
	}
	return nil
}

// hasHalfPair reports whether JSON text has the escape of one half of a surrogate pair without the other.
func hasHalfPair(text []byte) bool {
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

// escaped returns the code unit that text begins with, if it begins with one: \u and four digits.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
