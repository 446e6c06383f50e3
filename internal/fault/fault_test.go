package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/fault"
)

func TestKindOf_FindsOnlyPublicErrors(t *testing.T) {
	t.Parallel()
	public := fault.New(fault.NotFound, "There is no workflow %s.", "wf_1")
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"Nil":     {nil, ""},
		"Public":  {public, fault.NotFound},
		"Wrapped": {fmt.Errorf("read: %w", public), fault.NotFound},
		"Foreign": {errors.New("connection refused"), fault.Internal},
		"AField":  {fault.Invalid([]string{"name"}, "Too long."), fault.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(c.err); got != c.want {
				t.Errorf("kind: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestInvalid_NamesItsField(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("create: %w", fault.Invalid([]string{"company", "url"}, "The URL is too long."))
	if diff := cmp.Diff([]string{"company", "url"}, fault.FieldOf(err)); diff != "" {
		t.Error(diff)
	}
	if got := fault.FieldOf(errors.New("other")); got != nil {
		t.Errorf("field: got %v, want none", got)
	}
}

// The list is compared with the source, so that a new constant cannot be forgotten in it.
func TestKinds_HasEveryConstant(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []fault.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Kind" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, fault.Kind(text))
			}
		}
		return true
	})
	got := fault.Kinds()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 16 {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}
