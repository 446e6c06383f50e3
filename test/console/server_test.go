// Package console runs the web app in Chromium against the real program. run.mjs has the tests; this package starts
// servers, a database and an identity provider for them.
package console

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cli"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/web"
)

const (
	// asProgram is an environment variable. If it is set, the test binary is the program itself.
	asProgram  = "ENGINE_TEST_AS_PROGRAM"
	authSecret = "signs the tokens of the tests, with 32 bytes or more"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		go func() { // The pipe closes when the test ends, even by a crash.
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(3)
		}()
		ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		os.Exit(cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
	}
	os.Exit(testdb.Run(m))
}

// process is a running server.
type process struct {
	command *exec.Cmd
	address string
}

// serve starts a server and waits until it listens.
func serve(t *testing.T, environment []string, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, append([]string{"serve"}, args...)...)
	command.Env = append(os.Environ(), append(environment, asProgram+"=1")...)
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command: command}
	t.Cleanup(p.kill)
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var line struct{ Msg, URL, Level string }
			if json.Unmarshal(lines.Bytes(), &line) != nil || line.Level == "ERROR" {
				t.Logf("the server: %s", lines.Text())
			}
			if line.Msg == "listening" {
				address <- line.URL
			}
		}
		close(address)
	}()
	select {
	case p.address = <-address:
	case <-time.After(time.Minute):
	}
	if p.address == "" {
		t.Fatal("the server does not listen")
	}
	return p
}

// kill ends the server at once. A second call does nothing.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// lane is an organization of its own for tests that run one after another, with a token for each role.
type lane struct {
	Organization string                 `json:"organization"`
	Tokens       map[caller.Role]string `json:"tokens"`
}

// organizations returns a lane for each part of the tests. Lanes run at the same time and share no organization.
func organizations(t *testing.T, db *testdb.DB) map[string]lane {
	t.Helper()
	lanes := map[string]lane{}
	for _, name := range []string{
		"sign-in", "workflows", "reviews", "crashes", "articles", "overview", "roles", "pages", "budgets", "walk",
		"publishing", "keyboard", "keyboard-pages", "together", "inbox",
	} {
		who := testdb.Caller(t, db)
		lanes[name] = lane{
			Organization: who.OrganizationID.String(),
			Tokens:       tokens(t, who.OrganizationID),
		}
	}
	return lanes
}

// tokens returns a token for each role of an organization, by the role.
func tokens(t *testing.T, organization uuid.UUID) map[caller.Role]string {
	t.Helper()
	auth, err := web.NewAuthenticator([]byte(authSecret), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[caller.Role]string{}
	for _, role := range caller.Roles() {
		who := caller.Caller{
			Actor:          string(role) + "@example.com",
			OrganizationID: organization,
			Role:           role,
		}
		if all[role], err = auth.Token(who, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// control lets the tests in the browser change the surroundings, such as POST /kill and POST /start for a server.
func control(t *testing.T, actions map[string]func()) string {
	t.Helper()
	mux := http.NewServeMux()
	for name, action := range actions {
		mux.HandleFunc("POST /"+name, func(http.ResponseWriter, *http.Request) { action() })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
