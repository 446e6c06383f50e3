// Command generate finishes the code that gqlgen has written: .ci/generate runs it on graph/generated.go. gqlgen starts
// a goroutine for each element of a list, and no setting stops it; marshalSlice in graph/slice.go says why this API
// needs none. The command replaces each call by its syntax, and fails when there is none: then gqlgen writes lists in
// another way, and this command needs a change.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: generate FILE"))
	}
	source, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	finished, err := finish(source)
	if err != nil {
		fail(err)
	}
	if err := os.WriteFile(os.Args[1], finished, 0o644); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "generate:", err)
	os.Exit(1)
}

// finish returns the source with each call of graphql.MarshalSliceConcurrently as a call of marshalSlice.
func finish(source []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var finished bytes.Buffer
	copied := 0
	ast.Inspect(file, func(node ast.Node) bool {
		call, isCall := node.(*ast.CallExpr)
		if !isCall || !isConcurrent(call.Fun) {
			return true
		}
		finished.Write(source[copied:files.Position(call.Fun.Pos()).Offset])
		finished.WriteString("marshalSlice")
		copied = files.Position(call.Fun.End()).Offset
		return true
	})
	if copied == 0 {
		return nil, errors.New("there is no call of graphql.MarshalSliceConcurrently: look at graph/slice.go")
	}
	finished.Write(source[copied:])
	return finished.Bytes(), nil
}

// isConcurrent reports whether an expression is graphql.MarshalSliceConcurrently.
func isConcurrent(function ast.Expr) bool {
	selector, isSelector := function.(*ast.SelectorExpr)
	if !isSelector || selector.Sel.Name != "MarshalSliceConcurrently" {
		return false
	}
	name, isName := selector.X.(*ast.Ident)
	return isName && name.Name == "graphql"
}
