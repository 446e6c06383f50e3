package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// secret signs the tokens of this run.
const secret = "signs the tokens of the benchmark, 32 bytes or more"

// ticks is the number of clock ticks per second in /proc.
const ticks = 100

// process is a running server.
type process struct {
	cmd *exec.Cmd
	log *os.File
	// address is host and port of the API.
	address string
	// readyAfter is the time from the start of the process until it is ready.
	readyAfter time.Duration
	profiler   string
}

// serve starts a server and returns when it is ready.
func (b *bench) serve(arguments ...string) (*process, error) {
	log, err := os.CreateTemp(b.folder, "server-*.log")
	if err != nil {
		return nil, err
	}
	p := &process{log: log, profiler: filepath.Join(b.folder, "server.profile")}
	_ = os.Remove(p.profiler) // profile of the last server
	p.cmd = exec.Command(b.server, append([]string{"serve", "--listen=127.0.0.1:0"}, arguments...)...)
	p.cmd.Env, p.cmd.Stderr = append(b.environment(), "INFIN8_PROFILE="+p.profiler), log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.await(b.ctx); err != nil {
		p.stop()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("the server: %w\n%s", err, text)
	}
	p.readyAfter = time.Since(began)
	return p, nil
}

// await waits until the server logs its address, and then until it is ready.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if p.address == "" {
			p.address = listening(p.log.Name())
		}
		if p.address != "" {
			response, err := http.Get("http://" + p.address + "/readyz")
			if err == nil {
				_ = response.Body.Close()
				if response.StatusCode == http.StatusOK {
					return nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("the server is not ready in time")
		case <-tick.C:
		}
	}
}

// listening returns the address in the server's log, or "".
func listening(log string) string {
	file, err := os.Open(log)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var line struct{ Msg, URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			return strings.TrimPrefix(line.URL, "http://")
		}
	}
	return ""
}

// stop ends the server and waits for its end.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	ended := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	ended.Stop()
	_ = p.log.Close()
}

// processor returns the processor time of the server.
func (p *process) processor() time.Duration { return usedBy(p.cmd.Process.Pid, false) }

// usedBy returns the processor time of a process, optionally with its ended children.
func usedBy(pid int, withEnded bool) time.Duration {
	fields := statOf(pid)
	if len(fields) < 15 {
		return 0
	}
	counted := fields[11:13] // user and system time
	if withEnded {
		counted = fields[11:15]
	}
	var sum int64
	for _, field := range counted {
		n, _ := strconv.ParseInt(field, 10, 64)
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}

// statOf returns the fields of /proc/PID/stat from the state on, or nil when the process has ended.
func statOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ") // The name of the program may have spaces.
	return strings.Fields(rest)
}

// usedByDatabase returns the processor time of all processes of PostgreSQL.
func (b *bench) usedByDatabase() time.Duration {
	sum := usedBy(b.postmaster, true)
	for _, folder := range folders("/proc/[0-9]*") {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if fields := statOf(pid); err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(b.postmaster) {
			sum += usedBy(pid, false)
		}
	}
	return sum
}

func folders(pattern string) []string {
	found, _ := filepath.Glob(pattern) // The pattern is valid.
	return found
}

// findPostmaster returns PostgreSQL's main process, the parent of the others.
func (b *bench) findPostmaster() error {
	var backend int
	if err := b.owner.QueryRow(b.ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return err
	}
	if fields := statOf(backend); len(fields) > 1 {
		b.postmaster, _ = strconv.Atoi(fields[1])
	}
	return nil
}

// memory returns the resident memory of the server in bytes.
func (p *process) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if kilobytes, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kilobytes), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}

// ours returns the processor time of this process.
func ours() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// loadAverage returns the load average of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
