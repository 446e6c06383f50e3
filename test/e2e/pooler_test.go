package e2e

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/llm/sandbox"
)

// programsNeeded is an environment variable. If it is set, a missing program fails the test that needs it.
const programsNeeded = "TEST_PROGRAMS_NEEDED"

// installed returns the path of a program that is not part of PostgreSQL. The test is skipped if it is missing.
func installed(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(candidate); err == nil {
			return found
		}
	}
	if os.Getenv(programsNeeded) != "" {
		t.Fatalf("%s is missing", name)
	}
	t.Skipf("%s is missing, so the servers were not tested behind it", name)
	return ""
}

// pooler starts PgBouncer with transaction pooling in front of a database, and returns its address. Its user has the
// server's role, as docs/scaling.md requires.
func pooler(t *testing.T, behind *embedded.Server) (address string) {
	t.Helper()
	bouncer := installed(t, "pgbouncer")
	super := open(t, behind.URL("postgres"), "")
	for _, statement := range []string{
		`CREATE ROLE infin8_login LOGIN IN ROLE infin8_app, infin8_sweeper, infin8_booker`,
		`ALTER ROLE infin8_login SET role = infin8_app`,
	} {
		if _, err := super.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	one, err := url.Parse(behind.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	socket := one.Query().Get("host")
	folder, err := os.MkdirTemp("", "pooler-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close() // PgBouncer cannot choose a free port itself.
	settings := fmt.Sprintf(`[databases]
* = host=%s port=5432 user=infin8_login
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
auth_file =
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
`, socket, port)
	file := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), bouncer, file)
	command.SysProcAttr = sameUser(t, folder, socket)
	log := &processLog{}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("PgBouncer:\n%s", log.text())
		}
	})
	address = "postgres://infin8_login@127.0.0.1:" + strconv.Itoa(port) + "/postgres?sslmode=disable"
	eventually(t, "PgBouncer lends connections", func() bool {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			return false
		}
		return conn.Close(t.Context()) == nil
	})
	return address
}

// sameUser returns attributes that run a program as the owner of the socket's folder, and lets that user read the other
// folder.
func sameUser(t *testing.T, folder, socket string) *syscall.SysProcAttr {
	t.Helper()
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	attributes := &syscall.SysProcAttr{}
	if int(owner.Uid) != os.Geteuid() {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		attributes.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	return attributes
}

func TestPooler_ServersWorkThroughTransactionPooling(t *testing.T) {
	t.Parallel()
	behind := database(t, embedded.Options{})
	w := newWorldAt(t, behind.URL("postgres"))
	w.direct, w.db.URL = w.db.URL, pooler(t, behind)
	// The servers have more connections than the pooler, so it lends each of its connections many times.
	one, two := w.serve(t, quick...), w.serve(t, quick...)
	company, _ := w.provider.company(sandbox.Slow(time.Second))
	flow := w.begin(t, w.client(t, one, w.who), company)
	spender := caller.Caller{Actor: "sam", OrganizationID: uuid.New(), Role: caller.Admin}
	k := &acknowledgements{workflows: map[string]int{}, calls: map[string]cost.Pico{}}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 12 {
		c := w.client(t, []*process{one, two}[i%2], spender)
		clients.Go(func() {
			if err := k.spend(ctx, c); err != nil {
				t.Error(err)
			}
		})
	}
	// The change comes from the other server, so the test needs notifications too.
	watched := w.client(t, one, w.who).do(t, "createWorkflow", map[string]any{
		"name": "Followed", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	}).Workflow.ID
	f := &follower{token: token(t, w.who), workflow: watched, last: -1}
	followed := f.follow(t.Context(), two.address, func() {
		if len(f.seen) == 1 {
			w.client(t, one, w.who).do(t, "cancelWorkflow", map[string]any{"workflowId": watched})
		}
	})
	if followed != nil || len(f.seen) != 2 {
		t.Errorf("subscription: got the versions %v and %v, want two and a good end", f.seen, followed)
	}
	eventually(t, "the clients have worked", func() bool { return k.count() > 100 })
	stop()
	clients.Wait()
	if k.refused > 0 {
		t.Errorf("got %d attempts without an answer", k.refused)
	}
	w.reaches(t, flow, "ICP_COMPLETED")
	k.areKept(t, w)
	both := map[string]string{"DATABASE_URL": w.db.URL, "DATABASE_DIRECT_URL": w.direct}
	if got := invoke(t, both, "verify"); got.code != 0 {
		t.Errorf("verify: %s%s", got.stdout, got.stderr)
	}
	one.stop(t)
	two.stop(t)
}
