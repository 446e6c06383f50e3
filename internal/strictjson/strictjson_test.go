package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/infin8content/engine/internal/strictjson"
)

func TestUnmarshal_ReadsTextAsItWasSentOrNotAtAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"plain"`: "plain", `"é"`: "é", `"\u00e9"`: "é", `"\ud83d\ude00"`: "😀", `"\uD83D\uDE00"`: "😀", `"\\ud83d"`: `\ud83d`,
		`"\\\\ud83d"`: `\\ud83d`, `"\ufffd"`: "\ufffd", `"�"`: "\ufffd", `"\n\"\u0041"`: "\n\"A",
		"\"\xff\"": "", "\"\xed\xa0\x80\"": "", `"\ud83d"`: "", `"\ude00"`: "", `"\ude00\ud83d"`: "", `"\ud83dx"`: "",
		`"\ud83d\n"`: "", `"\ud83d\u0041"`: "", `"\ud83d\ud83d\ude00"`: "", `"\\\ud83d"`: "", `"\u00e9`: "", `"\`: "",
		`"a" "b"`: "", `"\u12"`: "",
	} {
		var got string
		err := strictjson.Unmarshal([]byte(text), &got)
		if err != nil {
			got = ""
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}

// FuzzUnmarshal holds that a replacement character in what was read was in what was sent.
func FuzzUnmarshal(f *testing.F) {
	for _, text := range []string{
		`{"a": "\ud83d\ude00"}`, `"\ud83d"`, `"\\ud83d"`, "\"\xff\"", `[1e5, "\u0000"]`, `"\uFFFD"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var read any
		if strictjson.Unmarshal(text, &read) != nil ||
			bytes.ContainsRune(text, '\ufffd') || bytes.Contains(bytes.ToLower(text), []byte(`\ufffd`)) {
			return
		}
		if kept, err := json.Marshal(read); err != nil || bytes.Contains(kept, []byte("\ufffd")) {
			t.Errorf("%q was read as %s, %v", text, kept, err)
		}
	})
}

func TestObject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{}`: true, `{"a": 1, "b": [{"a": 2}, null, true], "A": "x"}`: true, ` {"a": {}} `: true,
		``: false, `[]`: false, `1`: false, `{} {}`: false, `{"a": 1, "a": 2}`: false, `{"a": [{"b": 1, "b": 1}]}`: false,
		`{"a"}`: false, `{"a": 1`: false, `{"a": [1}`: false, `{"a": "\ud83d"}`: false, "{\"\xff\": 1}": false,
		`{"\u0061": 1, "a": 2}`: false, `{"a": {"b": {"c": 1}}}`: true, `{"a": {"b": {"c": []}}}`: false,
	} {
		if got, err := strictjson.Object([]byte(text), 3); (err == nil) != want {
			t.Errorf("%s: got %v, %v, want read %t", text, got, err, want)
		}
	}
	got, err := strictjson.Object([]byte(`{"n": 1.10, "l": [{"x": null}]}`), 3)
	want := map[string]any{"n": json.Number("1.10"), "l": []any{map[string]any{"x": nil}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	got, err := strictjson.Members([]byte(`{"b": [1, 1.0], "a": {"x": 1, "x": 2}}`))
	want := []strictjson.Member{
		{Name: "b", Value: json.RawMessage(`[1, 1.0]`)}, {Name: "a", Value: json.RawMessage(`{"x": 1, "x": 2}`)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	var twice *strictjson.DuplicateError
	if _, err := strictjson.Members([]byte(`{"a": 1, "\u0061": 2}`)); !errors.As(err, &twice) || twice.Name != "a" {
		t.Errorf("a name twice: got %v", err)
	}
	for _, text := range []string{``, `[]`, `{`, `{"a" 1}`, `{"a": 1}}`, `{"a": 1} 2`} {
		if got, err := strictjson.Members([]byte(text)); err == nil {
			t.Errorf("%s: got %s, want an error", text, got)
		}
	}
}
