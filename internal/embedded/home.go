//go:build unix

package embedded

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// home is the folder of one server:
//
//	lock      held while the owner lives; holds its pid
//	log       what PostgreSQL wrote since its last start
//	data      PostgreSQL's own folder; it is there only when it is complete
//	new-*     a data folder in the making
//	socket    the socket, unless its path would be too long
type home struct {
	folder    string
	socket    string
	runner    account
	ephemeral bool
	lock      *os.File
}

func (h *home) data() string { return filepath.Join(h.folder, "data") }
func (h *home) log() string  { return filepath.Join(h.folder, "log") }

// firstSignal asks PostgreSQL to end: at once when the data are not needed, else after it has closed the sessions and
// written everything to disk.
func (h *home) firstSignal() syscall.Signal {
	if h.ephemeral {
		return syscall.SIGQUIT
	}
	return syscall.SIGINT
}

// openHome finds or makes the folder and takes its lock.
func openHome(ctx context.Context, o Options) (*home, error) {
	if o.Ephemeral {
		return newEphemeralHome(ctx)
	}
	if o.Directory == "" {
		return nil, errors.New("a folder is needed for the data")
	}
	folder, err := filepath.Abs(o.Directory)
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	h, err := reachableHome(ctx, folder)
	if err != nil {
		return nil, err
	}
	if h.folder != folder {
		o.logger().Warn("the user that runs PostgreSQL cannot reach the folder asked for; the data is kept elsewhere",
			"user", h.runner.name, "asked", folder, "used", h.folder)
	}
	h.socket = filepath.Join(h.folder, "socket")
	if !fitsSocket(h.socket) {
		scratch, err := scratchFolder(ctx, h.runner)
		if err != nil {
			return nil, err
		}
		h.socket = filepath.Join(scratch, "socket-"+shortHash(h.folder))
	}
	h.lock, err = takeLock(filepath.Join(h.folder, "lock"))
	if err != nil {
		return nil, err
	}
	return h, nil
}

// reachableHome makes the folder and makes sure that PostgreSQL's user can enter it. If it cannot, as when root works
// below its own closed folder, the data lies in our temporary folder, under a name that is the same at every start.
func reachableHome(ctx context.Context, folder string) (*home, error) {
	runner, err := accountFor(filepath.Join(folder, "data"), folder)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return nil, err
	}
	if err := makeFolder(folder, runner); err != nil {
		return nil, err
	}
	if runner.reaches(ctx, folder) {
		return &home{folder: folder, runner: runner}, nil
	}
	_ = os.Remove(folder) // it goes only if it is empty
	scratch, err := scratchFolder(ctx, runner)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached by the user %s: %w", folder, runner.name, err)
	}
	elsewhere := filepath.Join(scratch, "data-"+shortHash(folder))
	if runner, err = accountFor(filepath.Join(elsewhere, "data")); err != nil {
		return nil, err
	}
	if err := makeFolder(elsewhere, runner); err != nil {
		return nil, err
	}
	return &home{folder: elsewhere, runner: runner}, nil
}

// newEphemeralHome makes a new folder, and removes those whose owners were killed before they could. No other process
// makes or removes one meanwhile, so a folder that is not locked yet is never taken for an abandoned one.
func newEphemeralHome(ctx context.Context) (*home, error) {
	runner, err := accountFor()
	if err != nil {
		return nil, err
	}
	scratch, err := scratchFolder(ctx, runner, memoryFolders()...)
	if err != nil {
		return nil, err
	}
	guard, err := waitLock(ctx, filepath.Join(scratch, "lock"))
	if err != nil {
		return nil, err
	}
	defer guard.Close()
	sweep(scratch)

	folder, err := os.MkdirTemp(scratch, "run-")
	if err != nil {
		return nil, err
	}
	h := &home{
		folder:    folder,
		socket:    filepath.Join(folder, "socket"),
		runner:    runner,
		ephemeral: true,
	}
	if err := makeFolder(folder, runner); err != nil {
		return nil, err
	}
	if h.lock, err = takeLock(filepath.Join(folder, "lock")); err != nil {
		return nil, err
	}
	return h, nil
}

// sweep removes the ephemeral servers whose owners are dead. The next start tries again what this one cannot remove.
func sweep(scratch string) {
	folders, _ := filepath.Glob(filepath.Join(scratch, "run-*"))
	for _, folder := range folders {
		lock, err := takeLock(filepath.Join(folder, "lock"))
		if err != nil {
			continue
		}
		abandoned := &home{
			folder:    folder,
			socket:    filepath.Join(folder, "socket"),
			ephemeral: true,
			lock:      lock,
		}
		if err := abandoned.clearLeftOver(); err != nil {
			lock.Close()
			continue
		}
		abandoned.close()
	}
}

// close gives up the folder; an ephemeral one is removed. The lock goes last, so that what a kill leaves half removed
// is still found by sweep.
func (h *home) close() {
	_ = os.RemoveAll(h.socket)
	if h.ephemeral {
		_ = os.RemoveAll(h.data())
		_ = os.RemoveAll(h.folder)
	}
	h.lock.Close()
}

// makeSocketFolder makes the folder of the socket, empty: a dead server's socket and its lock file would prevent a
// start. Entering it is the right to log in, so only PostgreSQL's user and root may enter.
func (h *home) makeSocketFolder() error {
	if err := os.RemoveAll(h.socket); err != nil {
		return err
	}
	if err := os.Mkdir(h.socket, 0o700); err != nil {
		return err
	}
	return h.runner.give(h.socket)
}

// major is the version of PostgreSQL that made the data, or 0 if there is no data yet. No other version can read it.
func (h *home) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION is not a version: %q", h.data(), text)
	}
	return major, nil
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
