package scalar_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

var (
	anID      = uuid.MustParse("0190f4f2-7c1a-7b3e-9d57-3f2a1b0c4d5e")
	anOtherID = uuid.MustParse("0190f4f2-7c1a-7b3e-9d57-3f2a1b0c4d5f")
	aMoment   = time.Date(2026, time.February, 1, 9, 30, 0, 123456000, time.UTC)
	aList     = scalar.List{Kind: "workflow CREATED_AT", Organization: anID}
)

func wantInvalid(t *testing.T, what string, err error) {
	t.Helper()
	if got := fault.KindOf(err); got != fault.InvalidInput {
		t.Errorf("%s: got %q (%v), want INVALID_INPUT", what, got, err)
	}
}

func TestCursor_IsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, want := range []int64{0, 1, math.MaxInt32} {
		if got, err := aList.ParseNumber(aList.Number(want)); err != nil || got != want {
			t.Errorf("number: got %d, %v, want %d", got, err, want)
		}
	}
	for _, want := range []string{"", "openai/gpt-4o-mini\x00PROMPT", strings.Repeat("名", 200)} {
		if got, err := aList.ParseText(aList.Text(want)); err != nil || got != want {
			t.Errorf("text: got %q, %v, want %q", got, err, want)
		}
	}
	at, id, err := aList.ParseMoment(aList.Moment(aMoment, anID))
	if err != nil || !at.Equal(aMoment) || id != anID {
		t.Errorf("moment: got %s, %s, %v, want %s, %s", at, id, err, aMoment, anID)
	}
}

func TestCursor_OfAnotherListIsRefused(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]scalar.List{
		"another kind or order":    {Kind: "workflow UPDATED_AT", Organization: anID},
		"another organization":     {Kind: aList.Kind, Organization: anOtherID},
		"the list of one workflow": {Kind: aList.Kind, Organization: anID, Parent: anOtherID},
	} {
		_, _, err := aList.ParseMoment(other.Moment(aMoment, anID))
		wantInvalid(t, name, err)
		_, err = aList.ParseNumber(other.Number(1))
		wantInvalid(t, name, err)
		_, err = aList.ParseText(other.Text("a"))
		wantInvalid(t, name, err)
	}
	_, err := aList.ParseNumber(aList.Moment(aMoment, anID))
	wantInvalid(t, "a moment where a number is wanted", err)
	_, _, err = aList.ParseMoment(aList.Number(1))
	wantInvalid(t, "a number where a moment is wanted", err)
	_, err = aList.ParseText(aList.Text("\xff"))
	wantInvalid(t, "text that the database cannot keep", err)
	_, err = aList.ParseNumber(aList.Number(-1))
	wantInvalid(t, "a negative number", err)
	_, err = aList.ParseNumber(aList.Number(math.MaxInt32 + 1))
	wantInvalid(t, "a number that the database cannot keep", err)
	_, _, err = aList.ParseMoment(aList.Moment(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), anID))
	wantInvalid(t, "a moment that the database cannot keep", err)
}

func TestCursor_WithAnyBitChangedIsRefused(t *testing.T) {
	t.Parallel()
	cursor := aList.Moment(aMoment, anID)
	bytes, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(bytes) * 8 {
		bytes[bit/8] ^= 1 << (bit % 8)
		_, _, err := aList.ParseMoment(base64.RawURLEncoding.EncodeToString(bytes))
		wantInvalid(t, "a flipped bit", err)
		bytes[bit/8] ^= 1 << (bit % 8)
	}
	for _, text := range []string{
		"", "!", cursor + "=", cursor + "\n", cursor[:10] + "\n" + cursor[10:], cursor + cursor, " " + cursor,
	} {
		_, _, err := aList.ParseMoment(text)
		wantInvalid(t, text, err)
	}
}

func TestUSD_IsExactDecimalTextInQuotes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cost.Pico{"0": 0, "1.00": cost.Dollar, "0.000000000001": 1} {
		if got, err := read(t, text).Pico(); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, v := range []any{
		"", "-1", "+1", "1e3", "NaN", "Infinity", ".5", "5.", "1,5", "0x1", " 1", "0.0000000000001", "99999999999999",
		"9223372.036854775807", 1, 0.5, json.Number("1"), true,
		[]any{"1"},
		map[string]any{},
	} {
		_, err := read(t, v).Pico()
		wantInvalid(t, "an amount", err)
	}
}

func read(t *testing.T, v any) scalar.WrittenUSD {
	t.Helper()
	var written scalar.WrittenUSD
	if err := written.UnmarshalGQL(v); err != nil {
		t.Fatalf("%v: got %v, want it judged later", v, err)
	}
	return written
}

func TestUSD_IsWrittenAsItsShortestText(t *testing.T) {
	t.Parallel()
	for p, want := range map[cost.Pico]string{
		0: `"0"`, cost.Dollar: `"1"`, -cost.Dollar / 2: `"-0.5"`, 1: `"0.000000000001"`,
		math.MinInt64: `"-9223372.036854775808"`,
	} {
		var got bytes.Buffer
		scalar.MarshalUSD(p).MarshalGQL(&got)
		if got.String() != want {
			t.Errorf("%d: got %s, want %s", p, got.String(), want)
		}
	}
	var got bytes.Buffer
	day := cost.Period{Start: aMoment, End: aMoment.AddDate(0, 0, 1)}
	scalar.MarshalComputedUSD(cost.Forecast(math.MaxInt64, day, aMoment.Add(time.Second))).MarshalGQL(&got)
	if want := `"796899343984.2526297248"`; got.String() != want {
		t.Errorf("a computed amount beyond the range of a stored one: got %s, want %s", got.String(), want)
	}
}

func TestDateTime_IsReadWithAnyOffsetAndWrittenInUTC(t *testing.T) {
	t.Parallel()
	at, err := scalar.WriteDateTime("2026-02-01T10:30:00.123456+01:00").Time()
	if err != nil || !at.Equal(aMoment) || at.Location() != time.UTC {
		t.Errorf("got %s, %v, want %s", at, err, aMoment)
	}
	var got bytes.Buffer
	scalar.MarshalDateTime(aMoment.In(time.FixedZone("", 3600))).MarshalGQL(&got)
	if want := `"2026-02-01T09:30:00.123456Z"`; got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
	for _, v := range []any{
		"", "now", "2026-02-01", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z",
		"9999-12-31T23:59:59-01:00", "2026-02-01T00:00:00", 1, nil,
	} {
		var written scalar.WrittenDateTime
		if err := written.UnmarshalGQL(v); err != nil {
			t.Fatal(err)
		}
		_, err := written.Time()
		wantInvalid(t, "a moment", err)
	}
}

func TestInt_Has32Bits(t *testing.T) {
	t.Parallel()
	for _, v := range []any{int64(math.MaxInt32), int64(math.MinInt32), 7, json.Number("-7")} {
		if _, err := scalar.UnmarshalInt(v); err != nil {
			t.Errorf("%v: got %v, want a number", v, err)
		}
	}
	for _, v := range []any{
		int64(math.MaxInt32 + 1), int64(math.MinInt32 - 1), json.Number("99999999999999999999"), json.Number("1.5"), "7",
		true, nil,
	} {
		_, err := scalar.UnmarshalInt(v)
		wantInvalid(t, "a whole number", err)
	}
}

// The fuzz targets check that every accepted text is written back unchanged, and that no text panics.

func FuzzCursor(f *testing.F) {
	f.Add(aList.Number(7))
	f.Add(aList.Moment(aMoment, anID))
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := aList.ParseNumber(text); err == nil && aList.Number(n) != text {
			t.Errorf("%q was accepted for %q", text, aList.Number(n))
		}
		if at, id, err := aList.ParseMoment(text); err == nil && aList.Moment(at, id) != text {
			t.Errorf("%q was accepted for %q", text, aList.Moment(at, id))
		}
	})
}

func FuzzUSD(f *testing.F) {
	for _, text := range []string{"0.0017", "1", "-1", "1e3", "9223372.036854775806"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := scalar.WriteUSD(text).Pico()
		if err != nil {
			wantInvalid(t, text, err)
			return
		}
		again, err := scalar.WriteUSD(p.String()).Pico()
		if err != nil || again != p || p < 0 {
			t.Errorf("%q: got %d, then %d, %v", text, p, again, err)
		}
	})
}
