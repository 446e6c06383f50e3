package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/fault"
)

// dateTime always has six decimals, as PostgreSQL keeps them, so that times sort as text.
const dateTime = "2006-01-02T15:04:05.000000Z07:00"

// WrittenDateTime is the text of a client in the place of a time.
type WrittenDateTime struct{ text string }

// WriteDateTime returns a time as a client writes it.
func WriteDateTime(text string) WrittenDateTime { return WrittenDateTime{text: text} }

// UnmarshalGQL accepts every value; Time checks it. A value that is not text becomes "", which is no time.
func (d *WrittenDateTime) UnmarshalGQL(v any) error {
	d.text, _ = v.(string)
	return nil
}

// MarshalGQL writes the text.
func (d WrittenDateTime) MarshalGQL(w io.Writer) {
	// A string always has a JSON form.
	text, _ := json.Marshal(d.text)
	_, _ = w.Write(text)
}

// Time returns the time in UTC, or an INVALID_INPUT error without a field. Years are 1 to 9999 (RFC 3339).
func (d WrittenDateTime) Time() (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, d.text)
	if err != nil || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return time.Time{}, fault.New(fault.InvalidInput, `A moment is RFC 3339 text: "2026-02-01T09:30:00Z".`)
	}
	return at.UTC(), nil
}

// MarshalDateTime writes a time in UTC with microseconds.
func MarshalDateTime(at time.Time) graphql.Marshaler { return quoted(at.UTC().Format(dateTime)) }

// UnmarshalDateTime is never called: times arrive as WrittenDateTime.
func UnmarshalDateTime(v any) (time.Time, error) {
	return time.Time{}, fmt.Errorf("a moment arrived as %T past its reader", v)
}
