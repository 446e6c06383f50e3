package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

const (
	maxRequestIDBytes = 128
	maxLoggedBytes    = 128 // of a path or a method: the client chooses them
	maxOperationBytes = 128
	maxCodeBytes      = 64
)

// record collects the data of the access log about one request. It is in the context. Any goroutine may write to it.
type record struct {
	id, trace string
	// address is the address of the client, as far as the proxies are trusted.
	address string

	mu        sync.Mutex
	who       caller.Caller
	operation string
	code      string
	err       error
	panicked  string
	stack     string
}

type recordKey struct{}

// recordOf returns the record of the request of a context, or an empty one outside of a request.
func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

// RequestID returns the id of the request of a context, or "" outside of a request.
func RequestID(ctx context.Context) string { return recordOf(ctx).id }

// ClientAddress returns the address of the client of a request, as far as the proxies are trusted.
func ClientAddress(ctx context.Context) string { return recordOf(ctx).address }

// Annotate adds the operation of a request and the code of its first error to the access log. An empty argument changes
// nothing. It ignores an operation that is no GraphQL name: a client could put any text there.
func Annotate(ctx context.Context, operation, code string) {
	r := recordOf(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if isName(operation) {
		r.operation = operation
	}
	if code != "" {
		r.code = cut(code, maxCodeBytes)
	}
}

func (r *record) identify(who caller.Caller) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.who = who
}

// fail keeps an error that the client does not see.
func (r *record) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *record) panics(cause, stack string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.panicked, r.stack = cause, stack
}

func (r *record) hasPanicked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.panicked != ""
}

// attributes returns the known attributes for the log line.
func (r *record) attributes() []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []slog.Attr
	if r.who.Known() {
		out = append(out, slog.String("organization", r.who.OrganizationID.String()), slog.String("actor", r.who.Actor))
	} else if r.address != "" { // It is all that is known of an unknown caller.
		out = append(out, slog.String("address", r.address))
	}
	for _, a := range []slog.Attr{
		slog.String("trace", r.trace), slog.String("operation", r.operation), slog.String("code", r.code),
		slog.String("panic", r.panicked), slog.String("stack", r.stack),
	} {
		if a.Value.String() != "" {
			out = append(out, a)
		}
	}
	if r.err != nil {
		out = append(out, slog.String("error", r.err.Error()))
	}
	return out
}

// outcome returns the outcome of the request.
func (r *record) outcome(request *http.Request, status int, took time.Duration) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := Outcome{
		Method:    "OTHER",
		Route:     "/",
		Status:    status,
		Operation: r.operation,
		Code:      r.code,
		Took:      took,
	}
	if slices.Contains(methods, request.Method) {
		a.Method = request.Method
	}
	if _, route, found := strings.Cut(request.Pattern, " "); found {
		a.Route = route
	} else if request.Pattern != "" {
		a.Route = request.Pattern
	}
	return a
}

// methods are the methods of HTTP; a client may send any other word.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

// requestID returns the proposed id of the client or a proxy if it is safe in logs and headers, else a new one.
func requestID(proposed string) string {
	if len(proposed) == 0 || len(proposed) > maxRequestIDBytes {
		return uuid.Must(uuid.NewV7()).String()
	}
	for i := range len(proposed) {
		if c := proposed[i]; !isWord(c) && c != '.' && c != '-' {
			return uuid.Must(uuid.NewV7()).String()
		}
	}
	return proposed
}

// isName reports whether a text is a GraphQL name that is short enough for the log.
func isName(text string) bool {
	if text == "" || len(text) > maxOperationBytes || text[0] >= '0' && text[0] <= '9' {
		return false
	}
	for i := range len(text) {
		if !isWord(text[i]) {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func cut(text string, limit int) string {
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}
