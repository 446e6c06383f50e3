package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/web"
)

func TestToken_PrintsOnlyAUsableToken(t *testing.T) {
	t.Parallel()
	organization := uuid.New()
	environment := map[string]string{"AUTH_SECRET": authSecret}
	got := invoke(t, environment, "token", "--organization="+organization.String(), "--role=OPERATOR",
		"--actor=Jörg 🦊", "--ttl=2h")
	if got.code != 0 || got.stderr != "" || strings.Count(got.stdout, "\n") != 1 || !strings.HasSuffix(got.stdout, "\n") {
		t.Fatalf("token: got %+v, want one line", got)
	}
	for ttl, valid := range map[time.Duration]bool{2*time.Hour - time.Minute: true, 2 * time.Hour: false} {
		auth, err := web.NewAuthenticator([]byte(authSecret), func() time.Time { return time.Now().Add(ttl) })
		if err != nil {
			t.Fatal(err)
		}
		who, err := auth.Caller(t.Context(), strings.TrimSpace(got.stdout))
		want := caller.Caller{Actor: "Jörg 🦊", OrganizationID: organization, Role: caller.Operator}
		if (err == nil) != valid || valid && who != want {
			t.Errorf("after %s: got %+v, %v, want %+v: %t", ttl, who, err, want, valid)
		}
	}
	for _, role := range caller.Roles() {
		made := invoke(t, environment, "token", "--organization="+organization.String(), "--role="+string(role))
		auth, err := web.NewAuthenticator([]byte(authSecret), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := auth.Caller(t.Context(), strings.TrimSpace(made.stdout)); err != nil || who.Role != role {
			t.Errorf("token --role=%s: got %+v, %v", role, who, err)
		}
	}
	for _, row := range []struct {
		secret string
		args   []string
		code   int
		reason string
	}{
		{"short", []string{"--organization=" + organization.String()}, 1, "AUTH_SECRET"},
		{authSecret, []string{"--organization=me"}, 1, "is no UUID"},
		{authSecret, []string{"--organization=" + organization.String(), "--actor=worker:me"}, 1, "worker:"},
		{authSecret, []string{"--organization=" + organization.String(), "--ttl=-1s"}, 1, "at least one second"},
		{authSecret, []string{"--organization=" + organization.String(), "--role=KING"}, 2, "--role"},
		{authSecret, nil, 2, "--organization"},
	} {
		got := invoke(t, map[string]string{"AUTH_SECRET": row.secret}, append([]string{"token"}, row.args...)...)
		if got.code != row.code || got.stdout != "" || !strings.Contains(got.stderr, row.reason) {
			t.Errorf("token %v: got %+v, want status %d and %q", row.args, got, row.code, row.reason)
		}
	}
}
