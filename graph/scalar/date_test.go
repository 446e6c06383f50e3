package scalar_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/fault"
)

func TestDate_IsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	var written scalar.WrittenDate
	if err := written.UnmarshalGQL("2024-02-29"); err != nil {
		t.Fatal(err)
	}
	day, err := written.Day("range", "from")
	var got bytes.Buffer
	scalar.MarshalDate(day).MarshalGQL(&got)
	if err != nil || got.String() != `"2024-02-29"` {
		t.Errorf("got %s, %v", &got, err)
	}
	for _, value := range []any{"2023-02-29", "", 20240229, nil, `"`, "2024-02-29T00:00:00Z"} {
		if err := written.UnmarshalGQL(value); err != nil {
			t.Fatalf("%v: %v", value, err)
		}
		_, err := written.Day("range", "from")
		if fault.KindOf(err) != fault.InvalidInput || !cmp.Equal(fault.FieldOf(err), []string{"range", "from"}) {
			t.Errorf("%v: got %v at %v, want INVALID_INPUT at range.from", value, err, fault.FieldOf(err))
		}
	}
}

func TestCount_IsAJSONNumber(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	scalar.MarshalCount(3_000_000_000).MarshalGQL(&got)
	if got.String() != "3000000000" {
		t.Errorf("got %s", &got)
	}
	if _, err := scalar.UnmarshalCount(1); err == nil {
		t.Error("a count was read")
	}
	if _, err := scalar.UnmarshalDate("2024-02-29"); err == nil {
		t.Error("a day was read past its reader")
	}
}
