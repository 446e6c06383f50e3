package web_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/web"
)

func proxies(t *testing.T, networks ...string) web.Proxies {
	t.Helper()
	p, err := web.ParseProxies(networks)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProxies_ClientIsTheOneBeforeTheTrustedProxies(t *testing.T) {
	t.Parallel()
	trusted := proxies(t, "10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48")
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"Direct":                 {"203.0.113.1:5", nil, "203.0.113.1"},
		"DirectAndSpoofed":       {"203.0.113.1:5", []string{"198.51.100.1"}, "203.0.113.1"},
		"DirectPosingAsAProxy":   {"203.0.113.1:5", []string{"198.51.100.1, 10.0.0.1"}, "203.0.113.1"},
		"AProxy":                 {"10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		"AProxyByItself":         {"10.0.0.1:5", nil, "10.0.0.1"},
		"ASingleProxy":           {"192.0.2.7:5", []string{"198.51.100.1"}, "198.51.100.1"},
		"ItsNeighbour":           {"192.0.2.8:5", []string{"198.51.100.1"}, "192.0.2.8"},
		"Spoofed":                {"10.0.0.1:5", []string{"198.51.100.9, 198.51.100.1"}, "198.51.100.1"},
		"SpoofedProxies":         {"10.0.0.1:5", []string{"198.51.100.9, 10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		"TwoProxies":             {"10.0.0.1:5", []string{"198.51.100.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"OnlyProxies":            {"10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"SeveralHeaders":         {"10.0.0.1:5", []string{"198.51.100.9", "198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		"Garbage":                {"10.0.0.1:5", []string{"198.51.100.1, garbage"}, "10.0.0.1"},
		"GarbageBehindAProxy":    {"10.0.0.1:5", []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		"GarbageInFront":         {"10.0.0.1:5", []string{"<script>, 198.51.100.1"}, "198.51.100.1"},
		"Nothing":                {"10.0.0.1:5", []string{""}, "10.0.0.1"},
		"Commas":                 {"10.0.0.1:5", []string{"198.51.100.1, ,"}, "10.0.0.1"},
		"WithAPort":              {"10.0.0.1:5", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		"IPv6":                   {"[2001:db8:1::5]:7", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		"IPv6WithAPort":          {"[2001:db8:1::5]:7", []string{"[2001:db8:2::1]:80"}, "2001:db8:2::1"},
		"IPv6InBrackets":         {"[2001:db8:1::5]:7", []string{"[2001:db8:2::1]"}, "2001:db8:2::1"},
		"IPv6Direct":             {"[2001:db8:2::1]:7", []string{"198.51.100.1"}, "2001:db8:2::1"},
		"IPv6WithAZone":          {"[fe80::1%eth0]:7", nil, "fe80::1"},
		"IPv4AsIPv6":             {"[::ffff:10.0.0.1]:5", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"ASocketWithoutAddress":  {"@", []string{"198.51.100.1"}, "@"},
		"TenThousandHops":        {"10.0.0.1:5", []string{strings.Repeat("10.0.0.2,", 10_000) + "10.0.0.2"}, "10.0.0.2"},
		"AnAddressOfAnotherKind": {"10.0.0.1:5", []string{"0x7f.1"}, "10.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen string
			throttle := &web.LoginThrottle{
				Empty:  func(string) error { return nil },
				Failed: func(_ context.Context, address string) error { seen = address; return nil },
			}
			ask := func(known web.Proxies) string {
				b := setup(t, func(o *web.Options) { o.SignIn.Throttle, o.Proxies = throttle, known })
				r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
				r.RemoteAddr = c.remote
				r.Header["X-Forwarded-For"] = c.forwarded
				b.do(r, "Authorization", "Bearer guess")
				if got := b.log.line(t)["address"]; got != seen {
					t.Errorf("log: got the address %v, want %s", got, seen)
				}
				return seen
			}
			if got := ask(trusted); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			// Without trusted proxies the header has no effect.
			spoken := c.forwarded
			c.forwarded = nil
			want := ask(nil)
			c.forwarded = spoken
			if got := ask(nil); got != want {
				t.Errorf("without trust: got %q, want %q", got, want)
			}
		})
	}
	for _, bad := range []string{"", "garbage", "10.0.0.0/33", "10.0.0.0/x", "fe80::1%eth0", "::ffff:10.0.0.0/104", "*"} {
		if _, err := web.ParseProxies([]string{bad}); err == nil {
			t.Errorf("the network %q is accepted", bad)
		}
	}
}

func TestProxies_OnlyHTTPSGetsStrictTransportSecurity(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.Proxies = proxies(t, "10.0.0.0/8") })
	for name, c := range map[string]struct {
		remote string
		proto  []string
		tls    bool
		want   bool
	}{
		"Plain": {"203.0.113.1:5", nil, false, false}, "TLS": {"203.0.113.1:5", nil, true, true},
		"Spoofed":    {"203.0.113.1:5", []string{"https"}, false, false},
		"Proxy":      {"10.0.0.1:5", []string{"HTTPS"}, false, true},
		"PlainProxy": {"10.0.0.1:5", []string{"http"}, false, false},
		"Two":        {"10.0.0.1:5", []string{"https", "https"}, false, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody)
		r.RemoteAddr, r.Header["X-Forwarded-Proto"] = c.remote, c.proto
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := b.do(r).Header.Get("Strict-Transport-Security"); (got != "") != c.want {
			t.Errorf("%s: got %q, want one %t", name, got, c.want)
		}
	}
}
