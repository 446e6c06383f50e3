//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearLeftOver puts in order what an owner that was killed left in the folder. We hold the lock, so no other owner is
// alive, and a server that still runs on this data is an orphan: it is ended. Serving on through it would tie us to
// settings and a watchdog that are not ours.
//
// A pid file that belongs to no server of this data is removed, since PostgreSQL would refuse to start if the pid
// has gone to another process. Where the pid is dead, PostgreSQL sees that itself, and checks better than we can that
// none of the dead server's children is still writing: then the file stays.
func (h *home) clearLeftOver() error {
	file, err := readPidFile(h.data())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return removeIfThere(pidFilePath(h.data()))
	}
	if !serves(file.pid, h.data()) {
		if pidInUse(file.pid) {
			return removeIfThere(pidFilePath(h.data()))
		}
		return nil
	}
	err = end(file.pid, h.firstSignal(), func(timeout time.Duration) bool {
		for deadline := time.Now().Add(timeout); serves(file.pid, h.data()); time.Sleep(5 * time.Millisecond) {
			if !time.Now().Before(deadline) {
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("a server that an earlier process left behind: %w", err)
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// pidInUse reports whether there is a process of this number, be it one that has ended and waits for its parent.
func pidInUse(pid int) bool { return syscall.Kill(pid, 0) == nil }

// serves reports whether the process is a living PostgreSQL on this data folder, which is its working folder. Numbers
// of processes are used again, so nothing is ended before this was asked.
func serves(pid int, data string) bool {
	if runtime.GOOS != "linux" {
		command, err := exec.Command("/bin/ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
		return err == nil && strings.Contains(string(command), "postgres -D "+data+" ")
	}
	process := filepath.Join("/proc", strconv.Itoa(pid))
	name, err := os.ReadFile(filepath.Join(process, "comm"))
	if err != nil || strings.TrimSpace(string(name)) != "postgres" {
		return false
	}
	works, err := os.Stat(filepath.Join(process, "cwd"))
	if err != nil {
		return false // A process that has ended and waits for its parent has no working folder.
	}
	ours, err := os.Stat(data)
	return err == nil && os.SameFile(works, ours)
}
