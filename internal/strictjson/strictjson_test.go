package gqlhttp

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"
)

func TestTextIsReadAsItWasSentOrNotAtAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"plain"`: "plain", `"é"`: "é", `"\u00e9"`: "é", `"\ud83d\ude00"`: "😀", `"\uD83D\uDE00"`: "😀", `"\\ud83d"`: `\ud83d`,
		`"\\\\ud83d"`: `\\ud83d`, `"\ufffd"`: "\ufffd", `"�"`: "\ufffd", `"\n\"\u0041"`: "\n\"A",
		"\"\xff\"": "", "\"\xed\xa0\x80\"": "", `"\ud83d"`: "", `"\ude00"`: "", `"\ude00\ud83d"`: "", `"\ud83dx"`: "",
		`"\ud83d\n"`: "", `"\ud83d\u0041"`: "", `"\ud83d\ud83d\ude00"`: "", `"\\\ud83d"`: "", `"\u00e9`: "", `"\`: "",
		`"a" "b"`: "", `"\u12"`: "",
	} {
		var got string
		err := decodeJSON([]byte(text), &got)
		if err != nil {
			got = ""
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}

// FuzzText holds that a replacement character in what was read was in what was sent.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		`{"a": "\ud83d\ude00"}`, `"\ud83d"`, `"\\ud83d"`, "\"\xff\"", `[1e5, "\u0000"]`, `"\uFFFD"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var read any
		if decodeJSON(text, &read) != nil ||
			bytes.ContainsRune(text, '\ufffd') || bytes.Contains(bytes.ToLower(text), []byte(`\ufffd`)) {
			return
		}
		if kept, err := json.Marshal(read); err != nil || bytes.Contains(kept, []byte("\ufffd")) {
			t.Errorf("%q was read as %s, %v", text, kept, err)
		}
	})
}

// FuzzMessage says what a client might say on a websocket. The reason for closing it fits into a frame.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{
		`{"type": "connection_init", "payload": {"authorization": "Bearer x", "Authorization": null}}`, `{"type": "ping"}`,
		`{"id": "1", "type": "subscribe", "payload": {"query": "{ a }", "variables": {"n": 1}, "extensions": {}}}`,
		`{"id": "1", "type": "complete"}`, `{"type": "pong", "payload": []}`, `[]`, `{} {}`, `{"type": 1}`,
		`{"id": "1", "type": "subscribe", "payload": {"documentId": "x", "extensions": {"persistedQuery": 1}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeMessage(text)
		if err == nil {
			_, err = m.authorization()
		}
		if m.Type == messageSubscribe && err == nil {
			var asked *request
			if asked, err = m.request(); err == nil && !asked.hasOperation() {
				t.Errorf("%q asks for nothing", text)
			}
		}
		if err != nil && (cutReason(err.Error()) != err.Error() || !slices.Contains(mistakes, err)) {
			t.Errorf("%q is refused in words that are not ours: %v", text, err)
		}
		if reason := cutReason(m.ID); len(reason) > 123 || !utf8.ValidString(reason) {
			t.Errorf("%q is cut to %q", m.ID, reason)
		}
	})
}

// mistakes are all that a client is told.
var mistakes = []error{errNoMessage, errType, errID, errPayload, errSubscribe, errAuthorize}
