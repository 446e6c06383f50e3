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

// preflightHeaders are those of which a GET must have one. A page of another origin cannot send them without asking the
// server first, so that no link or form makes a browser run a query.
var preflightHeaders = []string{
	"GraphQL-Preflight", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name",
}

// request is what a client sent: the parameters, and the id of a document that the server knows.
type request struct {
	graphql.RawParams
	DocumentID string `json:"documentId"`
}

// badRequest is why a request is none of GraphQL's, and its status.
type badRequest struct {
	error
	status int
	// readable is true when it is JSON, but not what is asked for.
	readable bool
}

// Unwrap returns the words for the client.
func (b *badRequest) Unwrap() error { return b.error }

func bad(status int, format string, args ...any) *badRequest {
	return &badRequest{error: fault.New(fault.InvalidInput, format, args...), status: status}
}

func incomplete(format string, args ...any) *badRequest {
	refused := bad(http.StatusBadRequest, format, args...)
	refused.readable = true
	return refused
}

// read returns what the request asks for.
func read(r *http.Request) (*request, *badRequest) {
	asked := &request{}
	var refused *badRequest
	switch r.Method {
	case http.MethodGet:
		refused = asked.fromURL(r)
	case http.MethodPost:
		refused = asked.fromBody(r)
	default:
		refused = bad(http.StatusMethodNotAllowed, "Use POST, or GET for queries.")
	}
	if refused != nil {
		return nil, refused
	}
	asked.Headers = r.Header
	if asked.Query != "" && asked.DocumentID != "" {
		return nil, incomplete("Send either query or documentId.")
	}
	return asked, nil
}

// hasOperation reports whether the request says in any way what shall be executed.
func (q *request) hasOperation() bool {
	return q.Query != "" || q.DocumentID != "" || q.Extensions["persistedQuery"] != nil
}

func (q *request) fromBody(r *http.Request) *badRequest {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, has := parameters["charset"]
	if err != nil || kind != jsonMedia || has && !strings.EqualFold(charset, "utf-8") {
		return bad(http.StatusUnsupportedMediaType, "Send a body of the type %s, in UTF-8.", jsonMedia)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return bad(http.StatusUnsupportedMediaType, "Send the body as it is, without a Content-Encoding.")
	}
	text, err := io.ReadAll(r.Body) // It is small: see web.
	if err == nil {
		err = strictjson.Unmarshal(text, q)
	}
	if err != nil {
		refused := incomplete("The body must be one JSON object, in UTF-8: query, operationName and documentId are " +
			"texts, variables and extensions are objects.")
		var mismatch *json.UnmarshalTypeError
		refused.readable = errors.As(err, &mismatch)
		return refused
	}
	if !q.hasOperation() {
		return incomplete("The body must have the text of an operation in query, or a documentId.")
	}
	return nil
}

func (q *request) fromURL(r *http.Request) *badRequest {
	if !forcesPreflight(r.Header) {
		return bad(http.StatusBadRequest,
			"GET needs a header that no page can send unasked: %s with any value.", preflightHeaders[0])
	}
	values := r.URL.Query()
	q.Query, q.OperationName, q.DocumentID = values.Get("query"), values.Get("operationName"), values.Get("documentId")
	for name, object := range map[string]*map[string]any{"variables": &q.Variables, "extensions": &q.Extensions} {
		if text := values.Get(name); text != "" && strictjson.Unmarshal([]byte(text), object) != nil {
			return bad(http.StatusBadRequest, "The parameter %s must be a JSON object.", name)
		}
	}
	if !utf8.ValidString(q.Query + q.OperationName + q.DocumentID) {
		return bad(http.StatusBadRequest, "The parameters must be in UTF-8.")
	}
	if !q.hasOperation() {
		return incomplete("The address must have the text of a query in its parameter query, or a documentId.")
	}
	return nil
}

// forcesPreflight reports whether browsers ask before they send the request for a page of another origin. The three
// types of a body that forms can have do not make them ask.
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
