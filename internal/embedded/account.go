//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user of the operating system that runs PostgreSQL. PostgreSQL refuses to run as root, rightly.
type account struct {
	name     string
	uid, gid uint32
	other    bool // not the user of this process: root lends its rights downwards
}

// accountFor returns the user that runs PostgreSQL. That is the user of this process, unless it is root. Root starts it
// as the owner of the first path that does not belong to root, since PostgreSQL must own its data; otherwise as the
// user `postgres`, and where that is missing as the user `nobody`.
func accountFor(paths ...string) (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: nameOf(uint32(uid)), uid: uint32(uid), gid: uint32(os.Getegid())}, nil
	}
	for _, path := range paths {
		if uid, gid, err := ownerOf(path); err == nil && uid != 0 {
			return account{
				name:  nameOf(uid),
				uid:   uid,
				gid:   gid,
				other: true,
			}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{
				name:  name,
				uid:   uint32(uid),
				gid:   uint32(gid),
				other: true,
			}, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user " +
		"nobody: start as an ordinary user, or set DATABASE_URL to a running server")
}

func nameOf(uid uint32) string {
	text := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(text); err == nil {
		return u.Username
	}
	return text
}

func ownerOf(path string) (uid, gid uint32, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("%s: the owner is unknown on this system", path)
	}
	return stat.Uid, stat.Gid, nil
}

// inherited are the variables that PostgreSQL needs from us. It gets no other, for the rest holds our secrets.
var inherited = []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE", "TZDIR"}

// adopt makes the command run as this user, in a session of its own: the Ctrl-C that a terminal sends to all of its
// foreground processes is for us to answer, and we stop PostgreSQL after our own work is done.
func (a account) adopt(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

// run runs a program to its end as this user and returns what it printed. The error holds what it complained about.
func (a account) run(ctx context.Context, program string, arguments ...string) (string, error) {
	output, err := a.adopt(exec.CommandContext(ctx, program, arguments...)).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(program), err, tail(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("%s as user %s: %w", program, a.name, err)
	}
	return string(output), nil
}

// reaches reports whether this user can enter the folder: every folder above must let it through. There are more rules
// about that than can be read off modes and owners, so it is tried.
func (a account) reaches(ctx context.Context, folder string) bool {
	if !a.other {
		return true
	}
	_, err := a.run(ctx, "/bin/sh", "-c", `cd -- "$1"`, "sh", folder)
	return err == nil
}

// give makes the user the owner of one path.
func (a account) give(path string) error {
	if !a.other {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}
