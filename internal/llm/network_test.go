package llm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/llm"
)

// closedServer returns the address of a server that has just been closed.
func closedServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	address := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return address
}

func TestCharge_IsNoneWhenNothingWasSent(t *testing.T) {
	t.Parallel()

	t.Run("NobodyListens", func(t *testing.T) {
		t.Parallel()
		failed := failure(t, newClient(t, llm.Options{BaseURL: closedServer(t)}))
		if failed.Class != llm.Network || failed.Charge != llm.ChargeNone {
			t.Errorf("got %v, want NETWORK, charge NONE", failed)
		}
	})

	t.Run("TheHandshakeFails", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = nil
		server.StartTLS()
		t.Cleanup(server.Close)
		failed := failure(t, newClient(t, llm.Options{BaseURL: server.URL}))
		if failed.Class != llm.Network || failed.Charge != llm.ChargeNone {
			t.Errorf("got %v, want NETWORK, charge NONE", failed)
		}
	})

	t.Run("TheTimeIsOver", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		failed := asError(t, second(b.client.Complete(ctx, body(t), ignore)))
		if failed.Class != llm.Timeout || failed.Charge != llm.ChargeNone {
			t.Errorf("got %v, want TIMEOUT, charge NONE", failed)
		}
	})

	t.Run("TheCallerHasGone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		failed := asError(t, second(b.client.Complete(ctx, body(t), ignore)))
		if failed.Class != llm.Cancelled || failed.Charge != llm.ChargeNone || !errors.Is(failed, context.Canceled) {
			t.Errorf("got %v, want CANCELLED, charge NONE", failed)
		}
	})
}

// hangUp closes the connection after reading the request.
func hangUp(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

func TestCharge_IsUnknownOnceTheRequestMayHaveLeft(t *testing.T) {
	t.Parallel()

	t.Run("HTTP1", func(t *testing.T) {
		t.Parallel()
		var asked atomic.Int64
		failed := failure(t, newClient(t, llm.Options{BaseURL: serve(t, http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				hangUp(w, r)
			}))}))
		if failed.Class != llm.Network || failed.Charge != llm.ChargeUnknown {
			t.Errorf("got %v, want NETWORK, charge UNKNOWN", failed)
		}
		if asked.Load() != 1 {
			t.Errorf("got %d requests, want 1: a retry is a new charge", asked.Load())
		}
	})

	t.Run("HTTP2", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(http.HandlerFunc(hangUp))
		server.EnableHTTP2 = true
		server.StartTLS()
		t.Cleanup(server.Close)
		failed := failure(t, newClient(t, llm.Options{BaseURL: server.URL, HTTPClient: server.Client()}))
		if failed.Class != llm.Network || failed.Charge != llm.ChargeUnknown {
			t.Errorf("got %v, want NETWORK, charge UNKNOWN", failed)
		}
	})

	t.Run("AForeignTransportProvesNothing", func(t *testing.T) {
		t.Parallel()
		foreign := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("no idea")
		})}
		failed := failure(t, newClient(t, llm.Options{BaseURL: "http://sandbox.invalid", HTTPClient: foreign}))
		if failed.Class != llm.Network || failed.Charge != llm.ChargeUnknown {
			t.Errorf("got %v, want NETWORK, charge UNKNOWN", failed)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestKey_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var leaked atomic.Int64
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Add(1) }))
	client := newClient(t, llm.Options{BaseURL: serve(t, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}))})
	failed := failure(t, client)
	if failed.Class != llm.InvalidRequest || failed.Charge != llm.ChargeUnknown || failed.Status != 307 {
		t.Errorf("got %v, want INVALID_REQUEST, charge UNKNOWN", failed)
	}
	if leaked.Load() != 0 {
		t.Errorf("got %d requests at the redirect's target, want none", leaked.Load())
	}
}

func TestKey_IsInNoText(t *testing.T) {
	t.Parallel()
	said := `{"error":{"code":401,"message":"the key ` + testKey + ` \n is wrong ` + strings.Repeat("x", 400) + `"}}`
	client := newClient(t, llm.Options{BaseURL: serve(t, answering(nil, 401, said))})
	failed := failure(t, client)
	for what, text := range map[string]string{
		"error": failed.Error(), "error in full": fmt.Sprintf("%+v %#v", failed, failed),
		"client": fmt.Sprintf("%+v %#v", client, client),
	} {
		if strings.Contains(text, testKey) {
			t.Errorf("got the key in the %s: %s", what, text)
		}
	}
	if len(failed.Message) > 400 || strings.Contains(failed.Message, "\n") {
		t.Errorf("got %q, want one short line", failed.Message)
	}
}

func TestRetryAfter_IsReadInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"17":                            17 * time.Second,
		"-1":                            0,
		"99999999":                      24 * time.Hour,
		"soon":                          0,
		"Wed, 06 May 2026 12:01:30 GMT": 90 * time.Second,
		"Wed, 06 May 2026 11:00:00 GMT": 0,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Retry-After": {text}}
			client := newClient(t, llm.Options{
				BaseURL: serve(t, answering(header, 429, `{"error":{"code":429}}`)),
				Now:     func() time.Time { return now },
			})
			if got := failure(t, client).RetryAfter; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]llm.Options{
		"NoKey":                    {},
		"AKeyWithALineBreak":       {Key: "secret\r\nX: y"},
		"AKeyThatIsNotASCII":       {Key: "secrét"},
		"ARelativeAddress":         {Key: "secret", BaseURL: "api/v1"},
		"AnotherScheme":            {Key: "secret", BaseURL: "ftp://host"},
		"CredentialsInTheAddress":  {Key: "secret", BaseURL: "https://user:secret@host"},
		"AQueryInTheAddress":       {Key: "secret", BaseURL: "https://host?key=secret"},
		"AnAddressThatIsNotOne":    {Key: "secret", BaseURL: "http://[secret"},
		"AnAddressWithoutAnyHost":  {Key: "secret", BaseURL: "https://"},
		"AFragmentInTheAddress":    {Key: "secret", BaseURL: "https://host#secret"},
		"AKeyWithASpaceInItsWords": {Key: "secret key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := llm.New(o)
			if err == nil || strings.Contains(err.Error(), "secr") {
				t.Errorf("got %v, want an error that does not quote its input", err)
			}
		})
	}
}

func TestRequest_NamesTheProgram(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	client := newClient(t, llm.Options{
		Title: "Infin8Content", Referer: "https://infin8content.example",
		BaseURL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Header
			w.WriteHeader(http.StatusTeapot)
		})) + "/",
	})
	failure(t, client)
	header := <-seen
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testKey, "Content-Type": "application/json",
		"X-Title": "Infin8Content", "HTTP-Referer": "https://infin8content.example",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
}
