package console

import (
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cli"
	"github.com/infin8content/engine/internal/issuer/sandbox"
	publishing "github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/testdb"
)

// needed is an environment variable. If it is set, a missing program fails the test. .ci/run sets it.
const needed = "TEST_CONSOLE_NEEDED"

// skipWithout skips the test on a machine without the programs that it needs. It needs much time, so a plain go test
// does not run it: .ci/run does.
func skipWithout(t *testing.T) {
	t.Helper()
	if os.Getenv(needed) == "" {
		t.Skipf("the browser tests of the console need %s=1, Node, Chromium and npm ci in test/console", needed)
	}
	for _, path := range []string{"node_modules/playwright-core", "node_modules/axe-core"} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%v: run npm ci in test/console", err)
		}
	}
}

func TestConsole_InABrowser(t *testing.T) {
	skipWithout(t)
	db := testdb.New(t)
	database := func(name string) string { return map[string]string{"DATABASE_URL": db.URL}[name] }
	if code := cli.Run(t.Context(), []string{"migrate", "up"}, database, io.Discard, os.Stderr); code != 0 {
		t.Fatalf("migrate up: status %d", code)
	}
	lanes := organizations(t, db)
	environment := []string{
		"DATABASE_URL=" + db.URL,
		"AUTH_SECRET=" + authSecret,
		"WEBHOOK_SECRET=" + authSecret,
		"SECRETS_KEY=" + authSecret,
	}
	quick := []string{
		"--sandbox", "--publish-private", "--webhook-private", "--connections=12",
		"--lease=3s", "--heartbeat=1s", "--watch=100ms", "--sweep=300ms",
	}
	server := serve(t, environment, append(slices.Clone(quick), "--listen=127.0.0.1:0")...)

	signer := sandbox.NewSigner("ES256", "one")
	provider := sandbox.Start(signer)
	t.Cleanup(provider.Close)
	provider.SignIn(sandbox.Person{
		Signer:     signer,
		ClientID:   "console",
		Life:       20 * time.Second,
		HasRefresh: true,
		Claims: map[string]any{
			"sub":  "ada@example.com",
			"aud":  "engine",
			"org":  lanes["sign-in"].Organization,
			"role": "OPERATOR",
		},
	})
	withoutSecret := slices.DeleteFunc(slices.Clone(environment), func(v string) bool {
		return strings.HasPrefix(v, "AUTH_SECRET=")
	})
	members := serve(t, withoutSecret, append(slices.Clone(quick), "--listen=127.0.0.1:0", "--workers=false",
		"--issuer="+provider.URL(), "--audience=engine", "--console=members", "--console-client-id=console")...)

	// The tests that kill a server have one of their own, so that the others can run at the same time.
	web := append(slices.Clone(quick), "--workers=false")
	fragile := serve(t, environment, append(slices.Clone(web), "--listen=127.0.0.1:0")...)
	listen := "--listen=" + hostOf(t, fragile.address)
	world := map[string]any{
		"address": server.address,
		"members": members.address,
		"fragile": fragile.address,
		"issuer":  provider.URL(),
		"lanes":   lanes,
		"site":    site(t, false),
		"edited":  site(t, true),
		"login":   []string{publishing.Login, publishing.Password},
		"control": control(t, map[string]func(){
			"kill":    func() { fragile.kill() }, // of the present one
			"start":   func() { fragile = serve(t, environment, append(slices.Clone(web), listen)...) },
			"webhook": func() {}, // takes what a webhook sends
		}),
	}
	text, err := json.Marshal(world)
	if err != nil {
		t.Fatal(err)
	}
	words := append([]string{"run.mjs"}, strings.Fields(os.Getenv("TEST_CONSOLE_ONLY"))...)
	command := exec.CommandContext(t.Context(), "node", words...)
	command.Env = append(os.Environ(), "CONSOLE_WORLD="+string(text))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		t.Errorf("run.mjs: %v", err)
	}
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
