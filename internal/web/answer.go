package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

const (
	quoteTheRequest = "Something went wrong on our side. Quote the request id when you report it."
	tryLater        = "The service is not available at the moment. Try again later."
	noSuchPage      = "There is nothing here. GraphQL is at /graphql."
	bodyCutOff      = "The request body could not be read to its end."
)

// refusal is an answer that never reached GraphQL: an HTTP status, and the one error of the body.
type refusal struct {
	status  int
	kind    fault.Kind
	message string
}

// refuse answers in the shape of a GraphQL error, so that a client needs one way of reading. It tells the access log
// the code.
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

	mediaType := "application/json; charset=utf-8"
	if accept := r.Header.Get("Accept"); accept != "" &&
		quality(accept, "application/graphql-response+json") > quality(accept, "application/json") {
		mediaType = "application/graphql-response+json; charset=utf-8"
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(f.status)
	// The client may be gone; then there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body{[]failure{{f.message, extensions{f.kind, RequestID(r.Context())}}}})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, refusal{http.StatusNotFound, fault.NotFound, noSuchPage})
}

// onlyMethods answers 405 to every method that is not in the list.
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

// quality is how much an Accept header wants a media type, from 0 to 1: the q of the most exact range that covers it
// (RFC 9110, 12.5.1). An empty header accepts everything. A q that cannot be read counts as 0.
func quality(accept, mediaType string) float64 {
	if strings.TrimSpace(accept) == "" {
		return 1
	}
	group, _, _ := strings.Cut(mediaType, "/")
	best, exactness := 0.0, -1
	for part := range strings.SplitSeq(accept, ",") {
		fields := strings.Split(part, ";")
		rank := slices.Index([]string{"*/*", group + "/*", mediaType}, strings.ToLower(strings.TrimSpace(fields[0])))
		if rank <= exactness {
			continue
		}
		best, exactness = 1, rank
		for _, parameter := range fields[1:] {
			if name, value, _ := strings.Cut(parameter, "="); strings.EqualFold(strings.TrimSpace(name), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil || !(q >= 0 && q <= 1) {
					q = 0
				}
				best = q
			}
		}
	}
	return best
}
