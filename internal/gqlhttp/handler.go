// Package gqlhttp serves a GraphQL schema over HTTP, server-sent events and WebSocket. It limits what an operation may
// ask for before it works on it. It refuses to depend on what the schema is about, and to show a client the text of an
// error that was not written for it.
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

// Options configures a handler. Only Schema is required.
type Options struct {
	Schema graphql.ExecutableSchema
	// Stopped is closed when the server stops; then sockets and streams end. Nil never stops.
	Stopped <-chan struct{}
	// Revoked returns a channel that is closed when the caller's credential is revoked. Nil revokes nothing.
	Revoked func(ctx context.Context, who caller.Caller) <-chan struct{}
	// SignIn authenticates a socket by the Authorization value in its first message. Nil accepts only a header.
	SignIn func(ctx context.Context, authorization ...string) (context.Context, error)
	// Sockets limits sockets and streams.
	Sockets SocketLimits
	// RequestID returns the id that errors quote; nil quotes none.
	RequestID func(ctx context.Context) string
	// Report receives the name of each answered operation and the code of its first error. Either may be empty.
	Report func(ctx context.Context, operation, code string)
	// Observe receives the outcome of each answer; a subscription has many. Nil observes nothing.
	Observe func(ctx context.Context, o Outcome)
	// Logger gets the causes that clients do not see; slog.Default when nil.
	Logger *slog.Logger
	// Limits says how much one request may ask for.
	Limits Limits
	// Arrive waits until a message of an open websocket may be handled. An error closes the websocket. Nil does not wait.
	Arrive func(ctx context.Context) error
	// Spend takes the complexity of an operation from the budget of the caller's organization. A RATE_LIMITED error
	// refuses the operation. After any other error queries pass and mutations do not. Nil limits nothing.
	Spend func(ctx context.Context, organization uuid.UUID, complexity int64) error
	// Weights are the complexity of arguments and leaves that are dear, by Type.field of an input or an object, and by
	// Type.VALUE of an enum.
	Weights map[string]int
	// Admit waits until an operation may run. done is called when it has ended; a subscription lasts. The operation runs
	// in the context that Admit returns. An error refuses the operation. Nil admits all at once.
	Admit func(ctx context.Context, o Admission) (admitted context.Context, done func(), err error)
	// Open counts a websocket or a stream of a caller until closed is called. It may wait before; an error refuses it. Nil
	// counts none.
	Open func(ctx context.Context) (closed func(), err error)
	// Documents are the operations that clients may name by an id; nil has none.
	Documents *Documents
	// MayIntrospect reports whether a caller may read the schema by introspection. Other callers get no suggestions for
	// wrong names either: a suggestion is a name of the schema. Nil permits every caller.
	MayIntrospect func(who caller.Caller) bool
	// FinerStatus answers application/graphql-response+json with 422 for an invalid operation and 294 for data with
	// errors, as the GraphQL-over-HTTP specification of 2026 says, instead of 400 and 200.
	FinerStatus bool
}

// Admission describes an operation that is about to run.
type Admission struct {
	// Type is query, mutation or subscription.
	Type string
	// Fields are the names of the fields at its root; "" for a fragment.
	Fields []string
	// Complexity is at most the number of objects in the answer, with the weights of its arguments. Weight is the greatest
	// of these.
	Complexity, Weight int
}

// Outcome describes one answer.
type Outcome struct {
	// Type is query, mutation, subscription, or "none" for a request without an operation.
	Type string
	// Code is that of the first error; "" without one. User errors are data and do not count.
	Code string
	// Took is the time since the operation was read; 0 for a subscription.
	Took time.Duration
}

func (o Options) withDefaults() Options {
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
	if o.Arrive == nil {
		o.Arrive = func(context.Context) error { return nil }
	}
	if o.Admit == nil {
		o.Admit = func(ctx context.Context, _ Admission) (context.Context, func(), error) { return ctx, func() {}, nil }
	}
	if o.Open == nil {
		o.Open = func(context.Context) (func(), error) { return func() {}, nil }
	}
	if o.Observe == nil {
		o.Observe = func(context.Context, Outcome) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MayIntrospect == nil {
		o.MayIntrospect = func(caller.Caller) bool { return true }
	}
	return o
}

// NewHandler returns the handler of the GraphQL endpoint: POST with a JSON body, GET for queries, server-sent events
// and WebSocket. It finds the caller in the context with caller.From. The package that calls it checks the origin of
// pages that open a socket.
func NewHandler(o Options) http.Handler {
	o = o.withDefaults()
	p := presenter{requestID: o.RequestID, logger: o.Logger}
	e := newLimitedExecutor(o, p)
	e.AroundResponses(reporting(o.Report, o.Observe))
	e.AroundResponses(p.logDenial)
	plain := endpoint{executor: e, finerStatus: o.FinerStatus}
	return transports{
		endpoint: plain,
		plain:    compressed(plain),
		limits:   o.Sockets.withDefaults(),
		open:     o.Open,
		arrive:   o.Arrive,
		signIn:   o.SignIn,
		stopped:  o.Stopped,
		revoked:  o.Revoked,
		logger:   o.Logger,
	}
}

// byPlace orders errors by their place in the operation. Fields run in parallel, so their errors come in any order.
func byPlace(a, b *gqlerror.Error) int {
	if len(a.Locations) == 0 || len(b.Locations) == 0 {
		return cmp.Compare(len(a.Locations), len(b.Locations))
	}
	x, y := a.Locations[0], b.Locations[0]
	return cmp.Or(
		cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column), cmp.Compare(a.Path.String(), b.Path.String()),
	)
}

// reporting sorts the errors of each answer and reports its outcome.
func reporting(
	report func(context.Context, string, string), observe func(context.Context, Outcome),
) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		response := next(ctx)
		var name string
		outcome := Outcome{Type: "none"}
		if graphql.HasOperationContext(ctx) {
			if o := graphql.GetOperationContext(ctx); o.Operation != nil {
				name = o.Operation.Name
				outcome.Type = string(o.Operation.Operation)
				if begin := o.Stats.OperationStart; o.Operation.Operation != ast.Subscription && !begin.IsZero() {
					outcome.Took = time.Since(begin)
				}
			}
		}
		if response != nil && len(response.Errors) > 0 {
			slices.SortStableFunc(response.Errors, byPlace)
			outcome.Code, _ = response.Errors[0].Extensions["code"].(string)
		}
		report(ctx, name, outcome.Code)
		observe(ctx, outcome)
		return response
	}
}
