// Package web is the front door: routes, authentication, CORS, request ids, limits on what comes in, the access log
// and the playground. It knows who asks and how much may be sent, and refuses to know what is asked: a GraphQL handler
// is given to it, and no query, variable or token is ever written down here. Timeouts belong to the http.Server.
package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/infin8content/engine/internal/caller"
)

// DefaultMaxBodyBytes is the greatest request body when Options does not say otherwise: 256 KiB, a hundred times an
// ordinary operation with its variables.
const DefaultMaxBodyBytes = 256 << 10

// Options is what the front door is made of. GraphQL and Auth are required.
type Options struct {
	// GraphQL answers what comes to /graphql. It finds the caller in the context with caller.From and the request id
	// with RequestID, and tells the access log what it did with Annotate. The body it reads is complete and small enough.
	GraphQL http.Handler
	// Entrance is asked once per request, before GraphQL; its Auth is required. Errors of its Admit are never shown: the
	// request is answered with 503.
	Entrance
	// Ready says why the process cannot serve just now, or nil. It is given two seconds. Nil is always ready.
	Ready func(ctx context.Context) error
	// Proxies are believed when they say whom they speak for. Without any, the client is who has connected.
	Proxies Proxies
	// Origins are the web origins whose pages may call /graphql, compared byte by byte; CheckOrigin says what is one.
	// There are no patterns, and an empty list means that no page of another origin may.
	Origins []string
	// Logger gets one line per request. Nil is slog.Default().
	Logger *slog.Logger
	// MaxBodyBytes is the greatest body of a request; 0 is DefaultMaxBodyBytes.
	MaxBodyBytes int64
	// Export writes a file to an administrator. Its errors are shown as far as they are public; those that it returns
	// after it has begun to write cut the connection. Nil: there are no exports.
	Export func(ctx context.Context, who caller.Caller, in Export, to io.Writer) error
	// Observe is told of each request when it begins, and what it returns when the request is over. Nil: nobody watches.
	Observe func(r *http.Request, id string) Observation
	// Playground is the page at /; nil: there is nothing at /.
	Playground *Playground
}

// New returns the handler of the whole server:
//
//	POST, GET /graphql   GraphQL for authenticated callers, with CORS for Origins; and websockets
//	GET /export/…        journal.csv, journal.ndjson, ledger.csv and ledger.ndjson for administrators, with CORS
//	GET /                the playground, or an index in JSON for a client that prefers it
//	GET /playground/…    what its page loads
//	GET /healthz         200 while the process lives
//	GET /readyz          200 while it can serve, else 503
//
// It panics when a required option is missing: that is a fault of the wiring, not of a request.
func New(o Options) http.Handler {
	if o.GraphQL == nil || o.Auth == nil {
		panic("web: Options needs GraphQL and Auth")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = DefaultMaxBodyBytes
	}

	graphQL := o.authenticate(limitBody(o.MaxBodyBytes, o.GraphQL))
	graphQL = onlyMethods(graphQL, http.MethodGet, http.MethodPost)
	graphQL = shareWith(o.Origins, connectTo(o.Origins, graphQL))

	mux := http.NewServeMux()
	mux.Handle("/graphql", graphQL)
	if o.Export != nil {
		export := o.authenticate(exports(o.Export))
		mux.Handle("/export/{file}", shareWith(o.Origins, onlyMethods(export, http.MethodGet)))
	}
	mux.HandleFunc("GET /healthz", healthy)
	mux.Handle("GET /readyz", ready(o.Ready))
	if o.Playground != nil {
		handlePlayground(mux, *o.Playground, o.authenticate)
	}
	mux.HandleFunc("/", notFound)

	// From the inside out: the headers are set before anything can fail, a panic is answered with them, and the line
	// in the log sees all of it.
	return o.observe(recovered(secured(o.Proxies, mux)))
}
