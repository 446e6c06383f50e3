//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// oldest is the first version of PostgreSQL that the engine's schema works on.
const oldest = 15

// version is a version of PostgreSQL as `postgres --version` prints it. A development version has the minor number 0.
type version struct{ major, minor int }

func (v version) newerThan(w version) bool {
	return v.major > w.major || v.major == w.major && v.minor > w.minor
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)(?:\.(\d+))?`)

func parseVersion(text string) (version, bool) {
	match := versionText.FindStringSubmatch(text)
	if match == nil {
		return version{}, false
	}
	major, err := strconv.Atoi(match[1])
	minor, _ := strconv.Atoi(match[2])
	return version{major, minor}, err == nil
}

// installation is a folder with the programs postgres and initdb.
type installation struct {
	folder  string
	version version
	text    string // the whole answer to --version: which build it is
}

func (i installation) program(name string) string { return filepath.Join(i.folder, name) }

// search has the places of PostgreSQL: first the path, then the folders that the patterns match. PostgreSQL is
// downloaded when neither has it.
type search struct {
	path     string
	patterns []string
	download download
}

func usualSearch() search {
	return search{
		path: os.Getenv("PATH"),
		patterns: []string{
			"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
			"/usr/pgsql-*/bin",                                   // Red Hat, from PostgreSQL's own packages
			"/usr/lib/postgresql*/bin",                           // SUSE
			"/usr/lib64/postgresql-*/bin",                        // Gentoo
			"/usr/libexec/postgresql*",                           // Alpine
			"/usr/bin",                                           // Arch, Fedora
			"/usr/local/pgsql/bin",                               // built from source
			"/usr/local/bin",                                     // BSD
			"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew
			"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
			"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
			"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
			"/Library/PostgreSQL/*/bin",                          // the installer for macOS
			"/opt/local/lib/postgresql*/bin",                     // MacPorts
		},
		download: usualDownload(),
	}
}

// wanted is what to find: a PostgreSQL that the runner can run, and of this major version unless that is 0.
type wanted struct {
	runner account
	major  int
	logger *slog.Logger
}

func (w wanted) accepts(v version) bool {
	return v.major >= oldest && (w.major == 0 || v.major == w.major)
}

func (w wanted) String() string {
	if w.major == 0 {
		return fmt.Sprintf("PostgreSQL %d or later", oldest)
	}
	return fmt.Sprintf("PostgreSQL %d, which made the data,", w.major)
}

// notFoundError is the one message for the person who has no PostgreSQL: what is missing, why, and the ways out.
type notFoundError struct {
	wanted   wanted
	rejected error // what was found and cannot be used; may be nil
	download error
}

func (e *notFoundError) Unwrap() error { return e.download }

func (e *notFoundError) Error() string {
	text := fmt.Sprintf("%s was not found, neither on PATH nor in the usual folders, and could not be downloaded: %v",
		e.wanted, e.download)
	if e.rejected != nil {
		text += fmt.Sprintf("\nNot used:\n%v", e.rejected)
	}
	return text + `
Ways out, each is enough:
- install the server's programs (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server;
  macOS: brew install postgresql@17);
- put a folder that has postgres and initdb on PATH;
- set DATABASE_URL, and for the tests TEST_DATABASE_URL, to a server that is running;
- allow this program to download PostgreSQL once.`
}

// find returns the newest PostgreSQL that fits; among equals the first. If there is none, one is downloaded.
func (s search) find(ctx context.Context, w wanted) (installation, error) {
	var best installation
	var rejected []error
	for _, folder := range s.folders() {
		i, err := inspect(ctx, folder, w.runner)
		switch {
		case err != nil:
			rejected = append(rejected, fmt.Errorf("- %s: %w", folder, err))
		case !w.accepts(i.version):
			rejected = append(rejected, fmt.Errorf("- %s: version %d.%d", folder, i.version.major, i.version.minor))
		case i.version.newerThan(best.version):
			best = i
		}
	}
	if best.folder != "" {
		return best, nil
	}
	i, err := s.download.get(ctx, w)
	if err != nil {
		return installation{}, &notFoundError{wanted: w, rejected: errors.Join(rejected...), download: err}
	}
	return i, nil
}

// folders are the places that have the programs, each once, whatever links lead there.
func (s search) folders() []string {
	candidates := filepath.SplitList(s.path)
	for _, pattern := range s.patterns {
		matches, _ := filepath.Glob(pattern)
		candidates = append(candidates, matches...)
	}
	seen := map[string]bool{}
	var folders []string
	for _, candidate := range candidates {
		if !filepath.IsAbs(candidate) {
			continue
		}
		server, err := filepath.EvalSymlinks(filepath.Join(candidate, "postgres"))
		if err != nil {
			continue
		}
		folder := filepath.Dir(server)
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil || seen[folder] {
			continue
		}
		seen[folder] = true
		folders = append(folders, folder)
	}
	return folders
}

// inspect asks the server in the folder for its version, as the user that will run it.
func inspect(ctx context.Context, folder string, runner account) (installation, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	i := installation{folder: folder}
	text, err := runner.run(ctx, i.program("postgres"), "--version")
	if err != nil {
		return installation{}, err
	}
	v, ok := parseVersion(text)
	if !ok {
		return installation{}, fmt.Errorf("its version cannot be read: %q", text)
	}
	i.version, i.text = v, text
	return i, nil
}
