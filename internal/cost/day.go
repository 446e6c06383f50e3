package cost

import (
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// Day is a calendar date, counted in days from 1970-01-01. Its first and last instant depend on a time zone.
type Day int32

const secondsOfDay = 24 * 60 * 60

// NewDay returns the date of a time in the time's own zone.
func NewDay(date time.Time) Day {
	year, month, day := date.Date()
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// ParseDay reads a date such as "2026-03-01", of the years 1970 to 9999. The error is an INVALID_INPUT fault about the
// field.
func ParseDay(field []string, text string) (Day, error) {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil || date.Year() < 1970 || date.Year() > 9999 {
		return 0, fault.Invalid(field, `A day is a date such as "2026-03-01".`)
	}
	return NewDay(date), nil
}

// DayOf returns the day of an IANA time zone that an instant belongs to. As with Month, a day begins at the first
// instant at which the zone's clocks show it or a later one, so that each instant has exactly one day, whatever the
// clocks do. The error is that of CheckTimeZone.
func DayOf(at time.Time, timeZone string) (Day, error) {
	zone, err := loadZone(timeZone)
	if err != nil {
		return 0, err
	}
	day := NewDay(at.In(zone))
	if !at.Before(dayStart((day + 1).Date(), zone)) {
		day++ // Clocks set back over midnight show the old day again after the new one has begun.
	}
	return day, nil
}

// Start returns the first instant of the day in an IANA time zone. The error is that of CheckTimeZone.
func (d Day) Start(timeZone string) (time.Time, error) {
	zone, err := loadZone(timeZone)
	if err != nil {
		return time.Time{}, err
	}
	return dayStart(d.Date(), zone), nil
}

// Date is the day's midnight in UTC, the form of a date for the database.
func (d Day) Date() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// String is the day as ParseDay reads it.
func (d Day) String() string { return d.Date().Format(time.DateOnly) }

// maxDays is the most days of a range: a year and a month, so that a month can be compared with that of last year.
const maxDays = 400

// Days is a range of days: From belongs to it, To does not.
type Days struct{ From, To Day }

// Check returns an INVALID_INPUT fault about the field when the range ends before it begins or has more than 400 days.
// A range that ends where it begins is empty and valid.
func (r Days) Check(field []string) error {
	switch {
	case r.To < r.From:
		return fault.Invalid(append(field, "to"), "The range ends before it begins.")
	case r.To-r.From > maxDays:
		return fault.Invalid(append(field, "to"), "A range has at most %d days; this one has %d.", maxDays, r.To-r.From)
	}
	return nil
}

// Period returns the time that the days cover in an IANA time zone. The error is that of CheckTimeZone.
func (r Days) Period(timeZone string) (Period, error) {
	start, err := r.From.Start(timeZone)
	if err != nil {
		return Period{}, err
	}
	end, err := r.To.Start(timeZone)
	return Period{Start: start, End: end}, err
}

func (r Days) String() string { return fmt.Sprintf("[%s, %s)", r.From, r.To) }
