// Package header reads request headers that several packages must read in the same way: a request that one of them
// takes for a WebSocket may not be a query for another one.
package header

import (
	"net/http"
	"strings"
)

// AsksForWebSocket reports whether a request asks to become a WebSocket and nothing else. A second protocol, or a
// second Upgrade field, makes it an ordinary request: a server may choose among several protocols.
func AsksForWebSocket(r *http.Request) bool {
	protocols := r.Header.Values("Upgrade")
	return r.Method == http.MethodGet && HasToken(r.Header, "Connection", "upgrade") &&
		len(protocols) == 1 && strings.EqualFold(protocols[0], "websocket")
}

// HasToken reports whether the comma-separated fields of a name have a token, in any case of letters.
func HasToken(h http.Header, name, token string) bool {
	for _, value := range h.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
