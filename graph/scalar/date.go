package scalar

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/cost"
)

// WrittenDate is the text of a client in the place of a day.
type WrittenDate struct{ text string }

// UnmarshalGQL accepts every value; Day checks it. A value that is not text becomes "", which is no day.
func (d *WrittenDate) UnmarshalGQL(v any) error {
	d.text, _ = v.(string)
	return nil
}

// MarshalGQL writes the text.
func (d WrittenDate) MarshalGQL(w io.Writer) {
	// A string always has a JSON form.
	text, _ := json.Marshal(d.text)
	_, _ = w.Write(text)
}

// Day returns the day, or an INVALID_INPUT error about the field.
func (d WrittenDate) Day(field ...string) (cost.Day, error) { return cost.ParseDay(field, d.text) }

// MarshalDate writes a day as a date.
func MarshalDate(day cost.Day) graphql.Marshaler { return quoted(day.String()) }

// UnmarshalDate is never called: days arrive as WrittenDate.
func UnmarshalDate(v any) (cost.Day, error) {
	return 0, fmt.Errorf("a day arrived as %T past its reader", v)
}

// MarshalCount writes a whole number that may need more than 32 bits.
func MarshalCount(n int64) graphql.Marshaler { return MarshalInt64(n) }

// UnmarshalCount is never called: no input has a count.
func UnmarshalCount(v any) (int64, error) {
	return 0, fmt.Errorf("a count arrived as %T", v)
}
