package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

const foreignPage = "Pages of this origin may not connect."

// isWebsocket reports whether a request asks to become a websocket, and nothing else. Such a request may come without a
// token, so there must be one way to read it: with a second protocol, or a second header, whoever answers could take it
// for a query.
func isWebsocket(r *http.Request) bool {
	wanted := r.Header.Values("Upgrade")
	return r.Method == http.MethodGet && names(r.Header, "Connection", "upgrade") &&
		len(wanted) == 1 && strings.EqualFold(wanted[0], "websocket")
}

// names reports whether a header lists a word.
func names(h http.Header, header, word string) bool {
	for _, value := range h.Values(header) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), word) {
				return true
			}
		}
	}
	return false
}

// connectTo refuses websockets from pages of other origins than the listed ones and our own: CORS does not cover
// websockets, browsers only say where the page comes from. Programs that are no browser say nothing.
func connectTo(origins []string, next http.Handler) http.Handler {
	listed := slices.Clone(origins)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isWebsocket(r) {
			for _, origin := range r.Header.Values("Origin") {
				if !slices.Contains(listed, origin) && !isOwn(origin, r) {
					refuse(w, r, refusal{http.StatusForbidden, fault.Forbidden, foreignPage})
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isOwn reports whether the page comes from this server.
func isOwn(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
