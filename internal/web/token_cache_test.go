package web_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/issuer/sandbox"
	"github.com/infin8content/engine/internal/web"
)

func TestTokenCache_ATokenEndsInTheCacheToo(t *testing.T) {
	t.Parallel()
	now := noon
	auth, err := web.NewAuthenticator([]byte("0123456789abcdef0123456789abcdef"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	who := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Viewer}
	token, err := auth.Token(who, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{0, 59 * time.Second} {
		now = noon.Add(after)
		if got, err := auth.Caller(t.Context(), token); err != nil || got != who {
			t.Errorf("after %s: got %v, %v, want %v", after, got, err, who)
		}
	}
	now = noon.Add(time.Minute)
	if got, err := auth.Caller(t.Context(), token); fault.KindOf(err) != fault.TokenExpired {
		t.Errorf("got %v, %v, want TOKEN_EXPIRED", got, err)
	}
}

func TestTokenCache_ATokenEndsWithTheIssuersKeys(t *testing.T) {
	t.Parallel()
	provider := sandbox.Start(signers["ES256"])
	t.Cleanup(provider.Close)
	known, err := issuer.New(issuer.Options{URL: provider.URL(), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := web.Authentication{
		Issuer: known, Audience: []string{"engine"}, Now: func() time.Time { return noon },
	}.Authenticator()
	if err != nil {
		t.Fatal(err)
	}
	token := signers["ES256"].Token(issuerSetup{provider: provider}.claims(nil), nil)
	if _, err := auth.Caller(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string][]sandbox.Signer{
		"AnotherKeyOfThatName": {sandbox.NewSigner("ES256", "key of ES256")}, "NoKeyOfThatName": {signers["RS256"]},
	} {
		provider.Publish(keys...)
		if err := known.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := auth.Caller(t.Context(), token); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: got %v, %v, want UNAUTHENTICATED", name, got, err)
		}
	}
}
