package outbound_test

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/outbound"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	public := outbound.URLRules{Query: true}
	configured := outbound.URLRules{HTTP: outbound.AnyHTTP, PrivateHosts: true}
	loopback := outbound.URLRules{HTTP: outbound.LoopbackHTTP, PrivateHosts: true}
	for name, c := range map[string]struct {
		rules          outbound.URLRules
		accept, refuse []string
	}{
		"Public": {
			rules: public,
			accept: []string{
				"https://example.com", "https://example.com:8443/a?b=c", "https://93.184.216.34/",
				"https://[2606:4700:4700::1111]/", "https://xn--r8jz45g.jp/", "https://EXAMPLE.com.", "https://a_b.example",
				"https://0xab.example", "https://example.0xg", "https://" + strings.Repeat("a", 63) + ".example",
			},
			refuse: []string{
				"http://example.com", "https://localhost", "https://LOCALHOST.", "https://a.localhost",
				"https://127.0.0.1", "https://0.0.0.0", "https://[::ffff:127.0.0.1]", "https://[64:ff9b::7f00:1]",
				"https://[fe80::1]", "https://[fe80::1%25eth0]", "https://[2606:4700:4700::1111%25eth0]",
				"https://169.254.169.254", "https://100.64.0.1", "https://224.0.0.1", "https://10.0.0.1.",
				"https://[::ffff:7f00:1]", "https://[::127.0.0.1]", "https://[2002:7f00:1::]",
			},
		},
		"Configured": {
			rules:  configured,
			accept: []string{"https://example.com/v1", "http://example.com", "http://10.0.0.1:8080", "http://localhost"},
			refuse: []string{"https://example.com?key=1", "https://example.com?", "ftp://example.com"},
		},
		"Loopback": {
			rules:  loopback,
			accept: []string{"https://10.0.0.1", "http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost/x"},
			refuse: []string{"http://10.0.0.1", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "http://localhost.evil.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range c.accept {
				if _, err := outbound.ParseURL(text, c.rules); err != nil {
					t.Errorf("%q: got %v, want it accepted", text, err)
				}
			}
			always := []string{
				"", "example.com", "//example.com", "/path", "https://", "https:///x", "javascript:alert(1)",
				"https:example.com", "https://:443", "https://user:secret@example.com", "https://user@example.com",
				"https://example.com/#x", "https://example.com/#", "https://example.com:0", "https://example.com:65536",
				"https://exa mple.com", "https://example.com/\n", "https://例え.jp", "http://[secret",
				"https://example.com/" + strings.Repeat("a", 2029), "file:///etc/passwd",
				"https://2130706433", "https://0x7f000001", "https://0X7F.1", "https://127.1", "https://127.0.0.1..",
				"https://0177.0.0.1", "https://0", "https://a.0x7f", "https://a.1", "https://1.2.3.256", "https://1.2.3.4.5",
				"https://a..example", "https://.example", "https://.", "https://*.example", "https://a,b.example",
				"https://[example]", "https://[127.0.0.1]", "https://[::1", "https://::1", "https://a.example\\@127.0.0.1",
				"https://" + strings.Repeat("a", 64) + ".example", "https://" + strings.Repeat("a.", 130) + "example",
			}
			for _, text := range append(always, c.refuse...) {
				_, err := outbound.ParseURL(text, c.rules)
				if err == nil || strings.Contains(err.Error(), "secret") {
					t.Errorf("%q: got %v, want an error that does not quote it", text, err)
				}
			}
		})
	}
}
