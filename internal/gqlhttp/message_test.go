package gqlhttp

import (
	"slices"
	"testing"
	"unicode/utf8"
)

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
