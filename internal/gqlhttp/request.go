package gqlhttp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/strictjson"
)

// preflightHeaders are the headers of which a GET must have one. A page of another origin cannot send them without a
// preflight, so no link and no form can make a browser run a query.
var preflightHeaders = []string{
	"GraphQL-Preflight", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name",
}

// request is a client's request: the parameters of GraphQL, and the id of a persisted document.
type request struct {
	graphql.RawParams
	DocumentID string `json:"documentId"`
}

// requestError says why a request is not a GraphQL request.
type requestError struct {
	error
	status int
	// isJSON is true for JSON that is no GraphQL request.
	isJSON bool
}

// Unwrap returns the error that is written for the client.
func (e *requestError) Unwrap() error { return e.error }

func refuseRequest(status int, format string, args ...any) *requestError {
	return &requestError{error: fault.New(fault.InvalidInput, format, args...), status: status}
}

func refuseJSON(format string, args ...any) *requestError {
	refused := refuseRequest(http.StatusBadRequest, format, args...)
	refused.isJSON = true
	return refused
}

// readRequest reads a request.
func readRequest(r *http.Request) (*request, *requestError) {
	read := &request{}
	var refused *requestError
	switch r.Method {
	case http.MethodGet:
		refused = read.fromURL(r)
	case http.MethodPost:
		refused = read.fromBody(r)
	default:
		refused = refuseRequest(http.StatusMethodNotAllowed, "Use POST, or GET for queries.")
	}
	if refused != nil {
		return nil, refused
	}
	read.Headers = r.Header
	if read.Query != "" && read.DocumentID != "" {
		return nil, refuseJSON("Send either query or documentId.")
	}
	return read, nil
}

// hasOperation reports whether the request has an operation: its text, its id or its hash.
func (q *request) hasOperation() bool {
	return q.Query != "" || q.DocumentID != "" || q.Extensions["persistedQuery"] != nil
}

func (q *request) fromBody(r *http.Request) *requestError {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, has := parameters["charset"]
	if err != nil || kind != jsonMedia || has && !strings.EqualFold(charset, "utf-8") {
		return refuseRequest(http.StatusUnsupportedMediaType, "Send a body of the type %s, in UTF-8.", jsonMedia)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refuseRequest(http.StatusUnsupportedMediaType, "Send the body as it is, without a Content-Encoding.")
	}
	text, err := io.ReadAll(r.Body) // Package web limits its size.
	if err == nil {
		err = strictjson.Unmarshal(text, q)
	}
	if err != nil {
		refused := refuseJSON("The body must be one JSON object, in UTF-8: query, operationName and documentId are " +
			"texts, variables and extensions are objects.")
		var mismatch *json.UnmarshalTypeError
		refused.isJSON = errors.As(err, &mismatch)
		return refused
	}
	if !q.hasOperation() {
		return refuseJSON("The body must have the text of an operation in query, or a documentId.")
	}
	return nil
}

func (q *request) fromURL(r *http.Request) *requestError {
	if !forcesPreflight(r.Header) {
		return refuseRequest(http.StatusBadRequest,
			"GET needs a header that no page can send unasked: %s with any value.", preflightHeaders[0])
	}
	values := r.URL.Query()
	q.Query, q.OperationName, q.DocumentID = values.Get("query"), values.Get("operationName"), values.Get("documentId")
	for name, object := range map[string]*map[string]any{"variables": &q.Variables, "extensions": &q.Extensions} {
		if text := values.Get(name); text != "" && strictjson.Unmarshal([]byte(text), object) != nil {
			return refuseRequest(http.StatusBadRequest, "The parameter %s must be a JSON object.", name)
		}
	}
	if !utf8.ValidString(q.Query + q.OperationName + q.DocumentID) {
		return refuseRequest(http.StatusBadRequest, "The parameters must be in UTF-8.")
	}
	if !q.hasOperation() {
		return refuseJSON("The address must have the text of a query in its parameter query, or a documentId.")
	}
	return nil
}

// forcesPreflight reports whether browsers send a preflight before they send this request for a page of another origin.
// The three types of a form's body do not force one.
func forcesPreflight(header http.Header) bool {
	for _, name := range preflightHeaders {
		if header.Get(name) != "" {
			return true
		}
	}
	contentType := header.Get("Content-Type")
	if contentType == "" {
		return false
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind != "text/plain" && kind != "multipart/form-data" &&
		kind != "application/x-www-form-urlencoded"
}
