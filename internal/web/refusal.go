package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/header"
)

const (
	quoteRequestID  = "Something went wrong on our side. Quote the request id when you report it."
	tryLater        = "The service is not available at the moment. Try again later."
	noSuchPage      = "There is nothing here. GraphQL is at /graphql."
	socketHasNoBody = "A request for a websocket has no body."
	tooManyBodies   = "Your organization sends too many large bodies at once. Try again later."
	bodyCutOff      = "The request body could not be read to its end."
)

// refusal is an answer without GraphQL: an HTTP status, and the one error of the body.
type refusal struct {
	status  int
	kind    fault.Kind
	message string
}

// refuse answers with a GraphQL error, so that a client needs one reader. It adds the code to the access log.
func refuse(w http.ResponseWriter, r *http.Request, f refusal) {
	type extensions struct {
		Code      fault.Kind `json:"code"`
		RequestID string     `json:"requestId"`
	}
	type failure struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	type body struct {
		Errors []failure `json:"errors"`
	}
	Annotate(r.Context(), "", string(f.kind))

	const jsonMedia, responseMedia = "application/json", "application/graphql-response+json"
	media := cmp.Or(header.AcceptOf(r.Header).Choose(jsonMedia, responseMedia), jsonMedia)
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.WriteHeader(f.status)
	// An error means that the client is gone.
	_ = json.NewEncoder(w).Encode(body{[]failure{{f.message, extensions{f.kind, RequestID(r.Context())}}}})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, refusal{http.StatusNotFound, fault.NotFound, noSuchPage})
}

// onlyMethods answers 405 to every other method.
func onlyMethods(next http.Handler, methods ...string) http.Handler {
	allow := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(methods, r.Method) {
			w.Header().Set("Allow", allow)
			refuse(w, r, refusal{http.StatusMethodNotAllowed, fault.InvalidInput, "Use " + allow + "."})
			return
		}
		next.ServeHTTP(w, r)
	})
}
