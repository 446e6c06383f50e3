//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// orphanPatience is how long the children of a server that was killed may take to notice.
const orphanPatience = 5 * time.Second

// watchdog starts the program that follows its first argument, and leaves a shell beside it that ends it when we die.
//
// The shell reads from a pipe that only this process holds open for writing. A line means that we stop the program
// ourselves; the end of the pipe means that we are dead, however we died, and then PostgreSQL gets the signal to
// end at once and, if the first argument names a folder, that is removed. The shell is there before the program: there
// is no moment at which our death would leave it alone. It holds on every Unix and, unlike the parent-death signal of
// Linux, does not depend on the thread that happened to fork.
const watchdog = `
{
	read -r line && exit 0
	kill -QUIT $$
	[ -n "$1" ] || exit 0
	seconds=0
	while kill -0 $$ && [ $seconds -lt 30 ]; do
		sleep 1
		seconds=$((seconds + 1))
	done
	rm -rf "$1/data" "$1/socket" "$1"
	exit 0
} <&3 >/dev/null 2>&1 &
shift
exec "$@" 3<&-
`

// postmaster is the first process of a PostgreSQL that we started.
type postmaster struct {
	pid      int
	watch    *os.File // the watchdog's pipe
	stopping atomic.Bool

	done       chan struct{} // closed when the process has ended; then the rest may be read
	state      string        // how it ended
	unexpected bool          // it ended without a call of stop
}

// launch starts PostgreSQL on the data folder and returns when it accepts connections.
func (h *home) launch(ctx context.Context, i installation, settings map[string]string) (*postmaster, error) {
	_, err := os.Lstat(pidFilePath(h.data()))
	crashed := err == nil
	program := append([]string{i.program("postgres")}, h.arguments(settings)...)
	for deadline := time.Now().Add(orphanPatience); ; time.Sleep(100 * time.Millisecond) {
		p, err := h.spawn(program)
		if err != nil {
			return nil, err
		}
		err = h.awaitReady(ctx, p)
		if err == nil {
			return p, nil
		}
		_ = p.stop(syscall.SIGQUIT)
		// PostgreSQL does not start while a child of the dead server is still at work.
		if !crashed || ctx.Err() != nil || !time.Now().Before(deadline) {
			return nil, err
		}
	}
}

func (h *home) spawn(program []string) (*postmaster, error) {
	log, err := os.OpenFile(h.log(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	waste := ""
	if h.ephemeral {
		waste = h.folder
	}
	cmd := h.runner.adopt(exec.Command("/bin/sh", append([]string{"-c", watchdog, "sh", waste}, program...)...))
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{reader}
	if err := cmd.Start(); err != nil {
		writer.Close()
		return nil, fmt.Errorf("start PostgreSQL as user %s: %w", h.runner.name, err)
	}
	p := &postmaster{pid: cmd.Process.Pid, watch: writer, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // The error is the exit state, which the caller logs if it did not expect the end.
		p.state = cmd.ProcessState.String()
		p.unexpected = p.dismiss()
		p.watch.Close()
		close(p.done)
	}()
	return p, nil
}

// arguments are the settings, ours before the caller's, for the last one wins.
func (h *home) arguments(settings map[string]string) []string {
	arguments := []string{
		"-D", h.data(), "-p", port,
		"-c", "listen_addresses=",
		"-c", "unix_socket_directories=" + h.socket,
		"-c", "unix_socket_permissions=0700",
		"-c", "timezone=UTC",
		"-c", "log_timezone=UTC",
	}
	if h.ephemeral {
		arguments = append(
			arguments,
			"-c", "fsync=off",
			"-c", "synchronous_commit=off",
			"-c", "full_page_writes=off",
			"-c", "shared_buffers=32MB",
			"-c", "max_wal_size=128MB",
			"-c", "max_connections=300",
		)
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "-c", name+"="+settings[name])
	}
	return arguments
}

// awaitReady waits until the server says in its pid file that it accepts connections, as pg_ctl does.
func (h *home) awaitReady(ctx context.Context, p *postmaster) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if file, err := readPidFile(h.data()); err == nil && file.pid == p.pid && file.ready {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("PostgreSQL did not start (%s):\n%s", p.state, h.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not accept connections: %w:\n%s", ctx.Err(), h.lastWords())
		case <-tick.C:
		}
	}
}

// lastWords is the end of the server's log.
func (h *home) lastWords() string {
	text, err := os.ReadFile(h.log())
	if err != nil {
		return err.Error()
	}
	return tail(text)
}

// tail is the end of a longer text.
func tail(text []byte) string {
	const most = 2000
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// dismiss sends the watchdog home: PostgreSQL has ended, or we end it ourselves. It reports whether this call did it.
func (p *postmaster) dismiss() bool {
	first := p.stopping.CompareAndSwap(false, true)
	if first {
		_, _ = p.watch.WriteString("\n")
	}
	return first
}

// stop ends the server, gently at first, and returns when it has ended.
func (p *postmaster) stop(first syscall.Signal) error {
	p.dismiss()
	return end(p.pid, first, func(timeout time.Duration) bool {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		select {
		case <-p.done:
			return true
		case <-timer.C:
			return false
		}
	})
}

// ladder ends a PostgreSQL in three steps: it closes its sessions and writes everything to disk; it drops everything,
// which the log repairs at the next start; it is killed.
var ladder = []struct {
	signal  syscall.Signal
	timeout time.Duration
}{
	{syscall.SIGINT, 20 * time.Second},
	{syscall.SIGQUIT, 10 * time.Second},
	{syscall.SIGKILL, 10 * time.Second},
}

// end climbs the ladder from the first signal on until gone says that the process has gone.
func end(pid int, first syscall.Signal, gone func(timeout time.Duration) bool) error {
	climbing := false
	for _, rung := range ladder {
		climbing = climbing || rung.signal == first
		if !climbing {
			continue
		}
		if gone(0) {
			return nil
		}
		if err := syscall.Kill(pid, rung.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end PostgreSQL, pid %d: %w", pid, err)
		}
		if gone(rung.timeout) {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL, pid %d, cannot be ended", pid)
}

// pidFile is what PostgreSQL writes into its data folder while it runs.
type pidFile struct {
	pid   int
	ready bool
}

func readPidFile(data string) (pidFile, error) {
	text, err := os.ReadFile(pidFilePath(data))
	if err != nil {
		return pidFile{}, err
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 {
		return pidFile{}, fmt.Errorf("%s does not begin with a pid: %q", pidFilePath(data), lines[0])
	}
	const status = 7 // the eighth line, since PostgreSQL 10
	return pidFile{pid: pid, ready: len(lines) > status && strings.TrimSpace(lines[status]) == "ready"}, nil
}

func pidFilePath(data string) string { return filepath.Join(data, "postmaster.pid") }
