// Package graph translates between GraphQL and the engine: it reads what a client wrote, calls one method of the
// engine, and writes the answer. It refuses to decide anything about workflows or money, to know how anything is
// stored, and to show a client the text of an error that was not written for it.
package graph

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

// maxTokens bounds what is parsed: three times the longest operation that a person would write.
const maxTokens = 2000

// Options are the handler's neighbours. Only Engine is required.
type Options struct {
	Engine *engine.Engine
	// RequestID names the request in errors; nil names none.
	RequestID func(ctx context.Context) string
	// Report is told, once an operation is answered, its name and the code of its first error, if any. An empty argument
	// says nothing.
	Report func(ctx context.Context, operation, code string)
	// Logger is told the causes that clients are not; slog.Default when nil.
	Logger *slog.Logger
}

// Resolver answers the fields of the schema that are not values of the domain already.
type Resolver struct {
	engine *engine.Engine
	report func(ctx context.Context, operation, code string)
}

// NewHandler returns the handler of the GraphQL endpoint: POST with a JSON body, and GET for queries. It finds the
// caller in the context with caller.From, and knows of no other way in.
func NewHandler(o Options) http.Handler {
	if o.Engine == nil {
		panic("graph: Options needs Engine")
	}
	if o.RequestID == nil {
		o.RequestID = func(context.Context) string { return "" }
	}
	if o.Report == nil {
		o.Report = func(context.Context, string, string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p := presenter{requestID: o.RequestID, logger: o.Logger}

	e := executor.New(newSchema(&Resolver{engine: o.Engine, report: o.Report}))
	e.SetParserTokenLimit(maxTokens)
	e.SetQueryCache(newOperations())
	e.SetErrorPresenter(p.present)
	e.SetRecoverFunc(recovered)
	e.AroundResponses(reporting(o.Report))
	return endpoint{executor: e}
}

// States returns the values of the enum WorkflowState, for the proof that it equals the graph.
func States() []string {
	var names []string
	for _, value := range newSchema(nil).Schema().Types["WorkflowState"].EnumValues {
		names = append(names, value.Name)
	}
	return names
}

func newSchema(r *Resolver) graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Resolvers: r, Directives: DirectiveRoot{Requires: requires}})
}

// requires is the directive of the same name, and the one place where rights are asked for.
func requires(ctx context.Context, _ any, next graphql.Resolver, role caller.Role) (any, error) {
	who := caller.From(ctx)
	switch {
	case !who.Known():
		return nil, fault.New(fault.Unauthenticated, "Sign in: send a token that is valid.")
	case !who.Role.Includes(role):
		return nil, fault.New(fault.Forbidden, "This needs the role %s; yours is %s.", role, who.Role)
	}
	return next(ctx)
}

// reporting tells report how an operation ended.
func reporting(report func(context.Context, string, string)) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		response := next(ctx)
		var operation, code string
		if graphql.HasOperationContext(ctx) {
			if o := graphql.GetOperationContext(ctx); o.Operation != nil {
				operation = o.Operation.Name
			}
		}
		if response != nil && len(response.Errors) > 0 {
			code, _ = response.Errors[0].Extensions["code"].(string)
		}
		report(ctx, operation, code)
		return response
	}
}
