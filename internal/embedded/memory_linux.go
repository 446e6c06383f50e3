package embedded

import (
	"os"
	"syscall"
)

// memoryFolders is the folder that lies in memory, if the system has one and it is roomy. PostgreSQL makes and removes
// a thousand small files for each server and hundreds for each database, and that is much cheaper there: ext4 takes
// most of a millisecond for each new file where many others were just deleted, and tests do nothing else. Containers
// often have 64 MB, which is not enough. A user who sets TMPDIR has chosen another folder.
func memoryFolders() []string {
	const (
		folder      = "/dev/shm"
		tmpfs       = 0x01021994
		enoughBytes = 4 << 30
	)
	if os.Getenv("TMPDIR") != "" {
		return nil
	}
	var system syscall.Statfs_t
	if err := syscall.Statfs(folder, &system); err != nil || system.Type != tmpfs {
		return nil
	}
	if uint64(system.Bavail)*uint64(system.Bsize) < enoughBytes {
		return nil
	}
	return []string{folder}
}
