package postgres

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
)

// The lists of an audit contain all organizations. They need the owner of the tables: for other roles they fail
// instead of omitting rows.

// auditPage is the number of rows that the lists of an audit read at a time.
const auditPage = 5000

// pages reads until a page is not full.
func pages[Row any](read func() ([]Row, error), visit func(Row) error) error {
	for {
		rows, err := read()
		if err != nil {
			return translate(err)
		}
		for _, row := range rows {
			if err := visit(row); err != nil {
				return err
			}
		}
		if len(rows) < auditPage {
			return nil
		}
	}
}

// exportPage is how many rows an export has in memory at a time.
const exportPage = 500

// texts returns a list of states as text, since the driver encodes arrays of text.
func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// utc returns the same moment in UTC.
func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	moment := at.UTC()
	return &moment
}

// one turns "no rows" into found = false, which is an answer, not an error.
func one[Row, Value any](row Row, err error, convert func(Row) Value) (Value, bool, error) {
	var none Value
	if errors.Is(err, pgx.ErrNoRows) {
		return none, false, nil
	}
	if err != nil {
		return none, false, translate(err)
	}
	return convert(row), true, nil
}

// many converts the rows of a list.
func many[Row, Value any](rows []Row, err error, convert func(Row) Value) ([]Value, error) {
	if err != nil {
		return nil, translate(err)
	}
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = convert(row)
	}
	return values, nil
}

// group collects values by owner and keeps their order.
func group[Value any](values []Value, err error, by func(Value) uuid.UUID) (map[uuid.UUID][]Value, error) {
	if err != nil {
		return nil, err
	}
	groups := map[uuid.UUID][]Value{}
	for _, v := range values {
		groups[by(v)] = append(groups[by(v)], v)
	}
	return groups, nil
}

// orNone returns an empty list for nil, which would be NULL.
func orNone[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// pointer returns nil for the zero value, which the database keeps as NULL.
func pointer[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// value returns the zero value for nil.
func value[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// before returns the states that a call may come from when it becomes next, as parameters.
func before(next cost.CallState) []string {
	var states []string
	for _, s := range cost.CallStates() {
		if s.MayBecome(next) {
			states = append(states, string(s))
		}
	}
	return states
}
