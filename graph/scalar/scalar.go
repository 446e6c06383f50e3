// Package scalar is how the API's own scalars look as text: typed ids, cursors, amounts of money, moments, and whole
// numbers of 32 bits. It turns domain values into text and text into domain values or an INVALID_INPUT fault, one text
// for each value. It refuses to know what is done with them.
//
// What a client writes where the schema says ID, USD or DateTime arrives as the text it wrote, not yet as a value:
// a bad one must become a userError that names the field, and only the resolver's side knows the field.
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

// UnmarshalInt reads a whole number of 32 bits with a sign, which is what GraphQL calls Int. Anything else is
// INVALID_INPUT: a greater one would fail in the database.
func UnmarshalInt(v any) (int, error) {
	n, err := UnmarshalInt64(v)
	return int(n), err
}

// MarshalInt64 writes a whole number. The few that could outgrow 32 bits count rows of one account.
func MarshalInt64(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatInt(n, 10)) })
}

// UnmarshalInt64 is UnmarshalInt for fields of 64 bits; it accepts no more than that.
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

// quoted writes text that needs no escaping.
func quoted(text string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, `"`+text+`"`) })
}
