//go:build unix

package embedded

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloadPatience bounds a download of some 10 to 30 MB.
const downloadPatience = 10 * time.Minute

// latest is the major version to download when any will do.
const latest = 17

var downloadable = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// download fetches PostgreSQL's programs once and keeps them in a folder of the user's caches.
type download struct {
	cache      func(account) (string, error)
	repository string // the address to fetch from; empty is the library's own
}

func usualDownload() download { return download{cache: usualCache} }

// usualCache is a folder that outlives a restart, and that PostgreSQL's user can reach: root's own caches lie behind a
// closed door.
func usualCache(runner account) (string, error) {
	parent, err := os.UserCacheDir()
	if runner.other {
		parent, err = "/var/cache", nil
		if runtime.GOOS == "darwin" {
			parent = "/Library/Caches"
		}
	}
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	return filepath.Join(parent, "infin8"), nil
}

// get returns the programs from the cache, or downloads them into it. Of several processes that need them at once, one
// downloads and the others wait.
func (d download) get(ctx context.Context, w wanted) (installation, error) {
	major := w.major
	if major == 0 {
		major = latest
	}
	release, ok := downloadable[major]
	if !ok {
		return installation{}, fmt.Errorf("there is no download of PostgreSQL %d", major)
	}
	cache, err := d.cache(w.runner)
	if err != nil {
		return installation{}, err
	}
	if err := makeFolder(cache, w.runner); err != nil {
		return installation{}, err
	}
	target := filepath.Join(cache, "postgresql-"+string(release))
	bin := filepath.Join(target, "bin")
	if i, err := inspect(ctx, bin, w.runner); err == nil {
		return i, nil
	}

	ctx, cancel := context.WithTimeout(ctx, downloadPatience)
	defer cancel()
	lock, err := waitLock(ctx, filepath.Join(cache, "lock"))
	if err != nil {
		return installation{}, err
	}
	if i, err := inspect(ctx, bin, w.runner); err == nil {
		lock.Close()
		return i, nil
	}
	w.logger.Info("PostgreSQL is not installed: downloading it, once", "version", release, "into", target)
	fetched := make(chan error, 1)
	go func() { // The library cannot be interrupted: after the deadline it goes on, with the lock.
		defer lock.Close()
		fetched <- d.fetch(cache, target, release, major)
	}()
	select {
	case err = <-fetched:
	case <-ctx.Done():
		err = fmt.Errorf("download: %w", ctx.Err())
	}
	if err != nil {
		return installation{}, err
	}
	return inspect(ctx, bin, w.runner)
}

// fetch downloads and unpacks beside the target, and moves the result there when it is complete.
//
// The library fetches only on its way to starting a server, which it does as the user of this process, root or not. So
// it gets a data folder that claims to be initialized and is empty: it downloads, checks the checksum, unpacks, and
// then the server fails to start. What counts is whether the programs are there.
func (d download) fetch(cache, target string, release embeddedpostgres.PostgresVersion, major int) (err error) {
	defer func() {
		if fault := recover(); fault != nil { // It panics when it cannot remove its temporary files.
			err = fmt.Errorf("download: %v", fault)
		}
	}()
	abandoned, _ := filepath.Glob(filepath.Join(cache, "fetch-*"))
	for _, folder := range abandoned {
		_ = os.RemoveAll(folder)
	}
	stage, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	data, programs := filepath.Join(stage, "data"), filepath.Join(stage, "postgresql")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(strconv.Itoa(major)+"\n"), 0o600); err != nil {
		return err
	}
	config := embeddedpostgres.DefaultConfig().Version(release).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(stage, "archive")).RuntimePath(filepath.Join(stage, "runtime")).
		BinariesPath(programs).DataPath(data)
	if d.repository != "" {
		config = config.BinaryRepositoryURL(d.repository)
	}
	refusal := embeddedpostgres.NewDatabase(config).Start()
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(programs, "bin", name)); err != nil {
			return cmp.Or(refusal, err)
		}
	}
	if err := makeReadable(programs); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(programs, target)
}

// makeReadable opens the programs to PostgreSQL's user, however strict the umask was.
func makeReadable(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if entry.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
