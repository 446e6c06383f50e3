// Package internal_test holds the plan of the house: which package may import which. The rooms are few and their
// doors open one way; this test is what keeps it so.
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
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pure packages compute; they may not even be able to reach a clock, chance, a context or the world.
var (
	pure      = []string{"internal/workflow", "internal/cost"}
	forbidden = []string{
		"context", "crypto/rand", "database", "io/fs", "io/ioutil", "log", "math/rand", "net", "os", "syscall",
	}
	clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
)

// listed is what `go list` says about a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestThePackagesImportOnlyWhatThePlanAllows(t *testing.T) {
	t.Parallel()
	for _, fault := range check(list(t)) {
		t.Error(fault)
	}
}

func TestThePureRoomsReadNoClock(t *testing.T) {
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

// list asks the go command for the packages of the module. It first walks the tree: Go's cache of test results sees
// what a test opens, but not what a child process reads, and would go on reporting yesterday's house.
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
	// -e: what does not compile is told by the compiler.
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

// check returns a sentence for each package and each arrow that is not in the plan.
func check(packages []listed) []string {
	var faults []string
	for _, one := range packages {
		path := inside(one.ImportPath)
		row, planned := plan[path]
		if !planned {
			faults = append(faults, fmt.Sprintf("%s is a package that is not in the plan", path))
			continue
		}
		for _, imported := range one.Imports {
			if !mayImport(path, row, imported) {
				faults = append(faults, fmt.Sprintf("%s imports %s", path, inside(imported)))
			}
		}
		for _, imported := range slices.Concat(one.TestImports, one.XTestImports) {
			if !testsMayImport(path, row, imported) {
				faults = append(faults, fmt.Sprintf("the tests of %s import %s", path, inside(imported)))
			}
		}
	}
	return faults
}

// inside turns an import path of ours into the path of the folder, and leaves others as they are.
func inside(imported string) string {
	if imported == module {
		return server
	}
	return strings.TrimPrefix(imported, module+"/")
}

func mayImport(path string, row room, imported string) bool {
	switch {
	case standard(imported):
		return !slices.Contains(pure, path) || !slices.ContainsFunc(forbidden, func(root string) bool {
			// net/url only takes texts apart; everything else below a forbidden root is forbidden too.
			return imported != "net/url" && below(imported, root)
		})
	case below(imported, module):
		target := inside(imported)
		_, planned := plan[target]
		return planned && (slices.Contains(row.ours, target) || path == server && target != testdb)
	default:
		return below(imported, uuid) || belowAny(imported, row.others)
	}
}

func testsMayImport(path string, row room, imported string) bool {
	if standard(imported) || belowAny(imported, forTests) || mayImport(path, row, imported) {
		return true
	}
	reach := closure(append(slices.Concat(row.ours, row.tests), testdb))
	if path == server {
		reach = closure(slices.Collect(maps.Keys(plan)))
	}
	if below(imported, module) {
		target := inside(imported)
		return target == path || reach[target]
	}
	for target := range reach {
		if belowAny(imported, plan[target].others) {
			return true
		}
	}
	return false
}

// closure returns the rooms and all the rooms below them.
func closure(rooms []string) map[string]bool {
	reached := map[string]bool{}
	for len(rooms) > 0 {
		next := rooms[0]
		rooms = rooms[1:]
		if !reached[next] {
			reached[next] = true
			rooms = append(rooms, plan[next].ours...)
		}
	}
	return reached
}

// standard reports a package of the standard library: the first part of its path is no host.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func below(imported, root string) bool {
	return imported == root || strings.HasPrefix(imported, root+"/")
}

func belowAny(imported string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return below(imported, root) })
}

func TestThePlanRefusesWhatItDoesNotName(t *testing.T) {
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
			ours("internal/postgres/dbsqlc"), pgx, forTests[0] + "/cmp", ours("internal/steps"), ours("graph"), river,
		}},
		{ImportPath: ours("internal/web"), Imports: []string{cors, jwt + "/request", cors + "-lookalike"}},
		{ImportPath: ours("internal/steps"), TestImports: []string{
			ours("internal/llm/sandbox"), ours("internal/jobs"),
		}},
		{ImportPath: module, Imports: []string{
			ours("graph"), ours("internal/jobs"), ours("internal/llm/sandbox"), ours("migrations"), kong,
			pgx + "/pgxpool", ours("internal/testdb"), ours("internal/util"), gqlgen + "/graphql",
		}, XTestImports: []string{ours("internal/testdb"), module, jwt, river}},
	})
	want := []string{
		"internal/util is a package that is not in the plan",
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
		". imports internal/testdb",
		". imports internal/util",
		". imports " + gqlgen + "/graphql",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
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

func TestThePlanHasNoCircle(t *testing.T) {
	t.Parallel()
	for path, row := range plan {
		if closure(row.ours)[path] {
			t.Errorf("%s may import itself by a detour", path)
		}
		for _, target := range slices.Concat(row.ours, row.tests) {
			if _, planned := plan[target]; !planned {
				t.Errorf("the row of %s names %s, which has no row", path, target)
			}
		}
	}
}
