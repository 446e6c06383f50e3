package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/infin8content/engine/internal/outbound"
)

// Class is the kind of a failure. Its values are failure codes of a run.
type Class string

// The classes.
const (
	Timeout             Class = "TIMEOUT"
	RateLimited         Class = "RATE_LIMITED"
	ProviderUnavailable Class = "PROVIDER_UNAVAILABLE"
	Network             Class = "NETWORK"
	Auth                Class = "AUTH"
	InvalidRequest      Class = "INVALID_REQUEST"
	// Blocked is a firewall in front of the site, or an address that the guard refuses.
	Blocked Class = "BLOCKED"
	// RemoteConflict is a post that a person has changed or removed on the site.
	RemoteConflict Class = "REMOTE_CONFLICT"
	Cancelled      Class = "CANCELLED"
)

const (
	maxMessageRunes = 300
	maxRetryAfter   = 24 * time.Hour
)

// Error is the error of every failed request.
type Error struct {
	Class Class
	// Applied reports whether the site may have made the change all the same: there was no answer, or none that can be
	// read. Such a request is looked up, never sent again at once.
	Applied bool
	// Gone reports that the site says that it has no such post.
	Gone bool
	// Status is the HTTP status, or 0 when there was no answer.
	Status int
	// RetryAfter is the wait that the site asks for, at most a day; 0 when it asks for none.
	RetryAfter time.Duration
	// Message says what an administrator of the site can do. It contains no secret.
	Message string
	cause   error
}

// Error returns a line for the log.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("publish: %s (HTTP %d): %s", e.Class, e.Status, e.Message)
	}
	return fmt.Sprintf("publish: %s: %s", e.Class, e.Message)
}

// Unwrap returns the cause, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// unanswered returns the error of a request without a readable answer. Before a connection is there, nothing was sent.
func unanswered(ctx context.Context, cause error, sent bool) *Error {
	failed := &Error{Class: Network, Applied: sent, Message: "the connection to the site failed", cause: cause}
	var late interface{ Timeout() bool }
	switch {
	case errors.Is(cause, outbound.ErrNotPublic), errors.Is(cause, outbound.ErrNotHTTPS):
		failed.Class, failed.Message = Blocked, cause.Error()
		for inner := errors.Unwrap(cause); inner != nil; inner = errors.Unwrap(inner) {
			failed.Message = inner.Error()
		}
	case errors.Is(ctx.Err(), context.Canceled):
		failed.Class, failed.Message = Cancelled, "the request was cancelled"
	case errors.As(cause, &late) && late.Timeout(), errors.Is(cause, context.DeadlineExceeded):
		failed.Class, failed.Message = Timeout, "there was no answer in time"
	case errors.Is(cause, outbound.ErrTooLarge):
		failed.Class, failed.Message = ProviderUnavailable, "the answer is too large"
	}
	return failed
}

// answered returns the error of an answer whose status is none of success. json reports whether the body is the API's
// own, and message is its text.
func answered(r *http.Response, json bool, message string) *Error {
	failed := &Error{
		Status:     r.StatusCode,
		RetryAfter: retryAfter(r.Header),
		Class:      InvalidRequest,
		Message:    message,
	}
	switch status := r.StatusCode; {
	case status == http.StatusTooManyRequests:
		failed.Class = RateLimited
	case status == http.StatusRequestTimeout:
		failed.Class, failed.Applied = Timeout, true
	case status >= http.StatusInternalServerError:
		failed.Class, failed.Applied = ProviderUnavailable, true
	case !json && (status == http.StatusForbidden || status == http.StatusNotAcceptable):
		failed.Class = Blocked
		failed.Message = "a firewall in front of the site refused the request with a page of its own"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		failed.Class = Auth
	}
	if failed.Message == "" {
		failed.Message = "the site answered " + strconv.Itoa(r.StatusCode)
	}
	return failed
}

// retryAfter reads the header in seconds. It returns 0 for an absent or unreadable one.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(strings.TrimSpace(h.Get("Retry-After")), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// clean prepares foreign text for the log and for people: on one line, and short.
func clean(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?")))
	if runes := []rune(text); len(runes) > maxMessageRunes {
		text = string(runes[:maxMessageRunes]) + "…"
	}
	return text
}
