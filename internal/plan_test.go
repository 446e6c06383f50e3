// Package internal_test checks the import table: each package imports only the packages and modules that its row names,
// and only rows below its own.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pure packages only compute. They import no forbidden package and call no function in clock.
var (
	pure      = []string{"internal/workflow", "internal/cost", "internal/content", "internal/strictjson"}
	forbidden = []string{
		"context", "crypto/rand", "database", "io/fs", "io/ioutil", "log", "math/rand", "net", "os", "syscall",
	}
	clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
)

// listed is the part of the output of `go list` that describes one package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestPlan(t *testing.T) {
	t.Parallel()
	packages := list(t)
	t.Run("EveryImportHasAnEntry", func(t *testing.T) {
		t.Parallel()
		for _, message := range check(packages) {
			t.Error(message)
		}
	})
	t.Run("EveryImportPointsDown", func(t *testing.T) {
		t.Parallel()
		for _, message := range checkOrder(plan) {
			t.Error(message)
		}
	})
	t.Run("EveryRowHasAPackage", func(t *testing.T) {
		t.Parallel()
		for _, message := range rowsWithoutPackage(plan, packages) {
			t.Error(message)
		}
	})
}

func TestPurePackages_ReadNoClock(t *testing.T) {
	t.Parallel()
	for _, path := range pure {
		files, err := filepath.Glob(filepath.Join("..", path, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, use := range clockUses(parsed) {
				t.Errorf("%s uses %s", file, use)
			}
		}
	}
}

// clockUses returns the functions of package time that read a clock or wait for one.
func clockUses(file *ast.File) []string {
	var uses []string
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			name, ok := selector.X.(*ast.Ident)
			if ok && name.Name == "time" && slices.Contains(clock, selector.Sel.Name) {
				uses = append(uses, "time."+selector.Sel.Name)
			}
		}
		return true
	})
	return uses
}

// list returns the packages of the module, from the go command. It first walks the tree: Go's cache of test results
// depends on the files that a test opens, but not on those that a child process reads.
func list(t *testing.T) []listed {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != ".." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// -e: the compiler reports packages that do not compile.
	const fields = "-json=ImportPath,Imports,TestImports,XTestImports"
	command := exec.CommandContext(t.Context(), "go", "list", "-e", fields, "./...")
	command.Dir = ".."
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, one)
	}
}

// check returns a sentence for each package without a row and each import without an entry.
func check(packages []listed) []string {
	var messages []string
	for _, one := range packages {
		path := inside(one.ImportPath)
		at := position(plan, path)
		if at < 0 {
			messages = append(messages, fmt.Sprintf("%s has no row", path))
			continue
		}
		for _, imported := range one.Imports {
			if !mayImport(plan[at], imported) {
				messages = append(messages, fmt.Sprintf("%s imports %s", path, inside(imported)))
			}
		}
		for _, imported := range slices.Concat(one.TestImports, one.XTestImports) {
			if !testsMayImport(plan[at], imported) {
				messages = append(messages, fmt.Sprintf("the tests of %s import %s", path, inside(imported)))
			}
		}
	}
	return messages
}

// checkOrder returns a sentence for each path that has two rows and each entry whose row is not below.
func checkOrder(rows []row) []string {
	var messages []string
	for i, one := range rows {
		if position(rows, one.path) < i {
			messages = append(messages, fmt.Sprintf("%s has two rows", one.path))
		}
		for _, imported := range one.imports {
			switch at := position(rows, imported); {
			case at < 0:
				messages = append(messages, fmt.Sprintf("the row of %s names %s, which has no row", one.path, imported))
			case at <= i:
				messages = append(messages, fmt.Sprintf("the row of %s names %s, which is not below it", one.path, imported))
			}
		}
		for _, imported := range one.tests {
			if position(rows, imported) < 0 {
				messages = append(messages, fmt.Sprintf("the row of %s names %s, which has no row", one.path, imported))
			}
		}
	}
	return messages
}

// rowsWithoutPackage returns a sentence for each row whose folder has no Go file.
func rowsWithoutPackage(rows []row, packages []listed) []string {
	var messages []string
	for _, one := range rows {
		if !slices.ContainsFunc(packages, func(p listed) bool { return inside(p.ImportPath) == one.path }) {
			messages = append(messages, fmt.Sprintf("%s has a row but no package", one.path))
		}
	}
	return messages
}

// position returns the index of a package's row, or −1.
func position(rows []row, path string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.path == path })
}

// inside turns an import path of this module into the path of the folder, and returns others unchanged.
func inside(imported string) string {
	if imported == module {
		return root
	}
	return strings.TrimPrefix(imported, module+"/")
}

func mayImport(r row, imported string) bool {
	switch {
	case standard(imported):
		return !slices.Contains(pure, r.path) || !slices.ContainsFunc(forbidden, func(parent string) bool {
			// net/url only parses text; everything else below a forbidden path is forbidden too.
			return imported != "net/url" && below(imported, parent)
		})
	case below(imported, module):
		target := inside(imported)
		return position(plan, target) >= 0 && slices.Contains(r.imports, target)
	default:
		return below(imported, uuid) || belowAny(imported, r.modules)
	}
}

func testsMayImport(r row, imported string) bool {
	if standard(imported) || belowAny(imported, testModules) || mayImport(r, imported) {
		return true
	}
	reached := closure(append(slices.Concat(r.imports, r.tests), testdb))
	if below(imported, module) {
		target := inside(imported)
		return target == r.path || reached[target]
	}
	return slices.ContainsFunc(plan, func(other row) bool {
		return reached[other.path] && belowAny(imported, other.modules)
	})
}

// closure returns the packages and all packages that they may import, directly or not.
func closure(paths []string) map[string]bool {
	reached := map[string]bool{}
	for len(paths) > 0 {
		next := paths[0]
		paths = paths[1:]
		if at := position(plan, next); at >= 0 && !reached[next] {
			reached[next] = true
			paths = append(paths, plan[at].imports...)
		}
	}
	return reached
}

// standard reports whether a package is in the standard library: the first part of its path is no host name.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func below(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

func belowAny(path string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return below(path, parent) })
}

func TestCheck_NamesImportsWithoutAnEntry(t *testing.T) {
	t.Parallel()
	ours := func(path string) string { return module + "/" + path }
	got := check([]listed{
		{ImportPath: ours("internal/util")},
		{ImportPath: ours("internal/workflow"), Imports: []string{
			"net/url", "encoding/json", uuid, ours("internal/fault"),
			"context", "os/exec", "net/http", "math/rand/v2", pgx, ours("internal/cost"),
		}},
		{ImportPath: ours("internal/engine"), Imports: []string{
			"context", ours("internal/postgres"), ours("internal/postgres/dbsqlc"), pgx + "/pgxpool", river,
			ours("internal/testdb"),
		}, XTestImports: []string{
			ours("internal/engine"), ours("internal/testdb"), ours("internal/embedded"),
			ours("internal/postgres/dbsqlc"), pgx, testModules[0] + "/cmp", ours("internal/steps"), ours("graph"), river,
		}},
		{ImportPath: ours("internal/web"), Imports: []string{cors, jwt + "/request", cors + "-lookalike"}},
		{ImportPath: ours("internal/steps"), TestImports: []string{
			ours("internal/llm/sandbox"), ours("internal/jobs"),
		}},
		{ImportPath: module, Imports: []string{ours("internal/cli"), ours("graph")}},
		{ImportPath: ours("internal/server"), Imports: []string{
			ours("internal/cli"), ours("graph"), ours("internal/jobs"), ours("internal/llm/sandbox"), ours("migrations"), kong,
			pgx + "/pgxpool", ours("internal/testdb"), ours("internal/util"), gqlgen + "/graphql",
		}, XTestImports: []string{ours("internal/testdb"), ours("internal/server"), jwt, river}},
	})
	want := []string{
		"internal/util has no row",
		"internal/workflow imports context",
		"internal/workflow imports os/exec",
		"internal/workflow imports net/http",
		"internal/workflow imports math/rand/v2",
		"internal/workflow imports " + pgx,
		"internal/workflow imports internal/cost",
		"internal/engine imports internal/postgres/dbsqlc",
		"internal/engine imports " + pgx + "/pgxpool",
		"internal/engine imports " + river,
		"internal/engine imports internal/testdb",
		"the tests of internal/engine import internal/steps",
		"the tests of internal/engine import graph",
		"the tests of internal/engine import " + river,
		"internal/web imports " + cors + "-lookalike",
		"the tests of internal/steps import internal/jobs",
		". imports graph",
		"internal/server imports internal/cli",
		"internal/server imports " + kong,
		"internal/server imports internal/testdb",
		"internal/server imports internal/util",
		"internal/server imports " + gqlgen + "/graphql",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	source := "package p\nimport \"time\"\nvar start, later = time.Now(), time.Second\nfunc f() { time.Sleep(later) }"
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"time.Now", "time.Sleep"}, clockUses(file)); diff != "" {
		t.Errorf("uses of a clock (-want +got):\n%s", diff)
	}
}

func TestCheckOrder_NamesImportsThatPointUp(t *testing.T) {
	t.Parallel()
	got := checkOrder([]row{
		{path: "a", imports: []string{"b", "c"}, tests: []string{"a", "gone"}},
		{path: "b", imports: []string{"b", "a", "gone"}},
		{path: "c"},
		{path: "b"},
	})
	want := []string{
		"the row of a names gone, which has no row",
		"the row of b names b, which is not below it",
		"the row of b names a, which is not below it",
		"the row of b names gone, which has no row",
		"b has two rows",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestRowsWithoutPackage_NamesAStaleRow(t *testing.T) {
	t.Parallel()
	packages := []listed{{ImportPath: module}, {ImportPath: module + "/a"}}
	got := rowsWithoutPackage([]row{{path: root}, {path: "a"}, {path: "gone"}}, packages)
	if diff := cmp.Diff([]string{"gone has a row but no package"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}
