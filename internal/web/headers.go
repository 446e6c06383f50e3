package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/cors"
)

// secured sets the headers of every answer. The default is the strictest policy: an answer is data, never a page,
// never in a frame, never in a cache. The playground relaxes it for itself. A client that uses https must use it for a
// year, for this host only: the server does not serve the other hosts of its domain.
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

// allowOrigins lets pages of the listed origins call the handler, and answers their preflights. It permits no
// credentials: callers send a header, and the server reads no cookie.
func allowOrigins(origins []string, next http.Handler) http.Handler {
	listed := slices.Clone(origins)
	return cors.New(cors.Options{
		// AllowedOrigins does not fit: an empty list permits every origin.
		AllowOriginFunc: func(origin string) bool { return slices.Contains(listed, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{
			"Accept", "Authorization", "Content-Type", "X-Request-Id",
			// A GET needs one of these: see gqlhttp.
			"Apollo-Require-Preflight", "GraphQL-Preflight", "GraphQL-Require-Preflight", "X-Apollo-Operation-Name",
		},
		ExposedHeaders: []string{"Retry-After", "X-Request-Id"},
		MaxAge:         600, // seconds; browsers have a lower limit
	}).Handler(next)
}

// CheckOrigin returns nil when text is a web origin as browsers write it, such as "https://app.example.com" or
// "http://localhost:3000". No other text can match. Patterns, "*" and "null" are not origins.
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
