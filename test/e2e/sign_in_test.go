package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/issuer/sandbox"
)

// openSocket opens a websocket and sends a token. It returns the close code, or 0 if the server acknowledges.
func openSocket(t *testing.T, address, token string, o websocket.DialOptions) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	o.Subprotocols = []string{"graphql-transport-ws"}
	conn, response, err := websocket.Dial(ctx, address+"/graphql", &o)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body
	defer func() { _ = conn.CloseNow() }()
	first, err := json.Marshal(map[string]any{
		"type": "connection_init", "payload": map[string]any{"authorization": "Bearer " + token},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Write(ctx, websocket.MessageText, first); err != nil {
		t.Fatal(err)
	}
	_, text, err := conn.Read(ctx)
	if err != nil {
		return websocket.CloseStatus(err)
	}
	if !strings.Contains(string(text), "connection_ack") {
		t.Fatalf("the server sends %s", text)
	}
	return 0
}

func TestSignIn_OnlyTheIssuersTokensCountOnHTTPAndWebsockets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := sandbox.NewSigner("ES256", "one"), sandbox.NewSigner("EdDSA", "two")
	provider := sandbox.Start(one)
	t.Cleanup(provider.Close)
	environment := slices.DeleteFunc(w.environment(), func(v string) bool { return strings.HasPrefix(v, "AUTH_SECRET=") })
	server := start(t, environment, "serve", "--listen=127.0.0.1:0", "--connections=12", "--workers=false",
		"--issuer="+provider.URL(), "--audience=https://api.example.com,engine", "--claim-organization=https://x.y/org",
		"--claim-role=/access/roles", "--role-names=boss=ADMIN;guest=VIEWER").listens(t)

	now, unknown := time.Now(), uuid.New()
	claims := func(name string, value any) map[string]any {
		all := map[string]any{
			"iss": provider.URL(), "aud": []string{"other", "engine"}, "sub": "alice", "exp": now.Add(time.Hour).Unix(),
			"https://x.y/org": unknown.String(), "access": map[string]any{"roles": []string{"guest", "other"}},
		}
		if name != "" {
			all[name] = value
		}
		return all
	}
	stranger := sandbox.NewSigner("ES256", "one")
	good := one.Token(claims("", nil), nil)
	bad := map[string]string{
		"none":          "eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".",
		"forged":        stranger.Token(claims("", nil), nil),
		"our own":       token(t, w.who),
		"wrong issuer":  one.Token(claims("iss", "https://evil.example"), nil),
		"for another":   one.Token(claims("aud", "other"), nil),
		"expired":       one.Token(claims("exp", now.Add(-time.Second).Unix()), nil),
		"not yet valid": one.Token(claims("nbf", now.Add(5*time.Minute).Unix()), nil),
		"no role":       one.Token(claims("access", map[string]any{"roles": []string{"ADMIN"}}), nil),
	}
	for name, text := range bad {
		got, err := client{server.address, text}.post(t.Context(), `{ viewer { actor } }`, nil)
		if err != nil || got.Status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s, %v, want 401", name, got.Status, got.Body, err)
		}
		if code := openSocket(t, server.address, text, websocket.DialOptions{}); code != 4403 {
			t.Errorf("%s on a websocket: got %d, want 4403", name, code)
		}
	}
	w.mustCount(t, 0, "organizations", "id = '"+unknown.String()+"'")

	who := func(text string) (got struct{ Viewer struct{ Actor, Role string } }) {
		client{server.address, text}.ask(t, `{ viewer { actor role } }`, nil, &got)
		return got
	}
	if got := who(good).Viewer; got.Actor != "alice" || got.Role != "VIEWER" {
		t.Errorf("viewer: got %+v, want alice as VIEWER", got)
	}
	if code := openSocket(t, server.address, good, websocket.DialOptions{}); code != 0 {
		t.Errorf("a good token on a websocket: got %d, want an acknowledgement", code)
	}

	// The provider rotates its key while the server runs. The first token with the new key is accepted.
	provider.Publish(two)
	rotated := two.Token(claims("", nil), nil)
	if got := who(rotated).Viewer; got.Actor != "alice" {
		t.Errorf("with the new key: got %+v, want alice", got)
	}
	if got, err := (client{server.address, good}).post(t.Context(), `{ viewer { actor } }`, nil); err != nil ||
		got.Status != http.StatusUnauthorized {
		t.Errorf("a token of the withdrawn key: got %d, %v, want 401", got.Status, err)
	}
	provider.Close()
	if got := who(rotated).Viewer; got.Actor != "alice" {
		t.Errorf("without the provider: got %+v, want alice", got)
	}
	server.stop(t)
}

func TestSignIn_WebsocketFailuresCountForTheForwardedAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false", "--failed-logins=3", "--trusted-proxies=127.0.0.0/8,::1")
	from := func(address string) websocket.DialOptions {
		return websocket.DialOptions{HTTPHeader: http.Header{"X-Forwarded-For": {"spoofed, " + address}}}
	}
	post := func(address, text string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.address+"/graphql",
			strings.NewReader(`{"query": "{ __typename }"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = from(address).HTTPHeader
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+text)
		response, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	const mallory, alice = "203.0.113.9", "203.0.113.10"
	for range 3 {
		if code := openSocket(t, server.address, "guess", from(mallory)); code != 4403 {
			t.Fatalf("a guess: got %d, want 4403", code)
		}
	}
	if code := openSocket(t, server.address, "guess", from(mallory)); code != websocket.StatusTryAgainLater {
		t.Errorf("one guess too many on a websocket: got %d, want 1013", code)
	}
	if status := post(mallory, "guess"); status != http.StatusTooManyRequests {
		t.Errorf("one guess too many: got %d, want 429", status)
	}
	if status := post(alice, "guess"); status != http.StatusUnauthorized {
		t.Errorf("another client of the same proxy: got %d, want 401", status)
	}
	if code := openSocket(t, server.address, token(t, w.who), from(mallory)); code != 0 {
		t.Errorf("a good token from the same address: got %d, want an acknowledgement", code)
	}
}
