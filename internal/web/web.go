// Package web routes HTTP requests to the GraphQL handler, the exports, the console, the
// playground and the health checks. It does
// authentication, CORS, request ids, limits on requests, and the access log. It refuses to read GraphQL: it gets a
// handler for it, and it never logs a query, a variable or a token. The timeouts are those of the http.Server.
package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

// DefaultMaxBodyBytes is the default of Options.MaxBodyBytes: 256 KiB, a hundred times an ordinary operation with its
// variables.
const DefaultMaxBodyBytes = 256 << 10

// Options configures the handler. GraphQL and SignIn.Auth are required.
type Options struct {
	// GraphQL serves /graphql. It finds the caller in the context with caller.From and the request id with RequestID, and
	// adds to the access log with Annotate. Its request has a complete body within the limit.
	GraphQL http.Handler
	// SignIn authenticates each request before GraphQL. Errors of its Admit are hidden behind 503.
	SignIn SignIn
	// Ready returns why the process cannot serve now, or nil, within two seconds. Nil is always ready.
	Ready func(ctx context.Context) error
	// Proxies may name the address of a client. Without any, the client is the other end of the connection.
	Proxies Proxies
	// Origins has the web origins whose pages may call /graphql, compared byte by byte; CheckOrigin checks one. There are
	// no patterns. An empty list permits no page of another origin.
	Origins []string
	// Logger gets one line per request. Nil is slog.Default().
	Logger *slog.Logger
	// MaxBodyBytes is the greatest body of a request; 0 is DefaultMaxBodyBytes.
	MaxBodyBytes int64
	// Export writes a file for an administrator. The client sees its public errors. An error after the first byte cuts the
	// connection. Nil has no exports.
	Export func(ctx context.Context, who caller.Caller, in Export, to io.Writer) error
	// Revoked returns a channel that is closed when the caller's credential is revoked; an export ends then. Nil revokes
	// nothing.
	Revoked func(ctx context.Context, who caller.Caller) <-chan struct{}
	// Publication returns the file of a publication for a caller who may read. Nil has no files.
	Publication func(ctx context.Context, who caller.Caller, id uuid.UUID) ([]byte, error)
	// Observe is called at the begin of each request; its result is used for the rest. Nil observes nothing.
	Observe func(r *http.Request, id string) Observation
	// Playground is the page at /playground; nil has none.
	Playground *Playground
	// Console is the web app at /console/; nil has none.
	Console *Console
	// PlaygroundIsHome makes / show the playground, if there is one, and not lead to the console.
	PlaygroundIsHome bool
}

// New returns the handler of the whole server:
//
//	POST, GET /graphql   GraphQL for authenticated callers, with CORS for Origins; and WebSocket
//	GET /export/…        journal, ledger and records as .csv or .ndjson, for callers who may export, with CORS
//	GET /publications/…  articles as Markdown, for callers who may read, with CORS
//	GET /                the console or the playground, or an index in JSON for a client that prefers it
//	GET /console/…       the web app
//	GET /playground      the playground; below it the files of its page
//	GET /healthz         200 while the process lives
//	GET /readyz          200 while it can serve, else 503
//
// It panics without a required option: that is a mistake of the program.
func New(o Options) http.Handler {
	if o.GraphQL == nil || o.SignIn.Auth == nil {
		panic("web: Options needs GraphQL and SignIn.Auth")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = DefaultMaxBodyBytes
	}

	graphQL := o.SignIn.requireOrSocket(limitBody(o.MaxBodyBytes, o.GraphQL))
	graphQL = onlyMethods(graphQL, http.MethodGet, http.MethodPost)
	graphQL = allowOrigins(o.Origins, refuseForeignSockets(o.Origins, graphQL))

	mux := http.NewServeMux()
	mux.Handle("/graphql", graphQL)
	if o.Export != nil {
		export := o.SignIn.require(exports(o.Export, validity{o.Revoked, o.SignIn.Auth.now}))
		mux.Handle("/export/{file}", allowOrigins(o.Origins, onlyMethods(export, http.MethodGet)))
	}
	if o.Publication != nil {
		file := o.SignIn.require(publications(o.Publication))
		mux.Handle("/publications/{file}", allowOrigins(o.Origins, onlyMethods(file, http.MethodGet)))
	}
	handleProbes(mux, o.Ready)
	handlePages(mux, o)
	mux.HandleFunc("/", notFound)

	// From the inside out: headers are set before a handler can fail, an answer to a panic has them, and the log line is
	// last.
	return o.observe(recovered(secured(o.Proxies, mux)))
}
