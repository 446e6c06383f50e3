package graph

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/fault"
)

const (
	jsonMedia     = "application/json"
	responseMedia = "application/graphql-response+json"
)

// endpoint is GraphQL over HTTP: POST with a JSON body, GET for queries. Whatever it refuses it refuses as a GraphQL
// error, and it quotes nothing of what was sent.
type endpoint struct{ executor *executor.Executor }

// ServeHTTP answers one request. Errors of the request itself, before anything was executed, have no data; their status
// is 400 for a client that asks for application/graphql-response+json, and 200 for one that asks for application/json
// and could not tell a 400 of ours from a proxy's.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := graphql.StartOperationTrace(r.Context())
	r = r.WithContext(ctx)
	params, status, err := read(r)
	if err != nil {
		e.refuse(w, r, status, err)
		return
	}
	operation, faults := e.executor.CreateOperationContext(ctx, params)
	if len(faults) > 0 {
		status := http.StatusOK
		if media(r) == responseMedia {
			status = http.StatusBadRequest
		}
		response := e.executor.DispatchError(graphql.WithOperationContext(ctx, operation), faults)
		write(w, r, status, refusal{response.Errors})
		return
	}
	if r.Method == http.MethodGet && operation.Operation.Operation != ast.Query {
		w.Header().Set("Allow", http.MethodPost)
		e.refuse(w, r, http.StatusMethodNotAllowed, fault.New(fault.InvalidInput, "GET is for queries. Use POST."))
		return
	}
	operation.DisableIntrospection = false
	next, ctx := e.executor.DispatchOperation(ctx, operation)
	if response := next(ctx); response != nil { // nil: the client is gone
		write(w, r, http.StatusOK, response)
	}
}

// refuse answers a request in which no operation was found.
func (e endpoint) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	response := e.executor.DispatchError(r.Context(), gqlerror.List{gqlerror.Wrap(err)})
	write(w, r, status, refusal{response.Errors})
}

// refusal is a response without data.
type refusal struct {
	Errors gqlerror.List `json:"errors"`
}

func write(w http.ResponseWriter, r *http.Request, status int, response any) {
	body, err := json.Marshal(response)
	if err != nil {
		panic(err) // our own scalars wrote something that is not JSON
	}
	w.Header().Set("Content-Type", media(r)+"; charset=utf-8")
	w.WriteHeader(status)
	// The client may be gone; then there is nobody to tell.
	_, _ = w.Write(body)
}

// read returns what the request asks for, or the status and the fault of a request that asks for nothing.
func read(r *http.Request) (*graphql.RawParams, int, error) {
	switch r.Method {
	case http.MethodGet:
		return readURL(r)
	case http.MethodPost:
	default:
		return nil, http.StatusMethodNotAllowed, fault.New(fault.InvalidInput, "Use POST, or GET for queries.")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != jsonMedia {
		return nil, http.StatusUnsupportedMediaType,
			fault.New(fault.InvalidInput, "Send a body of the type %s.", jsonMedia)
	}
	params := &graphql.RawParams{Headers: r.Header}
	if err := decodeJSON(r.Body, params); err != nil || params.Query == "" {
		return nil, http.StatusBadRequest, fault.New(fault.InvalidInput,
			"The body must be one JSON object with the text of an operation in query, and an object in variables.")
	}
	return params, 0, nil
}

func readURL(r *http.Request) (*graphql.RawParams, int, error) {
	values := r.URL.Query()
	params := &graphql.RawParams{
		Query: values.Get("query"), OperationName: values.Get("operationName"), Headers: r.Header,
	}
	if params.Query == "" {
		return nil, http.StatusBadRequest,
			fault.New(fault.InvalidInput, "The address must have the text of a query in its parameter query.")
	}
	for name, object := range map[string]*map[string]any{
		"variables": &params.Variables, "extensions": &params.Extensions,
	} {
		if text := values.Get(name); text != "" && decodeJSON(strings.NewReader(text), object) != nil {
			return nil, http.StatusBadRequest,
				fault.New(fault.InvalidInput, "The parameter %s must be a JSON object.", name)
		}
	}
	return params, 0, nil
}

// decodeJSON reads exactly one JSON value. Numbers stay the text they were.
func decodeJSON(from io.Reader, into any) error {
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the value")
	}
	return nil
}

// media is the type of the answer: the newer one when the client prefers it.
func media(r *http.Request) string {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if weight(accept, responseMedia) > weight(accept, jsonMedia) {
		return responseMedia
	}
	return jsonMedia
}

// weight is the q with which an Accept header names a media type itself; 0 when it does not.
func weight(accept, media string) float64 {
	for part := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err != nil || kind != media {
			continue
		}
		q, err := strconv.ParseFloat(parameters["q"], 64)
		if err != nil {
			return 1
		}
		return q
	}
	return 0
}
