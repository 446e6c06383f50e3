package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// profile finds the most expensive functions of a server under transitions, and under lists.
func (b *bench) profile() error {
	slice := b.slice
	defer func() { b.slice = slice }()
	b.slice = max(slice, 3*time.Second)
	for _, under := range []struct {
		what string
		load func(*process) error
	}{
		{"transitions", func(p *process) error { _, _, err := b.throughHTTP(p, 32, b.slice); return err }},
		{"lists", func(p *process) error { _, err := b.listTurn(p); return err }},
	} {
		functions, err := b.mostExpensive(under.load)
		if err != nil {
			return err
		}
		b.table.expensive = append(b.table.expensive, expensiveFunctions{under.what, functions})
	}
	return nil
}

// mostExpensive loads a server and returns its five most expensive functions.
func (b *bench) mostExpensive(load func(*process) error) ([]string, error) {
	p, err := b.serve("--workers=false")
	if err != nil {
		return nil, err
	}
	stop := sync.OnceFunc(p.stop)
	defer stop()
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return nil, err
	}
	if err := load(p); err != nil {
		return nil, err
	}
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		if found, _ := filepath.Glob(p.profiler); len(found) > 0 {
			break
		}
		if tries == 100 {
			return nil, errors.New("the program wrote no profile: build it with -tags profile")
		}
		b.wait(50 * time.Millisecond)
	}
	stop()
	out, err := exec.CommandContext(b.ctx, "go", "tool", "pprof", "-top", "-nodecount=5", b.server, p.profiler).Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}
	_, functions, _ := strings.Cut(string(out), "flat%")
	_, functions, _ = strings.Cut(functions, "\n")
	return strings.Split(typeArguments.ReplaceAllString(strings.TrimRight(functions, "\n"), ""), "\n"), nil
}

// typeArguments matches type arguments, which are very long for unnamed types.
var typeArguments = regexp.MustCompile(`\[go\.shape.*\]`)
