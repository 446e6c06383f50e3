package gqlhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/klauspost/compress/gzhttp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/header"
)

// statusPartial is 294 of the GraphQL-over-HTTP specification of 2026: the answer has data, or null, and errors.
const statusPartial = 294

// The media types of an answer in JSON.
const (
	jsonMedia     = "application/json"
	responseMedia = "application/graphql-response+json"
)

// endpoint is GraphQL over plain HTTP: POST with a JSON body, and GET for queries. It refuses with a GraphQL error,
// which repeats nothing of the request but a place in the operation.
type endpoint struct {
	executor *limitedExecutor
	// finerStatus answers application/graphql-response+json with 422 and 294 as the specification of 2026 says. Older
	// clients expect 400 and 200.
	finerStatus bool
}

// ServeHTTP answers one request. Errors of the request itself have no data. Their status is 400 for a client that
// accepts application/graphql-response+json. It is 200 for one that accepts application/json, because that client
// cannot distinguish our 400 from a proxy's.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := graphql.StartOperationTrace(r.Context())
	r = r.WithContext(ctx)
	w.Header().Add("Vary", "Accept")
	media := mediaFor(r)
	if media == "" {
		e.refuse(w, r, refuseRequest(http.StatusNotAcceptable,
			"Answers are of the type %s or %s.", responseMedia, jsonMedia))
		return
	}
	request, refused := readRequest(r)
	if refused != nil {
		e.refuse(w, r, refused)
		return
	}
	operation, errs := e.operation(ctx, request)
	ctx = graphql.WithOperationContext(ctx, operation)
	if len(errs) > 0 {
		e.refuseOperation(ctx, w, media, errs)
		return
	}
	if r.Method == http.MethodGet && operation.Operation.Operation != ast.Query {
		e.refuse(w, r, refuseRequest(http.StatusMethodNotAllowed, "GET is for queries. Use POST."))
		return
	}
	if operation.Operation.Operation == ast.Subscription {
		e.refuse(w, r, refuseRequest(http.StatusBadRequest,
			"A subscription has many answers. Ask for %s, or connect a websocket with %s.", eventMedia, subprotocol))
		return
	}
	ctx, leave, errs := e.executor.admit(ctx, operation)
	done := sync.OnceFunc(leave)
	defer done()
	if len(errs) > 0 {
		e.refuseOperation(ctx, w, media, errs)
		return
	}
	if operation.Operation.Operation != ast.Query {
		w.Header().Set(gzhttp.HeaderNoCompression, "1")
	}
	next, ctx := e.executor.DispatchOperation(ctx, operation)
	response := next(ctx)
	done()               // A slow reader of the answer holds no place.
	if response != nil { // Nil: the client is gone.
		status := http.StatusOK
		if e.finerStatus && media == responseMedia && len(response.Errors) > 0 {
			status = statusPartial
		}
		write(w, media, status, response)
	}
}

// refuseOperation answers an operation that is not executed.
func (e endpoint) refuseOperation(ctx context.Context, w http.ResponseWriter, media string, errs gqlerror.List) {
	response := e.executor.DispatchError(ctx, errs)
	setRetryAfter(w, errs)
	w.Header().Set(gzhttp.HeaderNoCompression, "1")
	write(w, media, e.statusOf(media, errs), errorResponse{response.Errors, response.Extensions})
}

// mediaFor returns the media type of the answer: the one that the client prefers, JSON without a preference, and ""
// when the client accepts neither.
func mediaFor(r *http.Request) string {
	return header.AcceptOf(r.Header).Choose(jsonMedia, responseMedia)
}

// operation returns the operation of a request, or the errors that refuse it.
func (e endpoint) operation(ctx context.Context, r *request) (*graphql.OperationContext, gqlerror.List) {
	if r.DocumentID != "" {
		var err error
		if r.Query, err = e.executor.documents.text(r.DocumentID); err != nil {
			return &graphql.OperationContext{}, gqlerror.List{gqlerror.Wrap(err)}
		}
	}
	return e.executor.CreateOperationContext(ctx, &r.RawParams)
}

// execute runs an operation and passes its answers to deliver until the last one, until deliver returns false, or until
// the context ends. It returns the errors of an operation that cannot run; then there is no answer.
func (e endpoint) execute(ctx context.Context, r *request, deliver func(*graphql.Response) bool) gqlerror.List {
	ctx = graphql.StartOperationTrace(ctx)
	operation, errs := e.operation(ctx, r)
	if len(errs) > 0 {
		return e.executor.DispatchError(graphql.WithOperationContext(ctx, operation), errs).Errors
	}
	ctx, done, errs := e.executor.admit(ctx, operation)
	defer done()
	if len(errs) > 0 {
		return e.executor.DispatchError(graphql.WithOperationContext(ctx, operation), errs).Errors
	}
	next, ctx := e.executor.DispatchOperation(ctx, operation)
	for response := next(ctx); response != nil; response = next(ctx) {
		if response.Data == nil { // The subscription has not begun.
			return response.Errors
		}
		if !deliver(response) {
			return nil
		}
	}
	return nil
}

// setRetryAfter sets Retry-After for a rate limit.
func setRetryAfter(w http.ResponseWriter, errs gqlerror.List) {
	var limited interface{ Seconds() int }
	if errors.As(errs[0], &limited) {
		w.Header().Set("Retry-After", strconv.Itoa(limited.Seconds()))
	}
}

// statusOf returns the status for an operation that is not executed.
func (e endpoint) statusOf(media string, errs gqlerror.List) int {
	switch {
	case media != responseMedia:
		return http.StatusOK
	case fault.KindOf(errs[0]) == fault.RateLimited:
		return http.StatusTooManyRequests
	case e.finerStatus && errs[0].Extensions["code"] != errcode.ParseFailed:
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadRequest
}

// refuse answers a request without an operation, or with one that this method or transport does not permit.
func (e endpoint) refuse(w http.ResponseWriter, r *http.Request, err *requestError) {
	switch {
	case err.status != http.StatusMethodNotAllowed:
	case r.Method == http.MethodGet:
		w.Header().Set("Allow", http.MethodPost)
	default:
		w.Header().Set("Allow", http.MethodGet+", "+http.MethodPost)
	}
	if err.isJSON && e.finerStatus {
		err.status = http.StatusUnprocessableEntity
	}
	media := mediaFor(r)
	if media == "" {
		media = jsonMedia
	}
	response := e.executor.DispatchError(r.Context(), gqlerror.List{gqlerror.Wrap(err)})
	write(w, media, err.status, errorResponse{Errors: response.Errors})
}

// errorResponse is an answer without data.
type errorResponse struct {
	Errors     gqlerror.List  `json:"errors"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// write sends an answer.
func write(w http.ResponseWriter, media string, status int, response any) {
	body := encodeResponse(response)
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // Else net/http sends it in chunks.
	w.WriteHeader(status)
	_, _ = w.Write(body) // An error means that the client is gone.
}

// encodeResponse returns an answer in JSON, with its members in the order that the specification recommends. It copies
// the data, which is JSON already and most of the answer.
func encodeResponse(response any) []byte {
	answer, hasData := response.(*graphql.Response)
	if !hasData {
		return encodeJSON(response)
	}
	body := make([]byte, 0, len(answer.Data)+256)
	body = append(body, '{')
	if len(answer.Errors) > 0 {
		body = append(append(append(body, `"errors":`...), encodeJSON(answer.Errors)...), ',')
	}
	body = append(body, `"data":`...)
	if len(answer.Data) == 0 {
		body = append(body, "null"...)
	}
	body = append(body, answer.Data...)
	if len(answer.Extensions) > 0 {
		body = append(append(body, `,"extensions":`...), encodeJSON(answer.Extensions)...)
	}
	return append(body, '}')
}

// encodeJSON returns a value in JSON.
func encodeJSON(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // A scalar has written text that is not JSON.
	}
	return text
}
