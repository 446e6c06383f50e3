package gqlhttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/header"
)

// statusPartial is 294 of the GraphQL-over-HTTP specification of 2026: there are data, or null, and errors.
const statusPartial = 294

// endpoint is GraphQL over HTTP: POST with a JSON body, and GET for queries. Whatever it refuses it refuses as a
// GraphQL error, and it quotes nothing of what was sent but the place in an operation that the error is about.
type endpoint struct {
	executor *front
	// finerStatus answers application/graphql-response+json with 422 and 294 where the specification of 2026 says so,
	// and older clients expect 400 and 200.
	finerStatus bool
}

// ServeHTTP answers one request. Errors of the request itself, before anything was executed, have no data; their status
// is 400 for a client that asks for application/graphql-response+json, and 200 for one that asks for application/json
// and could not tell a 400 of ours from a proxy's.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := graphql.StartOperationTrace(r.Context())
	r = r.WithContext(ctx)
	w.Header().Add("Vary", "Accept")
	media := mediaFor(r)
	if media == "" {
		e.refuse(w, r, bad(http.StatusNotAcceptable, "Answers are of the type %s or %s.", responseMedia, jsonMedia))
		return
	}
	asked, refused := read(r)
	if refused != nil {
		e.refuse(w, r, refused)
		return
	}
	operation, faults := e.create(ctx, asked)
	ctx = graphql.WithOperationContext(ctx, operation)
	if len(faults) > 0 {
		response := e.executor.DispatchError(ctx, faults)
		waitBefore(w, faults)
		write(w, media, e.statusOf(media, faults), refusal{response.Errors, response.Extensions})
		return
	}
	if r.Method == http.MethodGet && operation.Operation.Operation != ast.Query {
		e.refuse(w, r, bad(http.StatusMethodNotAllowed, "GET is for queries. Use POST."))
		return
	}
	if operation.Operation.Operation == ast.Subscription {
		e.refuse(w, r, bad(http.StatusBadRequest,
			"A subscription has many answers. Ask for %s, or connect a websocket with %s.", eventMedia, subprotocol))
		return
	}
	next, ctx := e.executor.DispatchOperation(ctx, operation)
	if response := next(ctx); response != nil { // nil: the client is gone
		status := http.StatusOK
		if e.finerStatus && media == responseMedia && len(response.Errors) > 0 {
			status = statusPartial
		}
		write(w, media, status, response)
	}
}

// The media types of an answer in JSON.
const (
	jsonMedia     = "application/json"
	responseMedia = "application/graphql-response+json"
)

// mediaFor returns the media type of the answer: the one that the client prefers, JSON without a preference, and "" when
// the client accepts neither.
func mediaFor(r *http.Request) string {
	return header.AcceptOf(r.Header).Choose(jsonMedia, responseMedia)
}

// create returns the operation that is asked for, or why it is not executed.
func (e endpoint) create(ctx context.Context, asked *request) (*graphql.OperationContext, gqlerror.List) {
	if asked.DocumentID != "" {
		var err error
		if asked.Query, err = e.executor.trusted.text(asked.DocumentID); err != nil {
			return &graphql.OperationContext{}, gqlerror.List{gqlerror.Wrap(err)}
		}
	}
	return e.executor.CreateOperationContext(ctx, &asked.RawParams)
}

// waitBefore says when to come back, if somebody asked for too much in a short time.
func waitBefore(w http.ResponseWriter, faults gqlerror.List) {
	var limited interface{ Seconds() int }
	if errors.As(faults[0], &limited) {
		w.Header().Set("Retry-After", strconv.Itoa(limited.Seconds()))
	}
}

// statusOf is the status of an operation that is not executed.
func (e endpoint) statusOf(media string, faults gqlerror.List) int {
	switch {
	case media != responseMedia:
		return http.StatusOK
	case fault.KindOf(faults[0]) == fault.RateLimited:
		return http.StatusTooManyRequests
	case e.finerStatus && faults[0].Extensions["code"] != errcode.ParseFailed:
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadRequest
}

// refuse answers a request in which no operation was found, or none that may be asked for in this way.
func (e endpoint) refuse(w http.ResponseWriter, r *http.Request, why *badRequest) {
	switch {
	case why.status != http.StatusMethodNotAllowed:
	case r.Method == http.MethodGet:
		w.Header().Set("Allow", http.MethodPost)
	default:
		w.Header().Set("Allow", http.MethodGet+", "+http.MethodPost)
	}
	if why.readable && e.finerStatus {
		why.status = http.StatusUnprocessableEntity
	}
	media := mediaFor(r)
	if media == "" {
		media = jsonMedia
	}
	response := e.executor.DispatchError(r.Context(), gqlerror.List{gqlerror.Wrap(why)})
	write(w, media, why.status, refusal{Errors: response.Errors})
}

// refusal is a response without data.
type refusal struct {
	Errors     gqlerror.List  `json:"errors"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// write answers. Data are written as they are: they are JSON already, and are the most of it.
func write(w http.ResponseWriter, media string, status int, response any) {
	body := encode(response)
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // else it goes out in chunks
	w.WriteHeader(status)
	// The client may be gone; then there is nobody to tell.
	_, _ = w.Write(body)
}

// encode returns a response in JSON, with its members in the order that the specification recommends.
func encode(response any) []byte {
	answer, whole := response.(*graphql.Response)
	if !whole {
		return encoded(response)
	}
	body := make([]byte, 0, len(answer.Data)+256)
	body = append(body, '{')
	if len(answer.Errors) > 0 {
		body = append(append(append(body, `"errors":`...), encoded(answer.Errors)...), ',')
	}
	body = append(body, `"data":`...)
	if len(answer.Data) == 0 {
		body = append(body, "null"...)
	}
	body = append(body, answer.Data...)
	if len(answer.Extensions) > 0 {
		body = append(append(body, `,"extensions":`...), encoded(answer.Extensions)...)
	}
	return append(body, '}')
}
