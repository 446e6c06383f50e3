package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

func TestAPIKey_SignsInLikeAToken(t *testing.T) {
	t.Parallel()
	keys := func(_ context.Context, key string) (caller.Caller, time.Time, error) {
		switch key {
		case "infin8_good":
			who := caller.Caller{Actor: "key:one", OrganizationID: uuid.New(), Role: caller.Viewer}
			return who, time.Now().Add(time.Hour), nil
		case "infin8_away":
			return caller.Caller{}, time.Time{}, errors.New("the database at 10.0.0.7 is away")
		}
		return caller.Caller{}, time.Time{}, fmt.Errorf("it is mistyped: %w", fault.New(fault.Unauthenticated, "No."))
	}
	failures := 0
	b := setup(t, func(o *web.Options) {
		o.SignIn.APIKeys = keys
		o.SignIn.Throttle = &web.LoginThrottle{
			Empty:  func(string) error { return nil },
			Failed: func(context.Context, string) error { failures++; return nil },
		}
	})
	if r := b.post("{}", "Authorization", "Bearer infin8_good"); r.StatusCode != http.StatusOK {
		t.Errorf("a good key: got %d, want 200", r.StatusCode)
	}
	if line := b.log.line(t); line["actor"] != "key:one" {
		t.Errorf("log: got %v, want the key's name", line)
	}
	wantRefusal(t, b.post("{}", "Authorization", "Bearer infin8_bad"), http.StatusUnauthorized, fault.Unauthenticated)
	if failures != 1 {
		t.Errorf("got %d failures counted, want 1", failures)
	}
	r := b.post("{}", "Authorization", "Bearer infin8_away")
	if body := text(t, r); r.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "10.0.0.7") {
		t.Errorf("without the database: got %d %s, want 503 and nothing of the cause", r.StatusCode, body)
	}
	if failures != 1 {
		t.Error("a key that could not be looked up counts as a failure")
	}
}

func TestAPIKey_NoTokenCanLookLikeOne(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if _, err := b.auth.Token(caller.Caller{
		Actor: "key:nightly", OrganizationID: uuid.New(), Role: caller.Admin,
	}, time.Hour); err == nil {
		t.Error("a token may name the actor of a key")
	}
}
