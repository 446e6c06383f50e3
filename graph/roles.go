package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

// requires is the directive @requires. gqlgen calls it for each field that has it, and for each field that returns a
// type that has it. The field node returns any type and calls permit itself.
func requires(
	ctx context.Context, _ any, next graphql.Resolver, permission caller.Permission,
) (any, error) {
	if err := permit(caller.From(ctx), permission); err != nil {
		return nil, err
	}
	return next(ctx)
}

// permit returns nil when the caller has a permission. Every check of a field goes through it.
func permit(who caller.Caller, permission caller.Permission) error {
	switch {
	case !who.Known():
		return fault.New(fault.Unauthenticated, "Sign in: send a token that is valid.")
	case !who.Has(permission):
		return fault.New(fault.Forbidden, "%s", who.Denied(permission))
	}
	return nil
}

// nodeTypes has the type of each kind of id.
var nodeTypes = map[publicid.Kind]string{
	publicid.Organization: "Organization", publicid.Workflow: "Workflow", publicid.Call: "Call",
	publicid.Transition: "Transition", publicid.LedgerEntry: "LedgerEntry", publicid.PriceProposal: "PriceProposal",
	publicid.APIKey: "ApiKey", publicid.Alert: "Alert", publicid.Keyword: "Keyword",
	publicid.PublishTarget: "PublishTarget",
	publicid.Unit:          "Unit",
	publicid.Article:       "Article",
	publicid.Batch:         "Batch",
	publicid.Publication:   "Publication",
	publicid.Verification:  "Verification",
}

// nodePermissions has the permission that node requires for each kind of id: the one of its type in the schema.
var nodePermissions = func() map[publicid.Kind]caller.Permission {
	permissions, types := map[publicid.Kind]caller.Permission{}, NewSchema(nil).Schema().Types
	for kind, name := range nodeTypes {
		permissions[kind] = permissionOf(types[name].Directives)
	}
	return permissions
}()

// permissionOf returns the permission in the directive @requires of a field or a type; READ without one.
func permissionOf(directives ast.DirectiveList) caller.Permission {
	if needs := directives.ForName("requires"); needs != nil {
		return caller.Permission(needs.Arguments.ForName("permission").Value.Raw)
	}
	return caller.Read
}

// boundTo returns the id of the only workflow that a caller reaches; nil for a caller that is bound to none.
func boundTo(who *caller.Caller) *publicid.ID {
	if who.WorkflowID == uuid.Nil {
		return nil
	}
	id := publicid.New(publicid.Workflow, who.WorkflowID)
	return &id
}
