package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

// requires is the directive @requires. gqlgen calls it for each field that has it, and for each field that returns a
// type that has it. The field node returns any type and calls permit itself.
func requires(ctx context.Context, _ any, next graphql.Resolver, role caller.Role) (any, error) {
	if err := permit(caller.From(ctx), role); err != nil {
		return nil, err
	}
	return next(ctx)
}

// permit returns nil when the caller has a role. Every check of a role goes through it.
func permit(who caller.Caller, role caller.Role) error {
	switch {
	case !who.Known():
		return fault.New(fault.Unauthenticated, "Sign in: send a token that is valid.")
	case !who.Role.Includes(role):
		return fault.New(fault.Forbidden, "This needs the role %s; yours is %s.", role, who.Role)
	}
	return nil
}

// nodeTypes has the type of each kind of id.
var nodeTypes = map[publicid.Kind]string{
	publicid.Organization: "Organization", publicid.Workflow: "Workflow", publicid.Call: "Call",
	publicid.Transition: "Transition", publicid.LedgerEntry: "LedgerEntry", publicid.PriceProposal: "PriceProposal",
	publicid.APIKey: "ApiKey", publicid.Alert: "Alert", publicid.Keyword: "Keyword",
}

// nodeRoles has the role that node requires for each kind of id: the role of its type in the schema.
var nodeRoles = func() map[publicid.Kind]caller.Role {
	roles, types := map[publicid.Kind]caller.Role{}, NewSchema(nil).Schema().Types
	for kind, name := range nodeTypes {
		roles[kind] = roleOf(types[name].Directives)
	}
	return roles
}()

// roleOf returns the role in the directive @requires of a field or a type; VIEWER without one.
func roleOf(directives ast.DirectiveList) caller.Role {
	if needs := directives.ForName("requires"); needs != nil {
		return caller.Role(needs.Arguments.ForName("role").Value.Raw)
	}
	return caller.Viewer
}
