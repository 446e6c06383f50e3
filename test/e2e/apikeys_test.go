package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/infin8content/engine/internal/caller"
)

// apikeys runs a subcommand of apikeys for the world's organization and returns its output.
func (w world) apikeys(t *testing.T, command string, args ...string) string {
	t.Helper()
	args = append([]string{"apikeys", command, "--organization", w.who.OrganizationID.String()}, args...)
	got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, args...)
	if got.code != 0 {
		t.Fatalf("%v: %s", args, got.stderr)
	}
	return strings.TrimSpace(got.stdout)
}

// The first key comes from the command line and creates a second key over the API. The second key works on both
// servers. Journal and log name it. A revocation on one server ends it on both.
func TestAPIKeys_RevokedKeyEndsOnEveryServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	servers := [2]*process{w.serve(t, "--workers=false"), w.serve(t, "--workers=false")}
	boot := w.apikeys(t, "create", "--name=boot", "--role=ADMIN", "--ttl=1h")
	admin := client{address: servers[0].address, token: boot}

	var made struct {
		CreateAPIKey struct {
			APIKey     struct{ ID, Name string }
			Secret     string
			UserErrors []problem
		} `json:"createApiKey"`
	}
	admin.ask(t, `mutation ($ends: DateTime!) {
		createApiKey(input: {name: "nightly", role: OPERATOR, expiresAt: $ends}) {
			apiKey { id name } secret userErrors { code }
		}
	}`, map[string]any{"ends": time.Now().Add(time.Hour).Format(time.RFC3339)}, &made)
	secret, key := made.CreateAPIKey.Secret, made.CreateAPIKey.APIKey.ID
	if !strings.HasPrefix(secret, "infin8_") {
		t.Fatalf("got %+v, want a key", made)
	}
	nightly := client{address: servers[1].address, token: secret}
	flow := nightly.do(t, "createWorkflow", map[string]any{
		"name": "By a key", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	})
	if by := ask[string](t, w, `SELECT actor FROM workflow_transitions WHERE workflow_id = $1`,
		plain(t, flow.Workflow.ID)); len(by) != 1 || by[0] != "key:nightly" {
		t.Errorf("the journal names %v, want key:nightly", by)
	}
	for _, query := range []string{
		`mutation { setMonthlyLimit(input: {limit: "1", idempotencyKey: "k"}) { replayed } }`,
		`{ organization { apiKeys { totalCount } } }`,
	} {
		if a, err := nightly.post(t.Context(), query, nil); err != nil || a.Errors[0].Extensions.Code != "FORBIDDEN" {
			t.Errorf("%s: got %s, %v, want FORBIDDEN", query, a.Body, err)
		}
	}
	line := servers[1].says(t, "denied", "actor", "key:nightly")
	if line["organization"] != w.who.OrganizationID.String() || line["role"] != string(caller.Operator) ||
		line["id"] == "" {
		t.Errorf("the log has %v, want the denied caller", line)
	}

	for _, role := range caller.Roles() { // The command makes keys with each role.
		key := w.apikeys(t, "create", "--name=made as "+string(role), "--role="+string(role), "--ttl=1h")
		var got struct{ Viewer struct{ Role string } }
		(client{address: servers[1].address, token: key}).ask(t, `{ viewer { role } }`, nil, &got)
		if got.Viewer.Role != string(role) {
			t.Errorf("a key with the role %s: got %s", role, got.Viewer.Role)
		}
	}

	ended, first := make(chan error, 1), make(chan struct{}, 1)
	f := &follower{token: secret, workflow: flow.Workflow.ID, last: -1}
	go func() { ended <- f.follow(t.Context(), servers[1].address, func() { first <- struct{}{} }) }()
	select {
	case <-first:
	case err := <-ended:
		t.Fatalf("follow: %v", err)
	}
	admin.ask(t, `mutation ($id: ID!) { revokeApiKey(input: {keyId: $id, reason: "Lost."}) { userErrors { code } } }`,
		map[string]any{"id": key}, &struct{}{})
	for _, server := range servers {
		a, err := client{address: server.address, token: secret}.post(t.Context(), `{ viewer { actor } }`, nil)
		if err != nil || a.Status != http.StatusUnauthorized {
			t.Errorf("after it was revoked: got %d, %v, want 401", a.Status, err)
		}
	}
	if err := <-ended; websocket.CloseStatus(err) != 4403 {
		t.Errorf("the websocket: got %v, want it closed with 4403", err)
	}
	list := w.apikeys(t, "list")
	for _, want := range []string{"nightly", "REVOKED", "boot", "ACTIVE", "LAST USED AT"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list does not say %s:\n%s", want, list)
		}
	}
	id, _, _ := strings.Cut(list[strings.LastIndex(list, "\n")+1:], " ")
	w.apikeys(t, "revoke", id, "--reason=Done.")
	if a, err := admin.post(t.Context(), `{ viewer { actor } }`, nil); err != nil || a.Status != http.StatusUnauthorized {
		t.Errorf("after the command has revoked it: got %d, %v, want 401", a.Status, err)
	}
	for _, server := range servers {
		for _, text := range []string{secret, boot} {
			if strings.Contains(server.log.text(), text) {
				t.Error("the log contains a key")
			}
		}
	}
	w.verify(t)
}
