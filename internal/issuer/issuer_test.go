package issuer_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/issuer/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// first and second are keys that several tests use: an RSA key takes long to make.
var first, second = sandbox.NewSigner("RS256", "first"), sandbox.NewSigner("ES256", "second")

// bundle is an issuer and the provider whose keys it reads, under a clock that stands still.
type bundle struct {
	*issuer.Issuer
	provider *sandbox.Provider
	clock    *atomic.Int64
}

func setup(t *testing.T) bundle {
	t.Helper()
	b := bundle{provider: sandbox.Start(first), clock: &atomic.Int64{}}
	t.Cleanup(b.provider.Close)
	b.clock.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	var err error
	b.Issuer, err = issuer.New(issuer.Options{
		URL:        b.provider.URL(),
		Algorithms: issuer.Algorithms(),
		Logger:     slog.New(slog.DiscardHandler),
		Now:        func() time.Time { return time.Unix(0, b.clock.Load()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// loaded is setup with the keys.
func loaded(t *testing.T) bundle {
	t.Helper()
	b := setup(t)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b bundle) advance(by time.Duration) { b.clock.Add(int64(by)) }

// knows reports whether the issuer has the signer's key and no other, and of what kind the error was if there was one.
func (b bundle) knows(t *testing.T, s sandbox.Signer) (bool, fault.Kind) {
	t.Helper()
	keys, err := b.Keys(t.Context(), s.Algorithm, s.ID)
	type comparable interface{ Equal(crypto.PublicKey) bool }
	return len(keys) == 1 && s.Private.Public().(comparable).Equal(keys[0]), fault.KindOf(err)
}

func (b bundle) wantKnown(t *testing.T, when string, s sandbox.Signer, want bool) {
	t.Helper()
	if got, kind := b.knows(t, s); got != want || kind != "" {
		t.Errorf("%s: the key %s is known: got %t, %q, want %t", when, s.ID, got, kind, want)
	}
}

func TestKeys_FindsAKeyOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all []sandbox.Signer
	for _, algorithm := range issuer.Algorithms() {
		all = append(all, sandbox.NewSigner(algorithm, "key of "+algorithm))
	}
	b.provider.Publish(all...)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		b.wantKnown(t, s.Algorithm, s, true)
		other := s
		other.Algorithm = "HS256"
		b.wantKnown(t, "HS256", other, false)
		unnamed := s // The only key that fits is found without its name.
		unnamed.ID = ""
		b.wantKnown(t, "without an id", unnamed, true)
	}
	if got := b.provider.Asked(sandbox.KeySet); got != 1 {
		t.Errorf("the keys were fetched %d times, want once", got)
	}
}

func TestKeys_FetchesARotatedKeyOnceAndForgetsAWithdrawnOne(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	b.provider.Publish(second)
	b.wantKnown(t, "after the rotation", second, true)
	b.wantKnown(t, "withdrawn", first, false)
	if got := b.provider.Asked(sandbox.KeySet); got != 2 {
		t.Errorf("the keys were fetched %d times, want twice", got)
	}
	b.provider.Publish(first)
	b.advance(9 * time.Second)
	b.wantKnown(t, "nine seconds after", first, false)
	b.advance(2 * time.Second)
	b.wantKnown(t, "eleven seconds after", first, true)
}

func TestKeys_IsUnavailableWhenTheCallerStopsWaiting(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	b.provider.Publish(second)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if keys, err := b.Keys(gone, second.Algorithm, second.ID); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, %v, want UNAVAILABLE", keys, err)
	}
	b.wantKnown(t, "the fetch went on", second, true)
}

func TestKeys_FetchesOnceForManyUnknownKeys(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	waiting := make(chan struct{})
	b.provider.Instead(sandbox.KeySet, func(w http.ResponseWriter, _ *http.Request) {
		<-waiting
		_, _ = io.WriteString(w, `{"keys": []}`)
	})
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			ctx := t.Context()
			if n%2 == 0 { // Who goes away takes nothing from the others.
				var cancel context.CancelFunc
				ctx, cancel = context.WithCancel(ctx)
				cancel()
			}
			if keys, _ := b.Keys(ctx, "RS256", fmt.Sprint("invented ", n)); len(keys) > 0 {
				t.Errorf("an invented key is found: %v", keys)
			}
		})
	}
	// A known key needs no fetch.
	b.wantKnown(t, "meanwhile", first, true)
	close(waiting)
	all.Wait()
	if got := b.provider.Asked(sandbox.KeySet); got != 2 {
		t.Errorf("the keys were fetched %d times, want once more", got)
	}
}

func TestKeys_KeepsKeysDuringAnOutage(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	trickle := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"keys": [`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	say := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"Away":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"Failing": say(http.StatusInternalServerError, "{}"), "Missing": say(http.StatusNotFound, "{}"),
		"Hanging": hang, "Trickling": trickle, "Words": say(http.StatusOK, "sorry"),
		"NoKeys": say(http.StatusOK, `{"keys": []}`), "Null": say(http.StatusOK, `null`),
		"Huge": say(http.StatusOK, `{"keys": [{"x": "`+strings.Repeat("x", 1<<20)+`"}]}`),
	} {
		for _, path := range []string{sandbox.Discovery, sandbox.KeySet} {
			t.Run(name+strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
				t.Parallel()
				b := loaded(t)
				b.SetFetchTime(200 * time.Millisecond)
				b.provider.Instead(path, handler)
				if _, kind := b.knows(t, second); kind != fault.Unavailable {
					t.Errorf("an unknown key: got %q, want UNAVAILABLE", kind)
				}
				b.advance(23 * time.Hour)
				b.wantKnown(t, "for 23 hours", first, true)
				b.advance(2 * time.Hour)
				if _, kind := b.knows(t, first); kind != fault.Unavailable {
					t.Errorf("after 25 hours: got %q, want UNAVAILABLE", kind)
				}
				b.provider.Instead(path, nil)
				b.SetFetchTime(time.Minute)
				b.advance(11 * time.Second)
				b.wantKnown(t, "when it is over", first, true)
				b.wantKnown(t, "when it is over", second, false)
			})
		}
	}
}

func TestRun_RefreshesTheKeys(t *testing.T) {
	t.Parallel()
	provider := sandbox.Start(first)
	t.Cleanup(provider.Close)
	i, err := issuer.New(issuer.Options{
		URL: provider.URL(), Refresh: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := bundle{Issuer: i, provider: provider}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx) }()
	eventually(t, func() bool { known, _ := b.knows(t, first); return known })
	provider.Publish(second)
	eventually(t, func() bool { known, kind := b.knows(t, first); return !known && kind == "" })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
	b.Settle()
}

func eventually(t *testing.T, fact func() bool) {
	t.Helper()
	for limit := time.After(time.Minute); !fact(); {
		select {
		case <-limit:
			t.Fatal("waited in vain")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestLoad_FailsAtOnceForPermanentErrors(t *testing.T) {
	t.Parallel()
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	discovery := func(issuer, keys string) http.HandlerFunc {
		return say(fmt.Sprintf(`{"issuer": %q, "jwks_uri": %q}`, issuer, keys))
	}
	for name, c := range map[string]struct {
		discovery func(url string) http.HandlerFunc
		want      string
	}{
		"AnotherIssuer": {func(u string) http.HandlerFunc { return discovery("https://evil.example", u) }, "want exactly"},
		"WithASlash":    {func(u string) http.HandlerFunc { return discovery(u+"/", u) }, "want exactly"},
		"NoKeys":        {func(u string) http.HandlerFunc { return discovery(u, "") }, "jwks_uri"},
		"KeysInTheOpen": {func(u string) http.HandlerFunc { return discovery(u, "http://keys.example/") }, "https://"},
		"KeysInAFile":   {func(u string) http.HandlerFunc { return discovery(u, "file:///etc/keys") }, "jwks_uri"},
		"Words":         {func(string) http.HandlerFunc { return say("hello") }, "not JSON"},
		"Elsewhere": {func(u string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, u+sandbox.KeySet, http.StatusFound) }
		}, "302"},
		"NotThere": {func(string) http.HandlerFunc { return http.NotFound }, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.provider.Instead(sandbox.Discovery, c.discovery(b.provider.URL()))
			err := b.Load(t.Context())
			if err == nil || issuer.IsUnavailable(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something final about %s", err, c.want)
			}
		})
	}
	t.Run("Away", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.provider.Close()
		if err := b.Load(t.Context()); !issuer.IsUnavailable(err) {
			t.Errorf("got %v, want UNAVAILABLE", err)
		}
	})
}

func TestKeys_IgnoresUnusableKeys(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public := first.Private.Public()
	for name, key := range map[string]jose.JSONWebKey{
		"ForEncryption":    {KeyID: "x", Key: public, Use: "enc"},
		"OfOtherAlgorithm": {KeyID: "x", Key: public, Algorithm: "RS512"},
		"WrongAlgorithm":   {KeyID: "x", Key: public, Algorithm: "ES256"},
		"NoneAsAlgorithm":  {KeyID: "x", Key: public, Algorithm: "none"},
		"Symmetric":        {KeyID: "x", Key: []byte(strings.Repeat("s", 32)), Algorithm: "HS256"},
		"TooShort":         {KeyID: "x", Key: short.Public()},
		"Private":          {KeyID: "x", Key: first.Private},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.provider.PublishKeys(key, second.Public())
			if err := b.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, algorithm := range append(issuer.Algorithms(), "HS256", "RS512", "none") {
				if keys, err := b.Keys(t.Context(), algorithm, "x"); len(keys) > 0 || err != nil {
					t.Errorf("%s: got %v, %v, want no key", algorithm, keys, err)
				}
			}
			b.wantKnown(t, "beside it", second, true)
		})
	}
}

func TestNew_RefusesAddressesThatAnotherHostCanAnswer(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"https://id.example.com": true, "https://id.example.com/realms/one": true, "https://id.example.com:8443/": true,
		"http://127.0.0.1:9000": true, "http://[::1]:9000": true, "http://localhost:9000/x": true,
		"http://id.example.com": false, "http://127.0.0.1.example.com": false, "http://10.0.0.1": false,
		"ftp://127.0.0.1": false, "id.example.com": false, "": false, "https://": false,
		"https://a:b@id.example.com": false, "https://id.example.com?x=1": false, "https://id.example.com#x": false,
	} {
		if _, err := issuer.New(issuer.Options{URL: address}); (err == nil) != good {
			t.Errorf("%q: got %v, want good %t", address, err, good)
		}
	}
	for _, o := range []issuer.Options{
		{URL: "https://id.example.com", Algorithms: []string{"HS256"}},
		{URL: "https://id.example.com", Algorithms: []string{"RS256", "none"}},
		{URL: "https://id.example.com", Refresh: -time.Second},
	} {
		if _, err := issuer.New(o); err == nil {
			t.Errorf("%+v: got no error", o)
		}
	}
}
