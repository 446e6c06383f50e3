//go:build unix

package embedded

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestVersion_IsReadAndCompared(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]version{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": {15, 18},
		"postgres (PostgreSQL) 17.5":                             {17, 5},
		"postgres (PostgreSQL) 18beta1":                          {18, 0},
		"postgres (PostgreSQL) 9.6.24":                           {9, 6},
	} {
		if got, ok := parseVersion(text); !ok || got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	if got, ok := parseVersion("mysqld 8.0"); ok {
		t.Errorf("another program: got %v, want nothing", got)
	}
	if !(version{16, 0}).newerThan(version{15, 9}) || (version{15, 9}).newerThan(version{15, 9}) {
		t.Error("versions are compared wrongly")
	}
}

// install puts programs into the folder that print their version and do nothing else.
func install(t *testing.T, folder, text string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb"} {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + text + "'\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func runner(t *testing.T) account {
	t.Helper()
	a, err := accountFor()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// noDownload is a place where nothing can be downloaded.
func noDownload(t *testing.T) download {
	t.Helper()
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	cache := folder(t)
	return download{repository: nothing.URL, cache: func(account) (string, error) { return cache, nil }}
}

func TestSearch_FindsTheNewestFittingInstallation(t *testing.T) {
	t.Parallel()
	where := folder(t)
	for name, text := range map[string]string{"a": "14.9", "b": "15.2", "c": "17.1", "d": "15.10"} {
		install(t, filepath.Join(where, name, "bin"), text)
	}
	install(t, filepath.Join(where, "path"), "17.1")
	if err := os.Symlink(filepath.Join(where, "c", "bin"), filepath.Join(where, "link")); err != nil {
		t.Fatal(err)
	}
	s := search{
		path:     "relative:" + filepath.Join(where, "path") + ":" + filepath.Join(where, "nowhere"),
		patterns: []string{filepath.Join(where, "*", "bin"), filepath.Join(where, "link")},
		download: noDownload(t),
	}
	if got := len(s.folders()); got != 5 {
		t.Errorf("folders: got %d in %v, want 5", got, s.folders())
	}
	for major, want := range map[int]string{0: "path", 15: "d/bin", 17: "path"} {
		got, err := s.find(t.Context(), wanted{runner: runner(t), major: major, logger: slog.Default()})
		if err != nil || got.folder != filepath.Join(where, want) {
			t.Errorf("major %d: got %s, %v, want %s", major, got.folder, err, want)
		}
	}
}

func TestSearch_MissingPostgreSQLIsOneMessageWithTheWaysOut(t *testing.T) {
	t.Parallel()
	old := folder(t)
	install(t, old, "13.4")
	s := search{path: old, download: noDownload(t)}
	_, err := start(t.Context(), Options{Directory: folder(t)}, s)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"PostgreSQL 15 or later was not found", "no version found", old + ": version 13.4",
		"apt-get install postgresql", "brew install", "PATH", "DATABASE_URL", "TEST_DATABASE_URL", "download",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message has no %q:\n%v", want, err)
		}
	}
}

func TestSearch_LeavesDataOfAVersionThatIsNotInstalled(t *testing.T) {
	t.Parallel()
	where := folder(t)
	data := filepath.Join(where, "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("14\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Directory: where})
	if err == nil || !strings.Contains(err.Error(), "PostgreSQL 14, which made the data, was not found") {
		t.Errorf("got %v, want a message about version 14", err)
	}
}

// repository serves testdata/postgresql.txz, whose programs are three short scripts, in the wrapping that is published.
func repository(t *testing.T) (address string, downloads *atomic.Int32) {
	t.Helper()
	programs, err := os.ReadFile("testdata/postgresql.txz")
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	wrapping := zip.NewWriter(&jar)
	entry, err := wrapping.Create("postgres.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(programs); err != nil {
		t.Fatal(err)
	}
	if err := wrapping.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(jar.Bytes())
	downloads = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			fmt.Fprint(w, hex.EncodeToString(sum[:]))
			return
		}
		downloads.Add(1)
		_, _ = w.Write(jar.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL, downloads
}

func TestDownload_HappensOnce(t *testing.T) {
	t.Parallel()
	address, downloads := repository(t)
	cache := folder(t)
	s := search{download: download{
		repository: address,
		cache:      func(account) (string, error) { return cache, nil },
	}}
	w := wanted{runner: runner(t), logger: slog.New(slog.DiscardHandler)}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got, err := s.find(context.Background(), w)
			if err != nil || got.version != (version{17, 5}) {
				t.Errorf("got %v, %v, want version 17.5", got, err)
			}
		})
	}
	group.Wait()
	if got := downloads.Load(); got != 1 {
		t.Errorf("downloads: got %d, want 1", got)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("the cache holds %v, want the lock and the programs", left)
	}
}
