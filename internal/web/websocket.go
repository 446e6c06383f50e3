package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/header"
)

const foreignPage = "Pages of this origin may not connect."

// refuseForeignSockets refuses WebSockets from pages of other origins than the listed ones and our own. CORS does not
// cover WebSockets: browsers only send the origin of the page. Other programs send none.
func refuseForeignSockets(origins []string, next http.Handler) http.Handler {
	listed := slices.Clone(origins)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header.AsksForWebSocket(r) {
			for _, origin := range r.Header.Values("Origin") {
				if !slices.Contains(listed, origin) && !isOwnOrigin(origin, r) {
					refuse(w, r, refusal{http.StatusForbidden, fault.Forbidden, foreignPage})
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isOwnOrigin reports whether the page is from this server.
func isOwnOrigin(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
