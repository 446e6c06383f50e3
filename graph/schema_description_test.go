package graph

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/caller"
)

// A client cannot introspect directives, so descriptions repeat the role that @requires names.
func TestSchemaDescription(t *testing.T) {
	t.Parallel()

	t.Run("EndsWithTheRequiredRole", func(t *testing.T) {
		t.Parallel()
		types, found := schemaTypes(), map[caller.Role]int{}
		for name, definition := range types {
			role, isGuarded := requiredRole(definition.Directives)
			checkRole(t, name, definition.Description, role, isGuarded)
			for _, field := range definition.Fields {
				if strings.HasPrefix(field.Name, "__") {
					continue
				}
				role, isGuarded := fieldRole(types, field)
				checkRole(t, name+"."+field.Name, field.Description, role, isGuarded)
				if isGuarded {
					found[role]++
				}
			}
		}
		for _, role := range []caller.Role{caller.Viewer, caller.Operator, caller.Admin} {
			if found[role] < 15 {
				t.Errorf("got %d fields that require %s, want 15 or more", found[role], role)
			}
		}
	})

	t.Run("CheckFailsForAMissingOrWrongRole", func(t *testing.T) {
		t.Parallel()
		for _, description := range []string{"A field.", "A field. Requires VIEWER.", "Requires ADMIN. A field."} {
			if endsWithRole(description, caller.Admin, true) {
				t.Errorf("%q passes for a field that requires ADMIN", description)
			}
		}
		if endsWithRole("A field. Requires ADMIN.", "", false) {
			t.Error("a description that names a role passes for a field that requires none")
		}
	})
}

func checkRole(t *testing.T, where, description string, role caller.Role, isGuarded bool) {
	t.Helper()
	switch {
	case endsWithRole(description, role, isGuarded):
	case isGuarded:
		t.Errorf("the description of %s does not end with %q: %q", where, "Requires "+string(role)+".", description)
	default:
		t.Errorf("the description of %s names a role that the schema does not require: %q", where, description)
	}
}

// endsWithRole reports whether a description names exactly the role that the schema requires, in its last sentence.
func endsWithRole(description string, role caller.Role, isGuarded bool) bool {
	if !isGuarded {
		return !strings.Contains(description, "Requires ")
	}
	return strings.HasSuffix(description, " Requires "+string(role)+".") ||
		strings.HasSuffix(description, "\nRequires "+string(role)+".")
}

// fieldRole returns the greater role of the field's own directive and that of the type it returns: gqlgen checks both.
func fieldRole(types map[string]*ast.Definition, field *ast.FieldDefinition) (caller.Role, bool) {
	role, isGuarded := requiredRole(field.Directives)
	if of := types[field.Type.Name()]; of != nil {
		if ofType, isTypeGuarded := requiredRole(of.Directives); isTypeGuarded && (!isGuarded || ofType.Includes(role)) {
			return ofType, true
		}
	}
	return role, isGuarded
}

func requiredRole(directives ast.DirectiveList) (caller.Role, bool) {
	return roleOf(directives), directives.ForName("requires") != nil
}
