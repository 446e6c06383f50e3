package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/fault"
)

// dateTime has six decimals always, so that moments sort as text; PostgreSQL keeps no more.
const dateTime = "2006-01-02T15:04:05.000000Z07:00"

// WrittenDateTime is what a client wrote where a moment is wanted.
type WrittenDateTime struct{ text string }

// WriteDateTime is the moment as a client would write it.
func WriteDateTime(text string) WrittenDateTime { return WrittenDateTime{text: text} }

// UnmarshalGQL accepts everything; Time judges it. What is no text is the empty text, which is no moment.
func (d *WrittenDateTime) UnmarshalGQL(v any) error {
	d.text, _ = v.(string)
	return nil
}

// MarshalGQL writes what was written.
func (d WrittenDateTime) MarshalGQL(w io.Writer) {
	// A string always has a JSON form.
	text, _ := json.Marshal(d.text)
	_, _ = w.Write(text)
}

// Time returns the moment in UTC, or an INVALID_INPUT fault without a field. Years are 1 to 9999, as RFC 3339 has it.
func (d WrittenDateTime) Time() (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, d.text)
	if err != nil || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return time.Time{}, fault.New(fault.InvalidInput, `A moment is RFC 3339 text: "2026-02-01T09:30:00Z".`)
	}
	return at.UTC(), nil
}

// MarshalDateTime writes a moment in UTC with microseconds.
func MarshalDateTime(at time.Time) graphql.Marshaler { return quoted(at.UTC().Format(dateTime)) }

// UnmarshalDateTime is never asked: moments arrive as WrittenDateTime.
func UnmarshalDateTime(v any) (time.Time, error) {
	return time.Time{}, fmt.Errorf("a moment arrived as %T past its reader", v)
}
