package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/cors"
)

// secured sets the headers that every answer has. The strictest policy is the default: an answer is data, never a page,
// never in a frame, never in a cache. The playground relaxes what it needs for itself. Who has come by https shall do
// so for a year, to this host; what others there are under its domain is not ours to say.
func secured(proxies Proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		if proxies.isSecure(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// shareWith lets pages of the listed origins call the handler and answers their preflights. Credentials are not shared:
// callers identify themselves by a header, and a cookie has no meaning here.
func shareWith(origins []string, next http.Handler) http.Handler {
	listed := slices.Clone(origins)
	return cors.New(cors.Options{
		// Not AllowedOrigins: there an empty list means everybody.
		AllowOriginFunc: func(origin string) bool { return slices.Contains(listed, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{
			"Accept", "Authorization", "Content-Type", "X-Request-Id",
			// One of these must come with a GET: see graph.
			"Apollo-Require-Preflight", "GraphQL-Preflight", "GraphQL-Require-Preflight", "X-Apollo-Operation-Name",
		},
		ExposedHeaders: []string{"Retry-After", "X-Request-Id"},
		MaxAge:         600, // seconds; browsers cap it themselves
	}).Handler(next)
}

// CheckOrigin returns nil when text is a web origin as browsers write it, such as "https://app.example.com" or
// "http://localhost:3000": nothing else would ever match. Patterns, "*" and "null" are none.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		text != u.Scheme+"://"+u.Host || text != strings.ToLower(text) || strings.ContainsRune(text, '*') {
		return fmt.Errorf("%q is not a web origin: write it as https://host or https://host:port, in lower case", text)
	}
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		return fmt.Errorf("%q names the scheme's own port, which browsers leave out", text)
	}
	return nil
}
