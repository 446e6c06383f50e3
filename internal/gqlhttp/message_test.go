package gqlhttp

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzMessage reads any message of a client. The reason of the close frame is one of a closed list and fits into a
// frame.
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
				t.Errorf("%q has no operation", text)
			}
		}
		if err != nil && (shortReason(err.Error()) != err.Error() || !slices.Contains(closeReasons, err)) {
			t.Errorf("%q is refused with an unknown reason: %v", text, err)
		}
		if reason := shortReason(m.ID); len(reason) > 123 || !utf8.ValidString(reason) {
			t.Errorf("%q is cut to %q", m.ID, reason)
		}
	})
}

// closeReasons are all texts that a client gets for a bad message.
var closeReasons = []error{errNoMessage, errType, errID, errPayload, errSubscribe, errAuthorization}
