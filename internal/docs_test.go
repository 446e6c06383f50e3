package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is the folder of the repository, seen from this package.
const repository = ".."

// TestDocs keeps the documents true to the repository: their links, paths and commands.
func TestDocs(t *testing.T) {
	t.Parallel()
	pages := readPages(t)

	t.Run("LinksLeadToAFileAndAHeading", func(t *testing.T) {
		t.Parallel()
		link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
		for name, text := range pages {
			for _, match := range link.FindAllStringSubmatch(text, -1) {
				if strings.HasPrefix(match[1], "https://") {
					continue
				}
				path, anchor, _ := strings.Cut(match[1], "#")
				target := filepath.Join(filepath.Dir(name), path)
				if path == "" {
					target = name
				}
				if _, err := os.Stat(filepath.Join(repository, target)); err != nil {
					t.Errorf("%s links to %s: %v", name, match[1], err)
				} else if anchor != "" && !slices.Contains(anchors(pages[target]), anchor) {
					t.Errorf("%s links to %s, which is no heading", name, match[1])
				}
			}
		}
	})

	t.Run("PathsExist", func(t *testing.T) {
		t.Parallel()
		path := regexp.MustCompile("`((?:\\.ci|docs|graph|internal|migrations|playground|queries|test)/[\\w./-]*)`")
		for name, text := range pages {
			for _, match := range path.FindAllStringSubmatch(text, -1) {
				if _, err := os.Stat(filepath.Join(repository, match[1])); err != nil {
					t.Errorf("%s names %s: %v", name, match[1], err)
				}
			}
		}
	})

	t.Run("CommandsRunATest", func(t *testing.T) {
		t.Parallel()
		found := 0
		for name, text := range pages {
			for _, command := range testCommands(text) {
				found++
				if !runsATest(t, command) {
					t.Errorf("%s has %q, which runs no test", name, command)
				}
			}
		}
		if found < 25 {
			t.Errorf("got %d commands that run tests, want 25 or more", found)
		}
	})

	t.Run("DecisionsAreIndexed", func(t *testing.T) {
		t.Parallel()
		for name := range pages {
			base := filepath.Base(name)
			if filepath.Base(filepath.Dir(name)) == "decisions" && base != "README.md" &&
				!strings.Contains(pages[filepath.Join("docs", "decisions", "README.md")], "("+base+")") {
				t.Errorf("docs/decisions/README.md does not list %s", base)
			}
		}
	})

	t.Run("ReadmeFitsAScreen", func(t *testing.T) {
		t.Parallel()
		if got := len(strings.Fields(pages["README.md"])); got > 600 {
			t.Errorf("README.md has %d words, want at most 600", got)
		}
	})

	t.Run("PlainWords", func(t *testing.T) {
		t.Parallel()
		for name, text := range pages {
			if got := vagueActor(text); got != "" {
				t.Errorf("%s says %q: name the actor", name, got)
			}
		}
		for name, text := range readComments(t) {
			if got := vagueActor(text); got != "" {
				t.Errorf("a comment of %s says %q: name the actor", name, got)
			}
		}
	})

	t.Run("AVagueActorIsFound", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string]string{
			"Nobody waits.": "Nobody", "The user `nobody` runs it.": "", "package x // for whoever reads": "whoever",
		} {
			if got := vagueActor(text); got != want {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
		for line, want := range map[string]string{
			"\tx := 1 // nobody":            "// nobody",
			"SELECT 1 -- somebody":          "-- somebody",
			"# everybody":                   "# everybody",
			`{"nobody", "http://a/nobody"}`: "",
		} {
			if got := strings.TrimSpace(comment.FindString(line)); got != want {
				t.Errorf("the comment of %q: got %q, want %q", line, got, want)
			}
		}
	})

	t.Run("ACommandWithoutATestIsFound", func(t *testing.T) {
		t.Parallel()
		if runsATest(t, "go test -run TestThatIsMissing ./internal") {
			t.Error("a command without a test passes")
		}
	})
}

// comment matches the comment of a line of Go, SQL or GraphQL. White space before it distinguishes it from a URL.
var comment = regexp.MustCompile(`(?m)(^|\s)(//|--|#) .*$`)

// vagueActor returns the first word of a text that hides the actor. Code in backquotes may have such words: `nobody`
// is a user of the system.
func vagueActor(text string) string {
	word := regexp.MustCompile(`(?i)\b(nobody|somebody|everybody|whoever)\b`)
	return word.FindString(regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, ""))
}

// readPages returns the text of each document by its path from the root.
func readPages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repository, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(repository, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(repository, name)
		if err != nil {
			t.Fatal(err)
		}
		pages[relative] = string(text)
	}
	return pages
}

// readComments returns the comments of each source file by its path from the root. Migrations are excluded, since
// their comments no longer change.
func readComments(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	err := fs.WalkDir(os.DirFS(repository), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || path == "migrations" {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".sql", ".graphqls"}, filepath.Ext(path)) || path == "internal/docs_test.go" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(repository, path))
		comments[path] = strings.Join(comment.FindAllString(string(text), -1), "\n")
		return err
	})
	if err != nil || len(comments) < 300 {
		t.Fatalf("got %d source files, %v", len(comments), err)
	}
	return comments
}

// anchors returns the fragments of a page's headings, as GitHub makes them.
func anchors(text string) []string {
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)
	var all []string
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		plain := dropped.ReplaceAllString(strings.ToLower(match[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}

// testCommands returns the commands of a page that select tests or benchmarks.
func testCommands(text string) []string {
	command := regexp.MustCompile("go test [^`\n]*-(?:run|bench) [^`\n]*")
	return command.FindAllString(strings.ReplaceAll(text, `\|`, "|"), -1)
}

// runsATest reports whether a command selects tests or benchmarks: each alternative of its pattern in one package
// or more, and in each package one alternative or more. A pattern with a slash must match a subtest, too.
func runsATest(t *testing.T, command string) bool {
	t.Helper()
	var patterns []string
	for _, match := range regexp.MustCompile(`-(?:run|bench) ('[^']*'|\S+)`).FindAllStringSubmatch(command, -1) {
		if selected := strings.Trim(match[1], "'"); selected != "^$" {
			patterns = append(patterns, strings.Split(selected, "|")...)
		}
	}
	found := map[string]bool{}
	for _, folder := range regexp.MustCompile(`\./\S+`).FindAllString(command, -1) {
		tests, subtests := testsIn(t, folder)
		isSelected := false
		for _, pattern := range patterns {
			top, sub, _ := strings.Cut(pattern, "/")
			if matches(top, tests) && (sub == "" || matches(sub, subtests)) {
				found[pattern], isSelected = true, true
			}
		}
		if !isSelected {
			return false
		}
	}
	return len(found) > 0 && !slices.ContainsFunc(patterns, func(pattern string) bool { return !found[pattern] })
}

// testsIn returns the names of the tests and benchmarks in a folder, and all texts that may name a subtest.
func testsIn(t *testing.T, folder string) (tests, subtests []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests = append(tests, submatches(`(?m)^func ((?:Test|Benchmark)\w+)\(`, text)...)
		subtests = append(subtests, submatches(`"([A-Z]\w+)"`, text)...)
	}
	return tests, subtests
}

func submatches(pattern string, text []byte) []string {
	var all []string
	for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		all = append(all, string(match[1]))
	}
	return all
}

func matches(pattern string, names []string) bool {
	return slices.ContainsFunc(names, regexp.MustCompile(pattern).MatchString)
}
