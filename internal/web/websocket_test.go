package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// upgrade returns a request for a WebSocket.
func upgrade(origin string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://api.example.com/graphql", nil)
	r.Header.Set("Connection", "keep-alive, Upgrade")
	r.Header.Set("Upgrade", "websocket")
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return r
}

func TestWebSocket_OpensForListedPagesAndPrograms(t *testing.T) {
	t.Parallel()
	auth, err := NewAuthenticator(make([]byte, MinSecretBytes), nil)
	if err != nil {
		t.Fatal(err)
	}
	var who caller.Caller
	var reached bool
	handler := New(Options{
		SignIn: SignIn{Auth: auth}, Origins: []string{"https://app.example.com"},
		GraphQL: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			reached, who = true, caller.From(r.Context())
		}),
	})
	for origin, want := range map[string]bool{
		"": true, "https://app.example.com": true, "https://api.example.com": true, "http://api.example.com": true,
		"https://evil.example.com": false, "https://app.example.com.evil.com": false, "null": false,
		"https://APP.example.com": false, "http://app.example.com": false, "https://app.example.com:444": false,
	} {
		reached = false
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, upgrade(origin))
		if reached != want || !want && answer.Code != http.StatusForbidden {
			t.Errorf("origin %q: got reached %t with %d, want %t", origin, reached, answer.Code, want)
		}
		if who.Known() {
			t.Errorf("a websocket without a token: got the caller %v", who)
		}
	}
	// A bad token is refused at once. A request that is not quite one for a WebSocket needs a token.
	forged := upgrade("")
	forged.Header.Set("Authorization", "Bearer forged")
	post := upgrade("")
	post.Method = http.MethodPost
	half := upgrade("")
	half.Header.Del("Connection")
	either, twice := upgrade(""), upgrade("")
	either.Header.Set("Upgrade", "h2c, websocket")
	twice.Header["Upgrade"] = []string{"h2c", "websocket"}
	for name, r := range map[string]*http.Request{
		"forged": forged, "a POST": post, "without Connection": half, "one of two": either, "the second of two": twice,
	} {
		reached = false
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if reached || answer.Code != http.StatusUnauthorized {
			t.Errorf("%s: got %d, reached %t, want 401", name, answer.Code, reached)
		}
	}
}

func TestSignIn_ReturnsTheCallerAndTheEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	auth, err := NewAuthenticator(make([]byte, MinSecretBytes), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	who := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Operator}
	token, err := auth.Token(who, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	e := SignIn{Auth: auth}
	ctx, err := e.Authenticate(t.Context(), "bearer "+token)
	if err != nil {
		t.Fatal(err)
	}
	end, ends := caller.End(ctx)
	if got := caller.From(ctx); got != who || !ends || !end.Equal(now.Add(time.Minute)) {
		t.Errorf("got %v until %s (%t), want %v for a minute", got, end, ends, who)
	}
	for name, values := range map[string][]string{
		"nothing": nil, "two": {"Bearer " + token, "Bearer " + token}, "no scheme": {token}, "Basic": {"Basic " + token},
	} {
		if _, err := e.Authenticate(t.Context(), values...); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: got %v, want UNAUTHENTICATED", name, err)
		}
	}
	away := errors.New("the database is away")
	e.Admit = func(context.Context, caller.Caller) error { return away }
	_, err = e.Authenticate(t.Context(), "Bearer "+token)
	if !errors.Is(err, away) {
		t.Errorf("not admitted: got %v, want the reason", err)
	}
}
