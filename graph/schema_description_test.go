package graph

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// A client cannot introspect directives, so descriptions repeat the permission that @requires names.
func TestSchemaDescription(t *testing.T) {
	t.Parallel()

	t.Run("EndsWithTheRequiredPermission", func(t *testing.T) {
		t.Parallel()
		types, found := schemaTypes(), map[caller.Permission]int{}
		for name, definition := range types {
			permission, isGuarded := requiredPermission(definition.Directives)
			checkPermission(t, name, definition.Description, permission, isGuarded)
			for _, field := range definition.Fields {
				if strings.HasPrefix(field.Name, "__") {
					continue
				}
				permission, isGuarded := fieldPermission(types, field)
				checkPermission(t, name+"."+field.Name, field.Description, permission, isGuarded)
				if isGuarded {
					found[permission]++
				}
			}
		}
		for permission, least := range map[caller.Permission]int{
			caller.Read: 15, caller.Operate: 10, caller.Calls: 8, caller.OwnCalls: 5, caller.Actors: 7, caller.Oversee: 5,
		} {
			if found[permission] < least {
				t.Errorf("got %d fields that require %s, want %d or more", found[permission], permission, least)
			}
		}
	})

	t.Run("CheckFailsForAMissingOrWrongPermission", func(t *testing.T) {
		t.Parallel()
		for _, description := range []string{"A field.", "A field. Requires READ.", "Requires KEYS. A field."} {
			if endsWithPermission(description, caller.Keys, true) {
				t.Errorf("%q passes for a field that requires KEYS", description)
			}
		}
		if endsWithPermission("A field. Requires KEYS.", "", false) {
			t.Error("a description that names a permission passes for a field that requires none")
		}
	})
}

// A client reads in one place which codes there are.
func TestSchemaDescription_NamesEveryCode(t *testing.T) {
	t.Parallel()
	codes := schemaTypes()["ErrorCode"]
	for _, kind := range fault.Kinds() {
		if codes.EnumValues.ForName(string(kind)) == nil && !strings.Contains(codes.Description, "`"+string(kind)+"`") {
			t.Errorf("neither the values nor the description of ErrorCode have %s", kind)
		}
	}
}

func checkPermission(t *testing.T, where, description string, permission caller.Permission, isGuarded bool) {
	t.Helper()
	switch {
	case endsWithPermission(description, permission, isGuarded):
	case isGuarded:
		t.Errorf("the description of %s does not end with %q: %q", where, "Requires "+string(permission)+".", description)
	default:
		t.Errorf("the description of %s names a permission that the schema does not require: %q", where, description)
	}
}

// endsWithPermission reports whether a description names exactly the permission that the schema requires, in its last
// sentence.
func endsWithPermission(description string, permission caller.Permission, isGuarded bool) bool {
	if !isGuarded {
		return !strings.Contains(description, "Requires ")
	}
	return strings.HasSuffix(description, " Requires "+string(permission)+".") ||
		strings.HasSuffix(description, "\nRequires "+string(permission)+".")
}

// fieldPermission returns the narrower permission of the field's own directive and that of the type it returns: gqlgen
// checks both. A role with the narrower one has the other one too.
func fieldPermission(types map[string]*ast.Definition, field *ast.FieldDefinition) (caller.Permission, bool) {
	permission, isGuarded := requiredPermission(field.Directives)
	if of := types[field.Type.Name()]; of != nil {
		ofType, isTypeGuarded := requiredPermission(of.Directives)
		if isTypeGuarded && (!isGuarded || len(ofType.Roles()) < len(permission.Roles())) {
			return ofType, true
		}
	}
	return permission, isGuarded
}

func requiredPermission(directives ast.DirectiveList) (caller.Permission, bool) {
	return permissionOf(directives), directives.ForName("requires") != nil
}
