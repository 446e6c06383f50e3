package seo

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/cost"
)

// value is a JSON value of the provider, undecoded. Each is decoded by itself, so that an odd one affects no other.
type value json.RawMessage

// object returns the members of an object; nil for any other value.
func (v value) object() map[string]value {
	var raw map[string]json.RawMessage
	if json.Unmarshal(v, &raw) != nil {
		return nil
	}
	members := make(map[string]value, len(raw))
	for name, member := range raw {
		members[name] = value(member)
	}
	return members
}

// list returns the elements of a list; nil for any other value.
func (v value) list() []value {
	var raw []json.RawMessage
	if json.Unmarshal(v, &raw) != nil {
		return nil
	}
	elements := make([]value, len(raw))
	for i, element := range raw {
		elements[i] = value(element)
	}
	return elements
}

// there reports whether there is a value other than null.
func (v value) there() bool { return len(v) > 0 && string(v) != "null" }

// text returns a string, the digits of a number, or "".
func (v value) text() string {
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	if len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') {
		return string(v)
	}
	return ""
}

// number returns a whole number that is not negative, which may be written as a string or a decimal; nil for any other
// value.
func (v value) number() *int {
	n, err := strconv.ParseFloat(strings.TrimSpace(v.text()), 64)
	if err != nil || n != math.Trunc(n) || n < 0 || n > math.MaxInt32 {
		return nil
	}
	whole := int(n)
	return &whole
}

// code returns a status code, or 0.
func (v value) code() int {
	if n := v.number(); n != nil {
		return *n
	}
	return 0
}

// flag reports whether the value is true, which may be written as a string or as 1.
func (v value) flag() bool {
	text := strings.ToLower(strings.Trim(string(v), `"`))
	return text == "true" || text == "1"
}

// amount returns an amount of money. It reads the decimal text on the wire, quoted or not, and never a float. It is nil
// for a missing value, and for one that is no amount or more than any call costs.
func (v value) amount() *cost.Pico {
	if !v.there() {
		return nil
	}
	amount, err := cost.ParseBilled(strings.TrimSpace(strings.Trim(string(v), `"`)))
	if err != nil || amount < 0 || amount > cost.MaxCallCost {
		return nil
	}
	return &amount
}
