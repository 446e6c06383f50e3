package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

// tooOften is the error of an empty bucket.
type tooOften struct{}

func (tooOften) Error() string    { return "Too often." }
func (tooOften) Kind() fault.Kind { return fault.RateLimited }
func (tooOften) Seconds() int     { return 7 }

func TestLoginThrottle_RefusesAnAddressAfterTooManyFailures(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	failures := map[string]int{}
	count := func(address string, by int) error {
		mu.Lock()
		defer mu.Unlock()
		if failures[address] += by; failures[address] > 2 || by == 0 && failures[address] == 2 {
			return tooOften{}
		}
		return nil
	}
	b := setup(t, func(o *web.Options) {
		o.SignIn.Throttle = &web.LoginThrottle{
			Empty:  func(address string) error { return count(address, 0) },
			Failed: func(_ context.Context, address string) error { return count(address, 1) },
		}
	})
	ask := func(address, token string) *http.Response {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("{}"))
		r.RemoteAddr = address
		if token == "" {
			return b.do(r)
		}
		return b.do(r, "Authorization", "Bearer "+token)
	}
	const mallory, alice = "192.0.2.1:1", "192.0.2.2:1"
	for range 5 {
		wantRefusal(t, ask(mallory, ""), http.StatusUnauthorized, fault.Unauthenticated) // It is no attempt.
	}
	for range 2 {
		wantRefusal(t, ask(mallory, "guess"), http.StatusUnauthorized, fault.Unauthenticated)
	}
	r := ask(mallory, "guess")
	if got := r.Header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After: got %q, want 7", got)
	}
	wantRefusal(t, r, http.StatusTooManyRequests, fault.RateLimited)
	if r := ask(mallory, b.token); r.StatusCode != http.StatusOK {
		t.Errorf("a good token from the same address: got %d, want 200", r.StatusCode)
	}
	if r := ask(alice, b.token); r.StatusCode != http.StatusOK {
		t.Errorf("another address: got %d, want 200", r.StatusCode)
	}
}
