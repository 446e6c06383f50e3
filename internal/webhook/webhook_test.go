package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/outbound"
)

var testMessage = Message{
	ID:     "msg_p5jXN8AQM9LWM0D4loKWxJek",
	Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	Body:   []byte(`{"test": 2432232314}`),
	At:     time.Unix(1614265330, 0),
}

// The example in the documentation of Standard Webhooks.
func TestSign_FollowsStandardWebhooks(t *testing.T) {
	t.Parallel()
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got, err := testMessage.Sign(); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestSecret_DependsOnKeyOrganizationAndVersion(t *testing.T) {
	t.Parallel()
	key, organization := []byte(strings.Repeat("k", 32)), uuid.MustParse("aaaaaaaa-0000-4000-8000-000000000000")
	first := Secret(key, organization, 1)
	if !strings.HasPrefix(first, "whsec_") || len(first) != len("whsec_")+44 || first != Secret(key, organization, 1) {
		t.Errorf("got %s, want whsec_ and the base64 of 32 bytes, the same each time", first)
	}
	for name, other := range map[string]string{
		"key":          Secret([]byte(strings.Repeat("l", 32)), organization, 1),
		"organization": Secret(key, uuid.New(), 1),
		"version":      Secret(key, organization, 2),
	} {
		if other == first {
			t.Errorf("another %s has the same secret", name)
		}
	}
}

func TestCheckURL_RefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	const always, unlessPrivate, never = 0, 1, 2
	for address, refused := range map[string]int{
		"https://example.com": never, "https://example.com:8443/a?b=c": never, "https://93.184.216.34/": never,
		"https://[2606:4700:4700::1111]/": never, "https://xn--r8jz45g.jp/": never,
		"http://example.com": unlessPrivate, "https://localhost": unlessPrivate, "https://LOCALHOST.": unlessPrivate,
		"https://a.localhost": unlessPrivate, "https://127.0.0.1": unlessPrivate, "https://0.0.0.0": unlessPrivate,
		"https://[::ffff:127.0.0.1]": unlessPrivate, "https://[::]": unlessPrivate, "https://169.254.169.254": unlessPrivate,
		"http://10.0.0.1": unlessPrivate, "https://[fe80::1]": unlessPrivate,
		"": always, "example.com": always, "//example.com": always, "/path": always, "https://": always, "https:///x": always,
		"ftp://example.com": always, "javascript:alert(1)": always, "https:example.com": always, "https://:443": always,
		"https://user:secret@example.com": always, "https://user@example.com": always, "https://example.com/#x": always,
		"https://example.com:0": always, "https://example.com:65536": always, "https://exa mple.com": always,
		"https://example.com/\n": always, "https://例え.jp": always,
		"https://example.com/" + strings.Repeat("a", 2029): always,
	} {
		for _, private := range []bool{false, true} {
			err := CheckURL(address, private)
			if want := refused == always || refused == unlessPrivate && !private; (err != nil) != want {
				t.Errorf("%q, private %t: got %v, want refused %t", address, private, err, want)
			}
			if err != nil && (fault.KindOf(err) != fault.InvalidInput || len(fault.FieldOf(err)) != 1) {
				t.Errorf("%q: got %v, want INVALID_INPUT about the field", address, err)
			}
		}
	}
}

// receiver starts a server that answers with the handler and counts its requests.
func receiver(t *testing.T, answer http.HandlerFunc) (address string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// The check is on the resolved address, at the moment of the connection. "localhost" represents any name whose owner
// points it into our network.
func TestSend_RefusesPrivateAddressesUnderAnyName(t *testing.T) {
	t.Parallel()
	address, asked := receiver(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"} {
		message := testMessage
		for scheme, want := range map[string]error{"https": outbound.ErrNotPublic, "http": outbound.ErrNotHTTPS} {
			message.URL = scheme + "://" + net.JoinHostPort(strings.Trim(host, "[]"), port)
			if status, err := NewSender(false).Send(context.Background(), message); !errors.Is(err, want) {
				t.Errorf("%s: got %d, %v, want %v", message.URL, status, err, want)
			}
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("requests to the private address: got %d, want none", n)
	}
}

func TestSend_SignsAndReturnsTheStatus(t *testing.T) {
	t.Parallel()
	elsewhere, followed := receiver(t, func(http.ResponseWriter, *http.Request) {})
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		err    string
	}{
		"Accepted": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, ""},
		"Failed":   {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) }, 418, ""},
		"RedirectsAreNotFollowed": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, 307, ""},
		"ALongAnswerIsNotRead": {func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < 1<<20 && w != nil; i++ {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
					return
				}
			}
		}, 200, ""},
		"Cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "the connection failed"},
		"ALongHeadIsNoAnswer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Long", strings.Repeat("x", 64<<10))
		}, 0, "the connection failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, asked := receiver(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				signature, _ := testMessage.Sign()
				if err != nil || string(body) != string(testMessage.Body) || r.Method != http.MethodPost ||
					r.Header.Get("Content-Type") != "application/json" || r.Header.Get("webhook-id") != testMessage.ID ||
					r.Header.Get("webhook-timestamp") != "1614265330" || r.Header.Get("webhook-signature") != signature {
					t.Errorf("got %s %v %q, %v", r.Method, r.Header, body, err)
				}
				c.answer(w, r)
			})
			message := testMessage
			message.URL = address
			status, err := NewSender(true).Send(context.Background(), message)
			if status != c.status || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Errorf("got %d, %v, want %d, %q", status, err, c.status, c.err)
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("requests: got %d, want 1", n)
			}
		})
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("followed redirects: got %d, want none", n)
	}
}
