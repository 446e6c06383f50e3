package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/issuer/sandbox"
)

// FuzzToken reads any token with a secret and an issuer. A token that neither has signed is refused, and the error
// repeats nothing of it.
func FuzzToken(f *testing.F) {
	provider := sandbox.Start(sandbox.NewSigner("ES256", "one"))
	f.Cleanup(provider.Close)
	known, err := issuer.New(issuer.Options{URL: provider.URL()})
	if err != nil {
		f.Fatal(err)
	}
	auth, err := Authentication{
		Secret:   make([]byte, MinSecretBytes),
		Issuer:   known,
		Audience: []string{"engine"},
		Now:      func() time.Time { return time.Unix(1_800_000_000, 0) },
	}.Authenticator()
	if err != nil {
		f.Fatal(err)
	}
	for _, token := range []string{
		"", ".", "..", "...", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA",
		sandbox.NewSigner("ES256", "one").Token(map[string]any{"iss": provider.URL(), "aud": "engine"}, nil),
		sandbox.NewSigner("ES256", "two").Token(map[string]any{"exp": 1e300, "sub": []int{1}}, map[string]any{"kid": 1}),
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		who, _, err := auth.read(t.Context(), token)
		if who != (caller.Caller{}) || fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("got %+v, %v", who, err)
		}
		if len(token) > 40 && strings.Contains(err.Error(), token) {
			t.Errorf("%q is repeated", err)
		}
	})
}

// FuzzClient reads any X-Forwarded-For. The client is always an address; without trusted proxies it is that of the
// connection.
func FuzzClient(f *testing.F) {
	trusted, err := ParseProxies([]string{"10.0.0.0/8", "2001:db8::/32"})
	if err != nil {
		f.Fatal(err)
	}
	for _, said := range []string{
		"", ",", "198.51.100.1", "[2001:db8::1]:80, 10.0.0.2", "garbage, 10.0.0.3", "::ffff:10.0.0.1",
	} {
		f.Add("10.0.0.1:5", said)
		f.Add("[2001:db8::1%eth0]:5", said)
	}
	f.Fuzz(func(t *testing.T, remote, said string) {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = remote, []string{said}
		if client := trusted.clientAddress(r); client != remote {
			if address, ok := parseAddress(client); !ok || address.String() != client {
				t.Errorf("%q, %q: got %q", remote, said, client)
			}
		}
		without := Proxies(nil).clientAddress(r)
		r.Header.Del("X-Forwarded-For")
		if got := trusted.clientAddress(r); got != without {
			t.Errorf("%q, %q: got %q without trusted proxies, want %q", remote, said, without, got)
		}
	})
}
