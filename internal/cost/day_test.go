package cost_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func day(t *testing.T, text string) cost.Day {
	t.Helper()
	d, err := cost.ParseDay(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDay_IsReadAndWrittenAsADate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1970-01-01", "2024-02-29", "2026-03-01", "9999-12-31"} {
		if got := day(t, text).String(); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
	for _, text := range []string{
		"", "2026-3-1", "2026-02-29", "2026-03-01T00:00:00Z", "1969-12-31", "26-03-01", " 2026-03-01", "10000-01-01",
	} {
		_, err := cost.ParseDay([]string{"range", "from"}, text)
		if fault.KindOf(err) != fault.InvalidInput || !cmp.Equal(fault.FieldOf(err), []string{"range", "from"}) {
			t.Errorf("%q: got %v at %v, want INVALID_INPUT at range.from", text, err, fault.FieldOf(err))
		}
	}
}

func TestDayOf_GivesEachInstantOneDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ at, zone, want string }{
		{"2026-03-28T22:59:59Z", "Europe/Berlin", "2026-03-28"},
		{"2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-29"}, // This day has 23 hours.
		{"2026-03-29T21:59:59Z", "Europe/Berlin", "2026-03-29"},
		{"2026-03-29T22:00:00Z", "Europe/Berlin", "2026-03-30"},
		{"2026-10-25T22:59:59Z", "Europe/Berlin", "2026-10-25"}, // And this one 25.
		{"2026-10-25T23:00:00Z", "Europe/Berlin", "2026-10-26"},
		{"2026-03-01T09:59:59Z", "Pacific/Kiritimati", "2026-03-01"},
		{"2026-03-01T10:00:00Z", "Pacific/Kiritimati", "2026-03-02"},
		{"2026-03-01T10:59:59Z", "Pacific/Pago_Pago", "2026-02-28"},
		{"2026-03-01T11:00:00Z", "Pacific/Pago_Pago", "2026-03-01"},
		{"2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29"},
		{"2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31"}, // The 30th was left out.
		// Clocks went back from 00:01 to 23:01: what had become the next day stays it.
		{"2010-11-07T02:30:30Z", "America/St_Johns", "2010-11-07"},
		{"2010-11-07T02:31:30Z", "America/St_Johns", "2010-11-07"},
	} {
		got, err := cost.DayOf(instant(t, c.at), c.zone)
		if err != nil || got.String() != c.want {
			t.Errorf("%s in %s: got %s, %v, want %s", c.at, c.zone, got, err, c.want)
		}
	}
	if _, err := cost.DayOf(time.Now(), "Local"); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("Local: got %v, want INVALID_INPUT", err)
	}
}

func TestDays_FollowEachOtherWithoutGapOrOverlap(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{
		"UTC", "Europe/Berlin", "America/Havana", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu",
	} {
		for d := day(t, "2025-12-25"); d < day(t, "2027-01-10"); d++ {
			start, err := d.Start(zone)
			if err != nil {
				t.Fatal(err)
			}
			first, err := cost.DayOf(start, zone)
			before, otherErr := cost.DayOf(start.Add(-time.Nanosecond), zone)
			if err != nil || otherErr != nil || first != d || before != d-1 {
				t.Errorf("%s in %s starts at %s: got %s there and %s before", d, zone, start, first, before)
			}
		}
	}
}

func TestDayStart_OfTheFirstDayIsTheStartOfTheMonth(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"} {
		month, err := cost.Month(instant(t, "2026-03-15T12:00:00Z"), zone)
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]time.Time{"2026-03-01": month.Start, "2026-04-01": month.End} {
			if got, err := day(t, text).Start(zone); err != nil || !got.Equal(want) {
				t.Errorf("%s in %s: got %s, %v, want %s", text, zone, got, err, want)
			}
		}
	}
}

func TestDaysCheck_RefusesLongAndReversedRanges(t *testing.T) {
	t.Parallel()
	from := day(t, "2026-03-01")
	for days, want := range map[cost.Day]fault.Kind{
		-1: fault.InvalidInput, 0: "", 1: "", 400: "", 401: fault.InvalidInput,
	} {
		err := cost.Days{From: from, To: from + days}.Check([]string{"range"})
		if fault.KindOf(err) != want {
			t.Errorf("%d days: got %v, want %q", days, err, want)
		}
		if err != nil && !cmp.Equal(fault.FieldOf(err), []string{"range", "to"}) {
			t.Errorf("%d days: got the field %v, want range.to", days, fault.FieldOf(err))
		}
	}
}
