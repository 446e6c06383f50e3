// Package gqlhttp serves a GraphQL schema over HTTP, server-sent events and WebSocket. It limits what an operation may
// ask for before it works on it. It refuses to know what the schema is about, and to show a client the text of an error
// that was not written for it.
package gqlhttp

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/caller"
)

// Options are the handler's neighbours. Only Schema is required.
type Options struct {
	Schema graphql.ExecutableSchema
	// Stopped is closed when the server stops: websockets and streams end. Nil never stops.
	Stopped <-chan struct{}
	// Revoked returns a channel that is closed when what the caller has signed in with is revoked. Nil revokes nothing.
	Revoked func(ctx context.Context, who caller.Caller) <-chan struct{}
	// SignIn authenticates the first message of a websocket by the text that it gives in place of an Authorization
	// header; nil leaves all sockets to their header.
	SignIn func(ctx context.Context, authorization ...string) (context.Context, error)
	// Sockets bounds websockets and streams.
	Sockets SocketLimits
	// RequestID names the request in errors; nil names none.
	RequestID func(ctx context.Context) string
	// Report is told, once an operation is answered, its name and the code of its first error, if any. An empty argument
	// says nothing.
	Report func(ctx context.Context, operation, code string)
	// Observe is told of every answer: to an operation, or one of the many to a subscription. Nil: nobody watches.
	Observe func(ctx context.Context, a Answered)
	// Logger is told the causes that clients are not; slog.Default when nil.
	Logger *slog.Logger
	// Limits are how much one request may ask for.
	Limits Limits
	// Spend takes the cost of an operation from what its caller's organization has; its errors refuse the operation. When
	// it cannot be asked, a query is let through and a mutation is not. Nil: there is no end.
	Spend func(ctx context.Context, organization uuid.UUID, cost int64) error
	// Documents are the operations that clients may name by an id; nil when there are none.
	Documents *Documents
	// Describe reports whether a caller may read the schema by introspection; nil: everybody may. Who may not gets
	// no suggestions either: what a wrong name resembles is a right one.
	Describe func(who caller.Caller) bool
	// FinerStatus answers application/graphql-response+json with the status 422 where an operation is not valid, and 294
	// where there are data and errors, as the GraphQL-over-HTTP specification of 2026 has it, in place of 400 and 200.
	FinerStatus bool
}

// Answered says how an operation was answered.
type Answered struct {
	// Type is query, mutation or subscription, and "none" where no operation was found.
	Type string
	// Code is the first error's; "" when there is none. Expected failures are data, not errors.
	Code string
	// Took is the time since the request was read; 0 where that says nothing: of a subscription.
	Took time.Duration
}

// NewHandler returns the handler of the GraphQL endpoint: POST with a JSON body, GET for queries, server-sent events,
// and websockets. It finds the caller in the context with caller.From, and knows of no other way in but SignIn. Whether
// a page of another origin may open a websocket has been asked before.
func NewHandler(o Options) http.Handler {
	if o.Schema == nil {
		panic("gqlhttp: Options needs Schema")
	}
	if o.Revoked == nil {
		o.Revoked = func(context.Context, caller.Caller) <-chan struct{} { return nil }
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
	if o.Describe == nil {
		o.Describe = func(caller.Caller) bool { return true }
	}
	p := presenter{requestID: o.RequestID, logger: o.Logger}

	e := newFront(o.Schema, o.Limits, o.Documents, p)
	e.spend, e.describe = o.Spend, o.Describe
	e.AroundResponses(reporting(o.Report, o.Observe))
	e.AroundResponses(p.denials)
	return newTransports(endpoint{executor: e, finerStatus: o.FinerStatus}, o)
}

// byPlace orders errors as the operation is written. Fields are answered at the same time, so they come in any order.
func byPlace(a, b *gqlerror.Error) int {
	if len(a.Locations) == 0 || len(b.Locations) == 0 {
		return cmp.Compare(len(a.Locations), len(b.Locations))
	}
	x, y := a.Locations[0], b.Locations[0]
	return cmp.Or(
		cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column), cmp.Compare(a.Path.String(), b.Path.String()),
	)
}

// reporting tells report how an operation ended, and puts its errors in order.
func reporting(
	report func(context.Context, string, string), observe func(context.Context, Answered),
) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		response := next(ctx)
		var operation, code string
		answered := Answered{Type: "none"}
		if graphql.HasOperationContext(ctx) {
			if o := graphql.GetOperationContext(ctx); o.Operation != nil {
				operation = o.Operation.Name
				answered.Type = string(o.Operation.Operation)
				if begin := o.Stats.OperationStart; o.Operation.Operation != ast.Subscription && !begin.IsZero() {
					answered.Took = time.Since(begin)
				}
			}
		}
		if response != nil && len(response.Errors) > 0 {
			slices.SortStableFunc(response.Errors, byPlace)
			code, _ = response.Errors[0].Extensions["code"].(string)
		}
		report(ctx, operation, code)
		if answered.Code = code; observe != nil {
			observe(ctx, answered)
		}
		return response
	}
}
