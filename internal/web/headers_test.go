package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/web"
)

const listed = "https://app.example.com"

func preflight(b bundle, origin string) *http.Response {
	return b.do(httptest.NewRequest(http.MethodOptions, "/graphql", http.NoBody), "Origin", origin,
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,x-request-id")
}

func TestCORS_PermitsAListedOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.Origins = []string{"http://localhost:3000", listed} })
	r := preflight(b, listed)
	if r.StatusCode != http.StatusNoContent {
		t.Errorf("preflight: got status %d, want 204", r.StatusCode)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":      listed,
		"Access-Control-Allow-Methods":     "POST",
		"Access-Control-Allow-Headers":     "authorization,content-type,x-request-id",
		"Access-Control-Allow-Credentials": "",
		"Access-Control-Max-Age":           "600",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("preflight: %s: got %q, want %q", name, got, want)
		}
	}
	for name, answer := range map[string]*http.Response{
		"good":    b.post("{}", "Origin", listed),
		"refused": b.post("{}", "Origin", listed, "Authorization", ""),
	} {
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != listed {
			t.Errorf("%s: Access-Control-Allow-Origin: got %q, want %q", name, got, listed)
		}
		if got := answer.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(got, "X-Request-Id") {
			t.Errorf("%s: Access-Control-Expose-Headers: got %q, want X-Request-Id in it", name, got)
		}
		if got := strings.Join(answer.Header.Values("Vary"), ","); !strings.Contains(got, "Origin") {
			t.Errorf("%s: Vary: got %q, want Origin in it", name, got)
		}
	}
}

func TestCORS_RefusesAnUnlistedOrigin(t *testing.T) {
	t.Parallel()
	for name, origins := range map[string][]string{
		"EmptyList": nil,
		"OtherList": {listed},
		"Star":      {"*"},
		"Pattern":   {"https://*.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *web.Options) { o.Origins = origins })
			for _, origin := range []string{
				"https://evil.example", "https://evil.example.com", "http://app.example.com", listed + ".evil.example",
				listed + ":8443", "https://APP.example.com", "null",
			} {
				for kind, r := range map[string]*http.Response{
					"preflight": preflight(b, origin),
					"post":      b.post("{}", "Origin", origin),
				} {
					if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" {
						t.Errorf("%s from %s: Access-Control-Allow-Origin: got %q, want none", kind, origin, got)
					}
				}
			}
		})
	}
}

func TestCORS_APreflightNeedsNoToken(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.GraphQL, o.Origins = never(t), []string{listed} })
	for name, headers := range map[string][]string{
		"Method": {"Origin", listed, "Access-Control-Request-Method", "DELETE"},
		"Header": {"Origin", listed, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "cookie"},
	} {
		r := b.do(httptest.NewRequest(http.MethodOptions, "/graphql", http.NoBody), headers...)
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: Access-Control-Allow-Origin: got %q, want none", name, got)
		}
	}
}

func TestCORS_IsForGraphQLOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.Origins = []string{listed} })
	for _, path := range []string{"/", "/healthz", "/readyz", "/nothing"} {
		if got := b.get(path, "Origin", listed).Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: Access-Control-Allow-Origin: got %q, want none", path, got)
		}
	}
}

func TestCheckOrigin_AcceptsWhatBrowsersSend(t *testing.T) {
	t.Parallel()
	for _, good := range []string{listed, "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000"} {
		if err := web.CheckOrigin(good); err != nil {
			t.Errorf("%q: got %v, want none", good, err)
		}
	}
	for _, bad := range []string{
		"", "*", "null", "app.example.com", listed + "/", listed + "/path", listed + "?a", listed + "#a", " " + listed,
		"https://", "https://App.example.com", "https://*.example.com", "https://user@app.example.com",
		"https://app.example.com:443", "http://app.example.com:80", "ftp://app.example.com",
	} {
		if err := web.CheckOrigin(bad); err == nil {
			t.Errorf("%q: got no error, want one", bad)
		}
	}
}
