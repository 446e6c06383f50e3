// Package graph translates between GraphQL and the engine: it decodes an input, calls one method of the engine, and
// encodes the answer. It refuses to decide anything about workflows or money, and to depend on how data is stored or
// how a request arrives.
package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/report"
)

// Resolver resolves the fields of the schema that are not fields or methods of a Go type.
type Resolver struct {
	// Engine and Reporter are required.
	Engine   *engine.Engine
	Reporter *report.Reporter
	// Live is the source of subscriptions; nil answers them with UNAVAILABLE.
	Live *live.Hub
	// Report takes the code of the first user error of a mutation, for the access log. Its argument operation is empty
	// here. Nil reports nothing.
	Report func(ctx context.Context, operation, code string)
}

// The parser adds @defer to every schema, and no transport of ours supports it: with one answer gqlgen drops the
// deferred part.
func init() { delete(parsedSchema.Directives, "defer") }

// NewSchema returns the schema with its resolvers. With a nil Resolver it can be read but not executed.
func NewSchema(r *Resolver) graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Resolvers: r, Directives: DirectiveRoot{Requires: requires}})
}

// States returns the values of the enum WorkflowState. The server compares them with the graph at its start.
func States() []string {
	var names []string
	for _, value := range NewSchema(nil).Schema().Types["WorkflowState"].EnumValues {
		names = append(names, value.Name)
	}
	return names
}
