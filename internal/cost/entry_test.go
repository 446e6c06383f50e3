package cost_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
)

// settlement is an entry with every field set.
func settlement() cost.Entry {
	call := uuid.MustParse("CCCCCCCC-0000-7000-8000-000000000003")
	return cost.Entry{
		OrganizationID: uuid.MustParse("aaaaaaaa-0000-7000-8000-000000000001"),
		AccountID:      uuid.MustParse("bbbbbbbb-0000-7000-8000-000000000002"),
		Sequence:       12,
		Kind:           cost.EntrySettle,
		CallID:         &call,
		Before:         cost.Balance{Settled: 100, Held: 30_000_000_000, Limit: cost.Limit(cost.Dollar)},
		Delta:          cost.Delta{Settled: 40_000_000_000, Held: -30_000_000_000},
		After:          cost.Balance{Settled: 40_000_000_100, Limit: cost.Limit(cost.Dollar), Stopped: true},
		Overage:        true,
		Actor:          "worker:Zoë",
		Reason:         "5:late,",
		At:             time.Date(2026, time.March, 10, 12, 0, 0, 123_456_789, time.FixedZone("", 3600)),
		PreviousHash:   []byte{0xde, 0xad, 0xbe, 0xef},
	}
}

func TestCanonical_HasTheDocumentedBytes(t *testing.T) {
	t.Parallel()
	first := cost.Entry{
		OrganizationID: uuid.MustParse("aaaaaaaa-0000-7000-8000-000000000001"),
		AccountID:      uuid.MustParse("bbbbbbbb-0000-7000-8000-000000000002"),
		Kind:           cost.EntryOpen,
		Delta:          cost.Delta{Limit: cost.Limit(cost.Dollar)},
		After:          cost.Balance{Limit: cost.Limit(cost.Dollar)},
		Actor:          "alice",
		At:             time.Date(1969, time.December, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	for name, c := range map[string]struct {
		entry cost.Entry
		want  string
	}{
		"EveryField": {settlement(), "7:entry/1," +
			"36:aaaaaaaa-0000-7000-8000-000000000001," +
			"36:bbbbbbbb-0000-7000-8000-000000000002," +
			"2:12,6:SETTLE," +
			"36:cccccccc-0000-7000-8000-000000000003," +
			"11:40000000000,12:-30000000000,1:0," +
			"11:40000000100,1:0,13:1000000000000," +
			"4:true,4:true," +
			"11:worker:Zoë,7:5:late,," +
			"16:1773140400123456,"},
		"NoCallNoReason": {first, "7:entry/1," +
			"36:aaaaaaaa-0000-7000-8000-000000000001," +
			"36:bbbbbbbb-0000-7000-8000-000000000002," +
			"1:0,4:OPEN,~," +
			"1:0,1:0,13:1000000000000," +
			"1:0,1:0,13:1000000000000," +
			"5:false,5:false," +
			"5:alice,0:,2:-1,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, string(c.entry.Canonical())); diff != "" {
				t.Error(diff)
			}
			want := sha256.Sum256(append(bytes.Clone(c.entry.PreviousHash), c.want...))
			if got := c.entry.ComputeHash(); !bytes.Equal(got, want[:]) {
				t.Errorf("hash: got %s, want %s", hex.EncodeToString(got), hex.EncodeToString(want[:]))
			}
		})
	}
}

func TestComputeHash_CoversEveryField(t *testing.T) {
	t.Parallel()
	original := settlement().ComputeHash()
	other := uuid.MustParse("dddddddd-0000-7000-8000-000000000004")
	for name, change := range map[string]func(e *cost.Entry){
		"OrganizationID": func(e *cost.Entry) { e.OrganizationID = other },
		"AccountID":      func(e *cost.Entry) { e.AccountID = other },
		"Sequence":       func(e *cost.Entry) { e.Sequence++ },
		"Kind":           func(e *cost.Entry) { e.Kind = cost.EntryAssume },
		"CallID":         func(e *cost.Entry) { e.CallID = &other },
		"NoCallID":       func(e *cost.Entry) { e.CallID = nil },
		"DeltaSettled":   func(e *cost.Entry) { e.Delta.Settled++ },
		"DeltaHeld":      func(e *cost.Entry) { e.Delta.Held++ },
		"DeltaLimit":     func(e *cost.Entry) { e.Delta.Limit++ },
		"AfterSettled":   func(e *cost.Entry) { e.After.Settled++ },
		"AfterHeld":      func(e *cost.Entry) { e.After.Held++ },
		"AfterLimit":     func(e *cost.Entry) { e.After.Limit++ },
		"Stopped":        func(e *cost.Entry) { e.After.Stopped = false },
		"Overage":        func(e *cost.Entry) { e.Overage = false },
		"Actor":          func(e *cost.Entry) { e.Actor = "bob" },
		"Reason":         func(e *cost.Entry) { e.Reason = "" },
		"At":             func(e *cost.Entry) { e.At = e.At.Add(time.Microsecond) },
		"PreviousHash":   func(e *cost.Entry) { e.PreviousHash = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entry := settlement()
			change(&entry)
			if bytes.Equal(entry.ComputeHash(), original) {
				t.Error("the hash did not change")
			}
		})
	}
}

func TestCanonical_CanBeReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entry := settlement()
		entry.Actor = rapid.String().Draw(t, "actor")
		entry.Reason = rapid.String().Draw(t, "reason")
		entry.Sequence = rapid.Int64().Draw(t, "sequence")
		fields := readNetstrings(t, entry.Canonical())
		if len(fields) != 17 {
			t.Fatalf("got %d fields, want 17", len(fields))
		}
		want := []string{strconv.FormatInt(entry.Sequence, 10), entry.Actor, entry.Reason}
		if diff := cmp.Diff(want, []string{fields[3], fields[14], fields[15]}); diff != "" {
			t.Fatal(diff)
		}
	})
}

// readNetstrings reads a sequence of netstrings to its last byte.
func readNetstrings(t *rapid.T, row []byte) []string {
	var fields []string
	for len(row) > 0 {
		length, rest, found := bytes.Cut(row, []byte(":"))
		n, err := strconv.Atoi(string(length))
		if !found || err != nil || len(rest) < n+1 || rest[n] != ',' {
			t.Fatalf("not a netstring: %q", row)
		}
		fields = append(fields, string(rest[:n]))
		row = rest[n+1:]
	}
	return fields
}

func TestEntryCheck_FindsContradictions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after cost.Balance
		delta         cost.Delta
		fits          bool
	}{
		"Opened":       {cost.Balance{}, cost.Balance{Limit: 10}, cost.Delta{Limit: 10}, true},
		"HeldToLimit":  {cost.Balance{Limit: 10}, cost.Balance{Held: 10, Limit: 10}, cost.Delta{Held: 10}, true},
		"HeldBeyondIt": {cost.Balance{Limit: 10}, cost.Balance{Held: 11, Limit: 10}, cost.Delta{Held: 11}, false},
		"HeldWhileStopped": {
			cost.Balance{Limit: 10, Stopped: true},
			cost.Balance{Held: 1, Limit: 10, Stopped: true},
			cost.Delta{Held: 1},
			false,
		},
		"SettledBeyondTheLimit": {
			cost.Balance{Held: 10, Limit: 10},
			cost.Balance{Settled: 12, Limit: 10, Stopped: true},
			cost.Delta{Settled: 12, Held: -10},
			true,
		},
		"LimitLoweredBelowTheSpent": {
			cost.Balance{Settled: 8, Limit: 10}, cost.Balance{Settled: 8, Limit: 5}, cost.Delta{Limit: -5}, true,
		},
		"WrongSettled": {
			cost.Balance{Held: 3, Limit: 10}, cost.Balance{Settled: 2, Limit: 10}, cost.Delta{Settled: 3, Held: -3}, false,
		},
		"WrongHeld":     {cost.Balance{Held: 3, Limit: 10}, cost.Balance{Held: 1, Limit: 10}, cost.Delta{Held: -3}, false},
		"WrongLimit":    {cost.Balance{Limit: 10}, cost.Balance{Limit: 11}, cost.Delta{}, false},
		"NegativeHeld":  {cost.Balance{Limit: 10}, cost.Balance{Held: -1, Limit: 10}, cost.Delta{Held: -1}, false},
		"NegativeLimit": {cost.Balance{Limit: 1}, cost.Balance{Limit: -1}, cost.Delta{Limit: -2}, false},
		"Wrapped": {
			cost.Balance{Settled: math.MaxInt64}, cost.Balance{Settled: math.MinInt64}, cost.Delta{Settled: 1}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := cost.Entry{Before: c.before, After: c.after, Delta: c.delta}.Check()
			if got := err == nil; got != c.fits {
				t.Errorf("got error %v, want one: %t", err, !c.fits)
			}
		})
	}
}

func TestEntryCheck_ComparesCorrectionAndReason(t *testing.T) {
	t.Parallel()
	seven, eight := int64(7), int64(8)
	for name, c := range map[string]struct {
		kind     cost.EntryKind
		reason   string
		corrects *int64
		fits     bool
	}{
		"Both":            {cost.EntryAdjust, cost.CorrectionReason(7, "corrects entry 8: x"), &seven, true},
		"Neither":         {cost.EntryAdjust, "the cost became known after the call had ended", nil, true},
		"Another":         {cost.EntryAdjust, cost.CorrectionReason(7, "x"), &eight, false},
		"OnlyTheReason":   {cost.EntryAdjust, cost.CorrectionReason(7, "x"), nil, false},
		"OnlyTheLink":     {cost.EntryAdjust, "x", &seven, false},
		"NoNumber":        {cost.EntryAdjust, "corrects entry seven: x", &seven, false},
		"SomethingElses":  {cost.EntryRelease, cost.CorrectionReason(7, "x"), nil, true},
		"OfSomethingElse": {cost.EntryRelease, "x", &seven, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := cost.Entry{
				Sequence: 9,
				Kind:     c.kind,
				Reason:   c.reason,
				Corrects: c.corrects,
			}.Check()
			if (err == nil) != c.fits {
				t.Errorf("got %v, want it to fit: %t", err, c.fits)
			}
		})
	}
}
