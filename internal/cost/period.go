package cost

import (
	"sort"
	"strings"
	"time"
	_ "time/tzdata" // a server without the system's zone files must compute the same months

	"github.com/infin8content/engine/internal/fault"
)

// Period is a span of time: Start belongs to it, End does not. Both are in UTC.
type Period struct{ Start, End time.Time }

// Contains reports whether an instant belongs to the period.
func (p Period) Contains(at time.Time) bool { return !at.Before(p.Start) && at.Before(p.End) }

// Month returns the calendar month of an IANA time zone that an instant belongs to. A month starts at the first instant
// at which the zone's clocks show it or a later one: where midnight is skipped that is when they jump over it, where
// midnight comes twice it is the first. So months follow each other without a gap or an overlap, whatever the clocks
// do, and every instant has exactly one. The error is that of CheckTimeZone.
func Month(at time.Time, timeZone string) (Period, error) {
	zone, err := loadZone(timeZone)
	if err != nil {
		return Period{}, err
	}
	year, month, _ := at.In(zone).Date()
	first := func(month time.Month) time.Time { return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC) }
	period := Period{Start: dayStart(first(month), zone), End: dayStart(first(month+1), zone)}
	if !at.Before(period.End) {
		// Clocks set back over midnight show the old month again after the new one has begun.
		period = Period{Start: period.End, End: dayStart(first(month+2), zone)}
	}
	return period, nil
}

// shortestMonth is the least rest of a month, after a change of the time zone, that becomes a month of its own. So no
// organization gets a fresh limit for a few hours. Zones are at most 26 hours apart, so the rest is almost all or
// almost nothing.
const shortestMonth = 15 * 24 * time.Hour

// MonthAfter is Month where the month before, last, may have been opened in another time zone: the new month begins
// where that one ends, and runs into the following one when less than shortestMonth of its own is left. last is zero
// when there was none.
func MonthAfter(at time.Time, timeZone string, last Period) (Period, error) {
	period, err := Month(at, timeZone)
	if err != nil || !last.End.After(period.Start) {
		return period, err
	}
	period.Start = last.End
	if period.End.Sub(period.Start) < shortestMonth {
		next, err := Month(period.End, timeZone)
		if err != nil {
			return Period{}, err
		}
		period.End = next.End
	}
	return period, nil
}

// dayStart returns the first instant at which clocks in the zone show a day or later; wall is its midnight as if the
// zone were UTC. time.Date alone does not: for a time that clocks skip or repeat it picks either offset.
// Time.ZoneBounds does not help: on the last day of a leap year it returns an end in the past.
func dayStart(wall time.Time, zone *time.Location) time.Time {
	// No clock is a whole day from UTC, so the day begins between these. If clocks change in this time, the first
	// still has the old offset and the second the new one; midnight by the old one comes earlier.
	before, after := wall.Add(-24*time.Hour), wall.Add(24*time.Hour)
	for _, near := range []time.Time{before, after} {
		if start := wall.Add(-offset(near, zone)); offset(start, zone) == offset(near, zone) {
			return start
		}
	}
	// Neither is midnight: the clocks jump over it. Offsets are whole seconds, and so is the instant of the jump.
	seconds := sort.Search(int(after.Sub(before)/time.Second), func(n int) bool {
		at := before.Add(time.Duration(n) * time.Second)
		return !at.Add(offset(at, zone)).Before(wall)
	})
	return before.Add(time.Duration(seconds) * time.Second)
}

// offset returns how far clocks in the zone are ahead of UTC.
func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// CheckTimeZone returns nil when name is an IANA time zone such as "Europe/Berlin" or "UTC", and otherwise an
// INVALID_INPUT error about the field timeZone. The empty name and "Local" are refused: they would mean another zone on
// another server.
func CheckTimeZone(name string) error {
	_, err := loadZone(name)
	return err
}

func loadZone(name string) (*time.Location, error) {
	if isZoneName(name) {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, fault.Invalid([]string{"timeZone"},
		"The time zone must be the name of an IANA time zone, such as \"Europe/Berlin\" or \"UTC\".")
}

// isZoneName refuses names that time.LoadLocation accepts but the IANA database does not have: the server's own zone,
// and the variants that count leap seconds.
func isZoneName(name string) bool {
	switch name {
	case "", "Local", "localtime", "posixrules", "Factory":
		return false
	}
	return !strings.HasPrefix(name, "posix/") && !strings.HasPrefix(name, "right/")
}
