package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
)

// erase begins each drawing of the line of progress.
const erase = "\r\x1b[K"

// pseudoTerminal returns both sides of a new pseudo-terminal: the one that a person reads, and the one that a program
// writes to.
func pseudoTerminal(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	control := func(request uintptr, value *int32) {
		t.Helper()
		if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, reader.Fd(), request,
			uintptr(unsafe.Pointer(value))); failed != 0 {
			t.Fatal(failed)
		}
	}
	var number, unlocked int32
	control(syscall.TIOCSPTLCK, &unlocked)
	control(syscall.TIOCGPTN, &number)
	writer, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

// onTerminal runs the program with a terminal for its errors and notes, and returns what is on it.
func onTerminal(t *testing.T, environment []string, args ...string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	reader, writer := pseudoTerminal(t)
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(foreignEnvironment(), append(environment, asProgram+"=1")...)
	if _, err := command.StdinPipe(); err != nil { // The program ends with its input.
		t.Fatal(err)
	}
	var stdout, screen bytes.Buffer
	command.Stdout, command.Stderr = &stdout, writer
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(&screen, reader) // It ends with EIO, when no program has the terminal any more.
		read <- err
	}()
	err = command.Run()
	if closed := writer.Close(); closed != nil {
		t.Fatal(closed)
	}
	if ended := <-read; ended != nil && !errors.Is(ended, syscall.EIO) {
		t.Fatal(ended)
	}
	if err != nil {
		t.Errorf("engine %s: %v: %s", strings.Join(args, " "), err, screen.String())
	}
	if strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("engine %s: got %q as the result, want no progress in it", strings.Join(args, " "), stdout.String())
	}
	return screen.String()
}

// Long work draws a line on a terminal, and removes it. A pipe and --quiet get none of it.
func TestProgress_OnATerminalOnly(t *testing.T) {
	t.Parallel()
	db := testdb.New(t).URL
	y := newYesterday(t)
	y.work(t)
	y.ago.Store(0)
	of := "--organization=" + uuid.NewString()
	for _, step := range []struct{ url, line, what string }{
		{db, "migrate up", "Bringing the database up to date"},
		{db, "seed --workflows=3 " + of, "Creating workflows"},
		{db, "verify", "Verifying both journals and all balances"},
		{db, "export journal " + of, "Exporting"},
		{
			y.db.URL, "reconcile --from=" + y.day + " --provider=sandbox --provider-url=" + y.address,
			"Reading the provider's figures",
		},
	} {
		args := strings.Fields(step.line)
		environment := []string{"DATABASE_URL=" + step.url, "OPENROUTER_MANAGEMENT_KEY=" + providerKey}
		screen := onTerminal(t, environment, args...)
		first, rest, erased := strings.Cut(strings.TrimPrefix(screen, erase), erase)
		if !strings.HasPrefix(screen, erase) || !strings.HasPrefix(first, step.what) {
			t.Errorf("%s: got %q on a terminal, want a line that begins with %q", args[0], screen, step.what)
		}
		if last := rest[strings.LastIndex(rest, erase)+1:]; !erased || strings.Contains(last, step.what) {
			t.Errorf("%s: got %q at the end, want the line of progress removed", args[0], rest)
		}
		if quiet := onTerminal(t, environment, append(args, "--quiet")...); quiet != "" {
			t.Errorf("%s --quiet: got %q, want nothing", args[0], quiet)
		}
		if got := runEngine(t, environment, args...); got.code != 0 || strings.Contains(got.stderr+got.stdout, "\x1b") ||
			strings.Contains(got.stderr, step.what) {
			t.Errorf("%s: got %d and %q in a pipe, want no progress", args[0], got.code, got.stderr)
		}
	}
}
