package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cli"
	"github.com/infin8content/engine/internal/testdb"
)

const (
	// asProgram is an environment variable. If it is set, the test binary is the program itself, so that tests start real
	// processes with signals and an exit status.
	asProgram = "ENGINE_TEST_AS_PROGRAM"
	// timeout is the longest time that a test waits for one condition. A busy machine needs much of it.
	timeout = 4 * time.Minute
	// leastParallel is the least number of tests that run at once. They wait for leases, polls and other processes most
	// of their time.
	leastParallel = 6
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		go endWithParent()
		if text := os.Getenv(asWorkers); text != "" {
			work(text)
		}
		ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		os.Exit(cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
	}
	// The flags of the command line are read later, so -parallel still counts.
	if err := flag.Set("test.parallel", strconv.Itoa(max(leastParallel, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	os.Exit(testdb.Run(m))
}

// endWithParent ends the program when the test that started it ends, even by a crash: then the pipe closes.
func endWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(3)
}

// eventually waits until a condition is true.
func eventually(t *testing.T, what string, fact func() bool) {
	t.Helper()
	limit := time.After(timeout)
	for !fact() {
		select {
		case <-limit:
			t.Fatalf("not within %s: %s", timeout, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// process is a running program.
type process struct {
	command *exec.Cmd
	log     *processLog
	ended   chan struct{}
	// address is the address of the API. It is empty until the server listens.
	address string
}

// start starts the program with this environment, and kills it at the end of the test.
func start(t *testing.T, environment []string, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{
		command: exec.CommandContext(t.Context(), program, args...), log: &processLog{}, ended: make(chan struct{}),
	}
	p.command.Env = append(foreignEnvironment(), append(environment, asProgram+"=1")...)
	p.command.Stdout, p.command.Stderr = p.log, p.log
	// The program reads the end of this pipe as the end of the test.
	if _, err := p.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // The exit status is in the process state.
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
		if text := p.log.text(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic") {
			t.Errorf("the program's output:\n%s", text)
		} else if t.Failed() {
			t.Logf("the log of %s, without its requests:\n%s", strings.Join(args, " "), p.log.notable())
		}
	})
	return p
}

// foreignEnvironment returns the test's environment without the variables of the program.
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

// stop sends SIGTERM and waits. The program must end with status 0.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("signal %s: %v", syscall.SIGTERM, err)
	}
	eventually(t, "the program ends", p.isOver)
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status after SIGTERM: got %d (%s), want 0", code, p.command.ProcessState)
	}
}

// processLog is the output of a program, mostly a log in JSON lines. It may be read while it is written.
type processLog struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (j *processLog) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written.Write(b)
}

func (j *processLog) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written.String()
}

// find returns the first line with this message and, unless the attribute is empty, with this value of it.
func (j *processLog) find(message, attribute, value string) (line map[string]any, found bool) {
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

// notable returns the log without its many lines about requests.
func (j *processLog) notable() string {
	var lines strings.Builder
	for text := range strings.Lines(j.text()) {
		if !strings.Contains(text, `"msg":"request"`) {
			lines.WriteString(text)
		}
	}
	return lines.String()
}

// says waits for a line of the log, which comes a little later than the event.
func (p *process) says(t *testing.T, message, attribute, value string) (line map[string]any) {
	t.Helper()
	eventually(t, "the log has "+message, func() (found bool) {
		line, found = p.log.find(message, attribute, value)
		return found
	})
	return line
}

// outcome is the result of a command.
type outcome struct {
	code           int
	stdout, stderr string
}

// invoke runs a command in this process, with only the given variables in its environment.
func invoke(t testing.TB, environment map[string]string, args ...string) outcome {
	t.Helper()
	// Cleanup functions call invoke too, after the test's context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := cli.Run(ctx, args, func(name string) string { return environment[name] }, &stdout, &stderr)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("engine %s has not ended in %s", strings.Join(args, " "), timeout)
	}
	return outcome{code, stdout.String(), stderr.String()}
}
