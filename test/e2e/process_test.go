package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cli"
	"github.com/infin8content/engine/internal/testdb"
)

const (
	// asProgram, in the environment of the test binary, makes it the program itself: what the tests start is a process
	// of its own, with signals, a standard error and an end.
	asProgram = "ENGINE_TEST_AS_PROGRAM"
	// patience is the longest that a test waits for one fact.
	patience = 30 * time.Second
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		go endWithParent()
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(testdb.Run(m))
}

// endWithParent ends the program when the test that started it is gone, however it went: its end of the pipe closes.
func endWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(3)
}

// eventually waits for a fact.
func eventually(t *testing.T, what string, fact func() bool) {
	t.Helper()
	limit := time.After(patience)
	for !fact() {
		select {
		case <-limit:
			t.Fatalf("waited %s in vain: %s", patience, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// process is the program, running.
type process struct {
	command *exec.Cmd
	log     *journal
	ended   chan struct{}
	// address is where the API is, once it listens.
	address string
}

// start runs the program with this environment, and kills it at the end of the test.
func start(t *testing.T, environment []string, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{
		command: exec.CommandContext(t.Context(), program, args...), log: &journal{}, ended: make(chan struct{}),
	}
	p.command.Env = append(foreignEnvironment(), append(environment, asProgram+"=1")...)
	p.command.Stdout, p.command.Stderr = p.log, p.log
	// Never written to: it is there to be closed.
	if _, err := p.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // How it ended is read from its state.
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
		if text := p.log.text(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic") {
			t.Errorf("the program says:\n%s", text)
		} else if t.Failed() {
			t.Logf("the log of %s, without its requests:\n%s", strings.Join(args, " "), p.log.notable())
		}
	})
	return p
}

// foreignEnvironment is the test's own without what the program reads.
func foreignEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		for _, prefix := range []string{"INFIN8_", "DATABASE_URL=", "AUTH_SECRET=", "OPENROUTER_"} {
			if strings.HasPrefix(variable, prefix) {
				return true
			}
		}
		return false
	})
}

// listens waits until the program serves the API, and returns it.
func (p *process) listens(t *testing.T) *process {
	t.Helper()
	eventually(t, "the server listens", func() bool {
		if p.isOver() {
			t.Fatalf("the server has ended with %s:\n%s", p.command.ProcessState, p.log.text())
		}
		line, found := p.log.find("listening", "", "")
		p.address, _ = line["url"].(string)
		return found
	})
	return p
}

func (p *process) isOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatalf("signal %s: %v", s, err)
	}
}

// stop asks the program to end, waits, and fails the test unless it ends with status 0.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	eventually(t, "the program ends", p.isOver)
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status after SIGTERM: got %d (%s), want 0", code, p.command.ProcessState)
	}
}

// journal is what a program prints, most of it a log in JSON, line by line. It can be read while it is written.
type journal struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written.Write(b)
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written.String()
}

// find returns the first line with this message and, unless the attribute is empty, with this value of it.
func (j *journal) find(message, attribute, value string) (line map[string]any, found bool) {
	for text := range strings.Lines(j.text()) {
		line = nil
		if json.Unmarshal([]byte(text), &line) != nil || line["msg"] != message {
			continue
		}
		if attribute == "" || line[attribute] == value {
			return line, true
		}
	}
	return nil, false
}

// notable is the log without the lines about requests, of which there are too many to read.
func (j *journal) notable() string {
	var lines strings.Builder
	for text := range strings.Lines(j.text()) {
		if !strings.Contains(text, `"msg":"request"`) {
			lines.WriteString(text)
		}
	}
	return lines.String()
}

// says waits for a line of the log, which arrives a little later than what it speaks of.
func (p *process) says(t *testing.T, message, attribute, value string) (line map[string]any) {
	t.Helper()
	eventually(t, "the log says "+message, func() (found bool) {
		line, found = p.log.find(message, attribute, value)
		return found
	})
	return line
}

// outcome is what a command has left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// invoke runs a command of the program within the test, with nothing in its environment but what is given.
func invoke(t *testing.T, environment map[string]string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience) // Cleanups invoke it too.
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := cli.Run(ctx, args, func(name string) string { return environment[name] }, &stdout, &stderr)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("engine %s has not ended in %s", strings.Join(args, " "), patience)
	}
	return outcome{code, stdout.String(), stderr.String()}
}
