//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is one process of the engine. A supervisor restarts it when it ends.
type server struct {
	name    string
	program string
	args    []string
	env     []string
	log     *os.File

	mu       sync.Mutex
	process  *exec.Cmd
	address  string        // address of the API; "" while the process does not listen
	ended    chan struct{} // closed at the end of the process
	stopping bool          // the suite has ended it
	up       bool          // it has listened once

	starts         int
	unexpectedEnds []string // ends without a signal of the suite
}

// forked starts all children of this process from one thread that never ends, because the kernel's parent-death signal
// is about that thread.
var forked = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		pinThread()
		for do := range work {
			do()
		}
	}()
	return work
})

func startChild(c *exec.Cmd) error {
	c.SysProcAttr = childAttributes()
	started := make(chan error)
	forked() <- func() { started <- c.Start() }
	return <-started
}

// foreignEnvironment returns the environment without the engine's variables.
func foreignEnvironment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		switch name, _, _ := strings.Cut(variable, "="); {
		case strings.HasPrefix(name, "INFIN8_"), strings.HasPrefix(name, "OPENROUTER_"),
			strings.HasPrefix(name, "DATABASE_"), name == "AUTH_SECRET":
		default:
			kept = append(kept, variable)
		}
	}
	return kept
}

func newServer(name, folder, program string, env, args []string) (*server, error) {
	log, err := os.Create(filepath.Join(folder, name+".log"))
	if err != nil {
		return nil, err
	}
	return &server{
		name:    name,
		program: program,
		args:    args,
		env:     append(foreignEnvironment(), env...),
		log:     log,
	}, nil
}

// start starts a process. It listens a little later, or ends if the database is down.
func (s *server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return nil
	}
	c := exec.Command(s.program, s.args...) //nolint:gosec // The program was built a moment ago.
	c.Env = s.env
	said, err := c.StderrPipe()
	if err != nil {
		return err
	}
	c.Stdout = s.log
	if err := startChild(c); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	ended := make(chan struct{})
	s.process, s.ended, s.stopping, s.up, s.address = c, ended, false, false, ""
	s.starts++
	go func() {
		s.read(c, said)
		_ = c.Wait() // The exit status is in the process state.
		s.recordEnd(c)
		close(ended)
	}()
	return nil
}

// read copies the output of the process to its log, and reads the API's address from it.
func (s *server) read(c *exec.Cmd, said io.Reader) {
	lines := bufio.NewReaderSize(said, 1<<16)
	for {
		text, err := lines.ReadString('\n')
		_, _ = s.log.WriteString(text)
		var line struct{ Msg, URL string }
		if strings.Contains(text, `"listening"`) && json.Unmarshal([]byte(text), &line) == nil && line.URL != "" {
			s.mu.Lock()
			if s.process == c {
				s.address, s.up = line.URL, true
			}
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// recordEnd records the end of a process. The end of a process that has served, without a signal of the suite, is a
// violation.
func (s *server) recordEnd(c *exec.Cmd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up && !s.stopping {
		s.unexpectedEnds = append(s.unexpectedEnds, fmt.Sprintf("%s, pid %d, has ended unexpectedly: %s",
			s.name, c.Process.Pid, c.ProcessState))
	}
	if s.process == c {
		s.process, s.address = nil, ""
	}
}

// setArgs sets the arguments of the next process.
func (s *server) setArgs(args []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.args = args
}

// pid returns the number of the process, or 0.
func (s *server) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// apiAddress returns the address of the API, or "" while the process does not listen.
func (s *server) apiAddress() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// signal sends a signal to the process, if there is one.
func (s *server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM {
		s.stopping = true
	}
	_ = s.process.Process.Signal(sig)
}

// end ends the process with a signal, waits for a time, and then kills it.
func (s *server) end(sig syscall.Signal, timeout time.Duration) (gently bool) {
	s.mu.Lock()
	ended, running := s.ended, s.process != nil
	s.mu.Unlock()
	if !running {
		return true
	}
	s.signal(sig)
	select {
	case <-ended:
		return true
	case <-time.After(timeout):
	}
	s.signal(syscall.SIGKILL)
	<-ended
	return sig == syscall.SIGKILL
}

// supervise restarts the process whenever it ends, like the supervisor of a deployment, until the context ends. It does
// nothing while held returns true.
func (s *server) supervise(ctx context.Context, held func() bool) {
	for pause(ctx, 100*time.Millisecond) {
		if !held() {
			_ = s.start() // The next round tries again.
		}
	}
}

// pause waits. It returns false when the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// logTail returns the end of the log.
func (s *server) logTail() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	var words strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, `"msg":"request"`) {
			words.WriteString(line)
		}
	}
	return words.String()[max(0, words.Len()-2000):]
}
