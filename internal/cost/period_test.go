package cost_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestMonth_IsThatOfTheTimeZone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ zone, at, start, end string }{
		"UTC":                  {"UTC", "2026-07-15T12:00:00Z", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"},
		"FirstInstant":         {"UTC", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"},
		"LastInstant":          {"UTC", "2026-06-30T23:59:59.999999999Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"},
		"FebruaryOfALeapYear":  {"UTC", "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		"FebruaryOfAPlainYear": {"UTC", "2026-02-28T12:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		"FebruaryOf2100":       {"UTC", "2100-02-28T12:00:00Z", "2100-02-01T00:00:00Z", "2100-03-01T00:00:00Z"},
		"TheYearEnds":          {"UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		"TheYearBegins":        {"UTC", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"},
		"AlreadyNextYearInZone": {
			"Pacific/Auckland", "2026-12-31T11:00:00Z", "2026-12-31T11:00:00Z", "2027-01-31T11:00:00Z",
		},
		"StillLastYearInZone": {
			"America/Los_Angeles", "2027-01-01T07:59:59Z", "2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z",
		},
		"ClocksGoForward": {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		"ClocksGoBack":    {"Europe/Berlin", "2026-10-25T01:00:00Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
		"HalfAnHour":      {"Asia/Kolkata", "2026-07-15T12:00:00Z", "2026-06-30T18:30:00Z", "2026-07-31T18:30:00Z"},
		"FarAhead":        {"Pacific/Kiritimati", "2026-07-15T12:00:00Z", "2026-06-30T10:00:00Z", "2026-07-31T10:00:00Z"},
		"FarBehind":       {"Etc/GMT+12", "2026-07-15T12:00:00Z", "2026-07-01T12:00:00Z", "2026-08-01T12:00:00Z"},

		// On 2023-10-01 Paraguay's clocks jumped from midnight to one: the month began at 01:00.
		"NoMidnightAtTheStart": {"America/Asuncion", "2023-10-01T04:00:00Z", "2023-10-01T04:00:00Z", "2023-11-01T03:00:00Z"},
		"NoMidnightAtTheEnd":   {"America/Asuncion", "2023-10-01T03:59:59Z", "2023-09-01T04:00:00Z", "2023-10-01T04:00:00Z"},
		// On 2011-04-01 Damascus did the same.
		"NoMidnightInDamascus": {"Asia/Damascus", "2011-04-01T00:00:00Z", "2011-03-31T22:00:00Z", "2011-04-30T21:00:00Z"},
		// On 2020-11-01 Havana's clocks went from one back to midnight: midnight came twice, the first one counts.
		"TwoMidnights": {"America/Havana", "2020-11-01T04:30:00Z", "2020-11-01T04:00:00Z", "2020-12-01T05:00:00Z"},
		// On 2009-11-01 at 00:01 St. John's set its clocks back to 23:01 in October. November had begun; it did not end.
		"TheOldMonthIsShownAgain": {
			"America/St_Johns", "2009-11-01T03:00:00Z", "2009-11-01T02:30:00Z", "2009-12-01T03:30:00Z",
		},
		"BeforeItIsShownAgain": {
			"America/St_Johns", "2009-11-01T02:29:59Z", "2009-10-01T02:30:00Z", "2009-11-01T02:30:00Z",
		},
		// Years end like any month where leap years do, also far from now.
		"TheLeapYearEnds":   {"Europe/Berlin", "2028-12-31T12:00:00Z", "2028-11-30T23:00:00Z", "2028-12-31T23:00:00Z"},
		"AFarLeapYearEnds":  {"America/Juneau", "2040-12-31T12:00:00Z", "2040-12-01T09:00:00Z", "2041-01-01T09:00:00Z"},
		"AfterAFarLeapYear": {"Africa/Cairo", "2041-01-01T12:00:00Z", "2040-12-31T22:00:00Z", "2041-01-31T22:00:00Z"},
		// Samoa had no 2011-12-30.
		"ADayIsSkipped": {"Pacific/Apia", "2011-12-31T09:59:59Z", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cost.Month(instant(t, c.at), c.zone)
			if err != nil {
				t.Fatal(err)
			}
			want := cost.Period{Start: instant(t, c.start), End: instant(t, c.end)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if got.Start.Location() != time.UTC || got.End.Location() != time.UTC {
				t.Errorf("got %v, want both ends in UTC", got)
			}
		})
	}
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func TestMonth_IgnoresTheZoneOfTheInstant(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.August, 1, 3, 0, 0, 0, time.FixedZone("somewhere", 5*60*60))
	got, err := cost.Month(at, "UTC")
	if want := time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC); err != nil || !got.Start.Equal(want) {
		t.Errorf("start: got %v and error %v, want %v", got.Start, err, want)
	}
}

// zones have been unkind to midnight at one time or another.
var zones = []string{
	"UTC", "Europe/Berlin", "America/Asuncion", "America/Havana", "America/St_Johns", "America/Sao_Paulo",
	"America/Santiago", "America/Scoresbysund", "Asia/Amman", "Asia/Beirut", "Asia/Damascus", "Asia/Gaza", "Asia/Tehran",
	"Africa/Cairo", "Africa/Casablanca", "Africa/Monrovia", "Atlantic/Azores", "Australia/Lord_Howe", "Pacific/Apia",
	"Pacific/Kiritimati", "Pacific/Chatham", "Pacific/Kwajalein", "Antarctica/Troll", "America/Juneau",
}

func TestMonth_FollowsTheOneBeforeInEveryZone(t *testing.T) {
	t.Parallel()
	for _, zone := range zones {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			month, err := cost.Month(time.Date(1965, time.January, 15, 0, 0, 0, 0, time.UTC), zone)
			for month.Start.Year() < 2060 {
				if err != nil {
					t.Fatal(err)
				}
				checkMonth(t, month, zone)
				var next cost.Period
				next, err = cost.Month(month.End, zone)
				if !next.Start.Equal(month.End) {
					t.Fatalf("after %v: got %v, want the month that starts at its end", month, next)
				}
				month = next
			}
		})
	}
}

// checkMonth checks that a month begins with its zone's first instant in it.
func checkMonth(t *testing.T, month cost.Period, zone string) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	if length := month.End.Sub(month.Start); length < 26*24*time.Hour || length > 33*24*time.Hour {
		t.Errorf("%v lasts %s", month, length)
	}
	if day := month.Start.In(location).Day(); day != 1 {
		t.Errorf("%v starts on day %d", month, day)
	}
	for early := time.Nanosecond; early < 20*time.Hour; early = early*2 + time.Minute {
		if before := month.Start.Add(-early).In(location); before.Day() < 26 {
			t.Errorf("%v starts after %v, which belongs to it", month, before)
		}
	}
}

func TestMonth_IsUniqueForEachInstant(t *testing.T) {
	t.Parallel()
	first := time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(first, last).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		month, err := cost.Month(at, zone)
		if err != nil || !month.Contains(at) {
			t.Fatalf("%v in %s: got %v and error %v", at, zone, month, err)
		}
		for _, same := range []time.Time{month.Start, month.End.Add(-time.Nanosecond)} {
			if got, err := cost.Month(same, zone); err != nil || got != month {
				t.Fatalf("%v in %s: got %v and error %v, want %v", same, zone, got, err, month)
			}
		}
	})
}

func TestCheckTimeZone_AcceptsOnlyNamesOfTheDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12"} {
		if err := cost.CheckTimeZone(name); err != nil {
			t.Errorf("%q: got error %v, want none", name, err)
		}
	}
	for _, name := range []string{
		"", "Local", "localtime", "posixrules", "Factory", "posix/UTC", "right/UTC", "Mars/Olympus_Mons", "Europe",
		"Europe/", "+02:00", "UTC+2", "../etc/passwd", "/etc/localtime", " UTC", "UTC\x00",
	} {
		err := cost.CheckTimeZone(name)
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%q: got error %v, want INVALID_INPUT", name, err)
		}
		if diff := cmp.Diff([]string{"timeZone"}, fault.FieldOf(err)); diff != "" {
			t.Errorf("%q: %s", name, diff)
		}
		if _, err := cost.Month(noon, name); err == nil {
			t.Errorf("month in %q: got no error", name)
		}
	}
}

func TestMonthAfter_FollowsTheOneBeforeAfterZoneChanges(t *testing.T) {
	t.Parallel()
	zones := []string{
		"UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Kolkata",
		"America/St_Johns", "Pacific/Apia", "Africa/Cairo", "America/Asuncion",
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2009, time.January, 1, 0, 0, 0, 0, time.UTC).
			Add(time.Duration(rapid.Int64Range(0, 20*365*24).Draw(t, "first")) * time.Hour)
		var last cost.Period
		for range 60 {
			zone := rapid.SampledFrom(zones).Draw(t, "zone")
			next, err := cost.MonthAfter(at, zone, last)
			if err != nil {
				t.Fatal(err)
			}
			switch length := next.End.Sub(next.Start); {
			case !next.Contains(at):
				t.Fatalf("%s is not in %v", at, next)
			case next.Start.Before(last.End):
				t.Fatalf("%v overlaps %v", next, last)
			case length < 15*24*time.Hour || length > 33*24*time.Hour:
				t.Fatalf("%v lasts %s", next, length)
			}
			plain, err := cost.Month(next.End, zone)
			if err != nil || !plain.Start.Equal(next.End) {
				t.Fatalf("%v ends where no month of %s begins: %v, %v", next, zone, plain, err)
			}
			last = next
			// The end is where it matters: mostly right at it.
			at = last.End.Add(time.Duration(rapid.SampledFrom([]int64{0, 0, 0, 1, 20, 800}).Draw(t, "idle")) * time.Hour)
		}
	})
}
