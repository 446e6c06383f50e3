//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// socketPathLimit is the most bytes of a path that every system takes as the address of a Unix socket: 103 on macOS
// and the BSDs, 107 on Linux.
const socketPathLimit = 103

// fitsSocket reports whether the folder can hold the socket: its path is short enough, and no character in it has a
// meaning of its own in PostgreSQL's list of socket folders or in a connection string.
func fitsSocket(folder string) bool {
	return len(filepath.Join(folder, ".s.PGSQL."+port)) <= socketPathLimit && !strings.ContainsAny(folder, ",'\" \\")
}

// makeFolder makes a folder, or checks one, that belongs to us or to PostgreSQL's user and that no other user may write
// to. Where PostgreSQL runs as another user than we do, it may pass through to its files inside.
func makeFolder(path string, runner account) error {
	err := os.Mkdir(path, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	owner, _, err := ownerOf(path)
	if err != nil {
		return err
	}
	if owner != runner.uid && owner != uint32(os.Geteuid()) {
		return fmt.Errorf("%s belongs to the user %s: choose another folder, or run as that user", path, nameOf(owner))
	}
	mode := info.Mode().Perm() &^ 0o022
	if owner != runner.uid {
		mode |= 0o011
	}
	return os.Chmod(path, mode)
}

// scratchFolder is our corner of the system's temporary folder, or of the first of the given folders that can be used:
// ephemeral servers, sockets whose own folder lies too deep, and data folders that PostgreSQL's user cannot reach.
// It must belong to us, since another user may have made it to lead us astray.
func scratchFolder(ctx context.Context, runner account, parents ...string) (string, error) {
	var faults []error
	for _, parent := range append(parents, os.TempDir(), "/tmp") {
		path := filepath.Join(parent, "infin8-"+strconv.Itoa(os.Geteuid()))
		if !fitsSocket(filepath.Join(path, "run-0123456789", "socket")) {
			faults = append(faults, fmt.Errorf("%s is too long for the path of a socket", path))
			continue
		}
		if err := makeFolder(path, runner); err != nil {
			faults = append(faults, err)
			continue
		}
		if !runner.reaches(ctx, path) {
			faults = append(faults, fmt.Errorf("%s cannot be reached by the user %s", path, runner.name))
			continue
		}
		return path, nil
	}
	return "", fmt.Errorf("no temporary folder can be used, set TMPDIR to one that can: %w", errors.Join(faults...))
}

// heldError says that a living process owns what a lock protects.
type heldError struct {
	path  string
	owner string // its pid, or empty
}

func (e *heldError) Error() string {
	who := "another process"
	if e.owner != "" {
		who = "the process " + e.owner
	}
	return fmt.Sprintf("%s already runs a server on this folder (lock %s): stop it, or choose another folder", who, e.path)
}

// takeLock takes the lock file, or returns a *heldError at once. The lock ends with the file's closing, and the system
// closes it however the process ends, so a lock that is free proves that its last owner is dead. Children do not
// inherit it.
func takeLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		owner, _ := os.ReadFile(path)
		return nil, &heldError{path: path, owner: strings.TrimSpace(string(owner))}
	}
	if err := file.Truncate(0); err != nil {
		file.Close()
		return nil, err
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// waitLock takes the lock file as soon as it is free.
func waitLock(ctx context.Context, path string) (*os.File, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		file, err := takeLock(path)
		if held := (*heldError)(nil); !errors.As(err, &held) {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock %s: %w", path, ctx.Err())
		case <-tick.C:
		}
	}
}
