// Package scalar has the text forms of the API's scalars: cursors, amounts of money, times, and whole numbers. It turns
// a domain value into text, and text into a domain value or an INVALID_INPUT error. Each value has one text. It refuses
// to depend on what the values are for.
//
// An ID, USD or DateTime of a client arrives as text, not as a value. A bad one must become a user error with its
// field, and only the decoder of the input has the field.
package scalar

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/fault"
)

// MarshalInt writes a whole number.
func MarshalInt(n int) graphql.Marshaler { return MarshalInt64(int64(n)) }

// UnmarshalInt reads a signed whole number of 32 bits, the Int of GraphQL. Any other value is INVALID_INPUT.
func UnmarshalInt(v any) (int, error) {
	n, err := UnmarshalInt64(v)
	return int(n), err
}

// MarshalInt64 writes a whole number. Only the number of rows of one account can exceed 32 bits.
func MarshalInt64(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatInt(n, 10)) })
}

// UnmarshalInt64 is UnmarshalInt for fields of 64 bits. It accepts 32 bits only.
func UnmarshalInt64(v any) (int64, error) {
	var n int64
	var err error
	switch v := v.(type) {
	case int64:
		n = v
	case int:
		n = int64(v)
	case json.Number:
		n, err = strconv.ParseInt(v.String(), 10, 64)
	default:
		return 0, notInt()
	}
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return 0, notInt()
	}
	return n, nil
}

func notInt() error {
	return fault.New(fault.InvalidInput, "A whole number from %d to %d is wanted.", math.MinInt32, math.MaxInt32)
}

// quoted writes text that needs no escape.
func quoted(text string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, `"`+text+`"`) })
}
