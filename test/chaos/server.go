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

// server is one of the engine's processes, and whoever starts it again when it has ended.
type server struct {
	name    string
	program string
	args    []string
	env     []string
	log     *os.File

	mu      sync.Mutex
	process *exec.Cmd
	address string        // where the API is; empty while there is none
	ended   chan struct{} // closed when the process has ended
	doomed  bool          // it was told to end
	up      bool          // it has listened

	starts    int
	surprises []string // ends that nobody has asked for
}

// forked starts all children of this process from one thread that never ends: what a child is told of its parent's
// death is in truth about that thread.
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

// foreign is the environment without what the engine reads.
func foreign() []string {
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
	return &server{name: name, program: program, args: args, env: append(foreign(), env...), log: log}, nil
}

// start begins a process. It listens a little later, or ends, when the database is not there.
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
	s.process, s.ended, s.doomed, s.up, s.address = c, ended, false, false, ""
	s.starts++
	go func() {
		s.read(c, said)
		_ = c.Wait() // How it ended is in its state.
		s.over(c)
		close(ended)
	}()
	return nil
}

// read keeps what the process says, and learns from it where it listens.
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

// over notes the end of a process. One that had served and was not told to end has no business ending.
func (s *server) over(c *exec.Cmd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up && !s.doomed {
		s.surprises = append(s.surprises, fmt.Sprintf("%s, pid %d, has ended by itself: %s", s.name, c.Process.Pid,
			c.ProcessState))
	}
	if s.process == c {
		s.process, s.address = nil, ""
	}
}

// pid is the number of the process; 0 while there is none.
func (s *server) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// where is where the API is; empty while there is none.
func (s *server) where() string {
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
		s.doomed = true
	}
	_ = s.process.Process.Signal(sig)
}

// end ends the process with a signal, waits for a time, and then kills it.
func (s *server) end(sig syscall.Signal, patience time.Duration) (gently bool) {
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
	case <-time.After(patience):
	}
	s.signal(syscall.SIGKILL)
	<-ended
	return sig == syscall.SIGKILL
}

// keepUp starts the process again whenever it has ended, until the context ends: what every place does that servers run
// in. While held it is left alone.
func (s *server) keepUp(ctx context.Context, held func() bool) {
	for pause(ctx, 100*time.Millisecond) {
		if !held() {
			_ = s.start() // Tried again a moment later.
		}
	}
}

// pause waits, and reports whether the context outlived it.
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

// lastWords is the end of the log.
func (s *server) lastWords() string {
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
