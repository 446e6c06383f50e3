//go:build unix

package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// helperFolder makes the test program an owner that waits to be killed: it starts a server on the folder, or an
// ephemeral one if the folder is empty, and prints where it is and whom it runs as.
const helperFolder = "INFIN8_TEST_EMBEDDED_FOLDER"

func TestMain(m *testing.M) {
	folder, ok := os.LookupEnv(helperFolder)
	if !ok {
		os.Exit(m.Run())
	}
	server, err := Start(context.Background(), Options{Directory: folder, Ephemeral: folder == ""})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Printf("%q %d\n", server.home.folder, server.postmaster.pid)
	select {}
}

// owner is a helper process with a server.
type owner struct {
	process *exec.Cmd
	data    string
	pid     int // of the server
}

func startOwner(t *testing.T, folder string) owner {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperFolder+"="+folder)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := owner{process: cmd}
	t.Cleanup(o.kill)
	line, _ := bufio.NewReader(output).ReadString('\n')
	var home string
	if _, err := fmt.Sscanf(line, "%q %d", &home, &o.pid); err != nil {
		t.Fatalf("the helper said %q: %v", line, err)
	}
	o.data = filepath.Join(home, "data")
	return o
}

// kill is SIGKILL for the owner alone: what becomes of the server is the question.
func (o owner) kill() {
	_ = o.process.Process.Kill()
	_ = o.process.Wait()
}

// folder is a new folder that every user of the machine may pass, unlike t.TempDir.
func folder(t *testing.T) string {
	t.Helper()
	path, err := os.MkdirTemp("", "embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(path) })
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(path, "data folder")
}

func mustStart(t *testing.T, o Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// ask answers one question with one text.
func ask(t *testing.T, server *Server, question string) string {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.Background())
	var answer string
	if err := connection.QueryRow(t.Context(), question).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return answer
}

func await(t *testing.T, what string, fact func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !fact(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func gone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}

func TestStart_EphemeralServerAnswersAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server := mustStart(t, Options{Ephemeral: true, Settings: map[string]string{"work_mem": "7MB"}})
	for question, want := range map[string]string{
		"SHOW fsync":                  "off",
		"SHOW max_connections":        "300",
		"SHOW server_encoding":        "UTF8",
		"SHOW work_mem":               "7MB",
		"SHOW listen_addresses":       "",
		"SHOW lc_collate":             "C",
		"SELECT upper('ärger éñ 你好')": "ÄRGER ÉÑ 你好",
		"SELECT current_user::text":   "postgres",
	} {
		if server.major() >= 16 && question == "SHOW lc_collate" {
			continue
		}
		if got := ask(t, server, question); got != want {
			t.Errorf("%s: got %q, want %q", question, got, want)
		}
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if serves(server.postmaster.pid, server.home.data()) || !gone(server.home.folder) {
		t.Errorf("after Stop: got a process or the folder %s, want neither", server.home.folder)
	}
	if err := server.Stop(); err != nil {
		t.Errorf("second Stop: got %v, want the first answer", err)
	}
}

func TestStart_OnlyTheOwnerReachesTheServer(t *testing.T) {
	t.Parallel()
	server := mustStart(t, Options{Ephemeral: true})
	uid, _, err := ownerOf(filepath.Join("/proc", strconv.Itoa(server.postmaster.pid)))
	if err == nil && (uid == 0 || uid != server.home.runner.uid) {
		t.Errorf("the server runs as user %d, want %d and never root", uid, server.home.runner.uid)
	}
	for _, path := range []string{server.home.socket, server.home.data()} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("%s: got mode %o, want 700", path, got)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	stranger := account{name: "stranger", uid: 54321, gid: 54321, other: true}
	if stranger.reaches(t.Context(), server.home.socket) || stranger.reaches(t.Context(), server.home.data()) {
		t.Error("a stranger reaches the socket or the data")
	}
	if !stranger.reaches(t.Context(), "/") {
		t.Error("a stranger does not reach /: the test proves nothing")
	}
}

func TestStart_ServersRunSideBySide(t *testing.T) {
	t.Parallel()
	one, two := mustStart(t, Options{Ephemeral: true}), mustStart(t, Options{Ephemeral: true})
	ask(t, one, "SELECT set_config('application_name', 'one', false)")
	if a, b := ask(t, one, "SHOW data_directory"), ask(t, two, "SHOW data_directory"); a == b {
		t.Errorf("both servers work on %s", a)
	}
}

func TestStart_FolderSurvivesItsOwners(t *testing.T) {
	t.Parallel()
	const kept = "SELECT count(*)::text FROM pg_largeobject_metadata WHERE oid = 4711"
	where := folder(t)
	server := mustStart(t, Options{Directory: where})
	if got := ask(t, server, "SHOW fsync"); got != "on" {
		t.Errorf("fsync: got %s, want on", got)
	}
	ask(t, server, "SELECT lo_create(4711)::text")

	_, err := Start(t.Context(), Options{Directory: where})
	if held := (*heldError)(nil); !errors.As(err, &held) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second owner: got %v, want a refusal that names process %d", err, os.Getpid())
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}

	// An owner that is killed takes its server with it.
	killed := startOwner(t, where)
	killed.kill()
	await(t, "the server of a killed owner ends", func() bool { return !serves(killed.pid, killed.data) })

	// A killed server leaves its pid file, and another process may have the pid by now: here it is our own.
	if err := os.WriteFile(pidFilePath(killed.data), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server = mustStart(t, Options{Directory: where})
	if got := ask(t, server, kept); got != "1" {
		t.Errorf("rows kept: got %s, want 1", got)
	}
	// A server whose owner is gone, and whose watchdog did not notice, is ended by the next owner.
	orphan := server
	orphan.home.lock.Close()
	server = mustStart(t, Options{Directory: where})
	if serves(orphan.postmaster.pid, orphan.home.data()) {
		t.Error("the orphan still runs")
	}

	// A server that was killed itself is started again, on what it had committed.
	if err := syscall.Kill(server.postmaster.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.postmaster.done
	if err := server.Stop(); err != nil {
		t.Errorf("stop of a server that was killed: got %v, want nil", err)
	}
	if gone(pidFilePath(server.home.data())) {
		t.Error("a killed server left no pid file: the test proves nothing")
	}
	server = mustStart(t, Options{Directory: where})
	if got := ask(t, server, kept); got != "1" {
		t.Errorf("rows kept after a crash: got %s, want 1", got)
	}
}

func TestStart_KilledOwnerOfAnEphemeralServerLeavesNothing(t *testing.T) {
	t.Parallel()
	killed := startOwner(t, "")
	if !serves(killed.pid, killed.data) {
		t.Fatal("the helper's server does not run")
	}
	killed.kill()
	await(t, "the server ends", func() bool { return !serves(killed.pid, killed.data) })
	await(t, "its data are removed", func() bool { return gone(filepath.Join(killed.data, "PG_VERSION")) })
}

func TestStart_RemovesAnAbandonedEphemeralServer(t *testing.T) {
	t.Parallel()
	server := mustStart(t, Options{Ephemeral: true})
	server.home.lock.Close()
	mustStart(t, Options{Ephemeral: true})
	if serves(server.postmaster.pid, server.home.data()) || !gone(server.home.folder) {
		t.Error("the next ephemeral server did not sweep up the abandoned one")
	}
}

func TestStart_DeepFolderGetsAShortSocket(t *testing.T) {
	t.Parallel()
	where := filepath.Join(folder(t), strings.Repeat("deep", 20), "down, there")
	h, err := openHome(t.Context(), Options{Directory: where})
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if h.folder != where {
		t.Errorf("folder: got %s, want %s", h.folder, where)
	}
	if !fitsSocket(h.socket) || strings.HasPrefix(h.socket, where) {
		t.Errorf("socket: got %s, want a short path elsewhere", h.socket)
	}
}

func TestStart_ReplacesAFolderOutOfReachAndLogsIt(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("an ordinary user reaches its own folders: nothing to replace")
		return
	}
	where := filepath.Join(t.TempDir(), "data") // t.TempDir is closed to other users
	var said strings.Builder
	h, err := openHome(t.Context(), Options{Directory: where, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(h.folder) })
	defer h.close()
	if !h.runner.reaches(t.Context(), h.folder) || !strings.Contains(said.String(), h.folder) {
		t.Errorf("got the folder %s and the log %q, want a reachable folder that the log names", h.folder, said.String())
	}
	again, err := reachableHome(t.Context(), where)
	if err != nil || again.folder != h.folder {
		t.Errorf("second time: got %v, %v, want the same folder", again, err)
	}
}

func TestStart_ErrorSaysWhyTheServerDidNotStart(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Options{Ephemeral: true, Settings: map[string]string{"shared_buffers": "much"}})
	if err == nil || !strings.Contains(err.Error(), "shared_buffers") {
		t.Errorf("got %v, want PostgreSQL's own words about shared_buffers", err)
	}
	if _, err := Start(t.Context(), Options{}); err == nil {
		t.Error("without a folder: got no error")
	}
}

func (s *Server) major() int {
	major, _ := s.home.major()
	return major
}

func TestStart_ReplicaTakesOverFromAKilledServer(t *testing.T) {
	t.Parallel()
	leader := mustStart(t, Options{Ephemeral: true, Settings: map[string]string{"synchronous_commit": "on"}})
	replica := mustStart(t, Options{Ephemeral: true, ReplicaOf: leader})
	if got := ask(t, replica, `SELECT pg_is_in_recovery()::text`); got != "true" {
		t.Errorf("the replica is in recovery: got %s, want true", got)
	}
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, replica, `SELECT pg_promote()::text`); got != "true" {
		t.Errorf("promoted: got %s, want true", got)
	}
	if got := ask(t, replica, `SELECT pg_is_in_recovery()::text`); got != "false" {
		t.Errorf("the promoted server is in recovery: got %s, want false", got)
	}
}
