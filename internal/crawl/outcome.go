package crawl

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/outbound"
)

// Outcome is the kind of a failure to read a site or a page.
type Outcome string

// The outcomes.
const (
	Blocked     Outcome = "BLOCKED"      // robots.txt, a firewall, a log-in, or the guard against private addresses
	Timeout     Outcome = "TIMEOUT"      // no complete answer in time
	Network     Outcome = "NETWORK"      // no such name, no connection, or no valid HTTP
	Unavailable Outcome = "UNAVAILABLE"  // the server failed
	RateLimited Outcome = "RATE_LIMITED" // the server asks for fewer requests
	NotFound    Outcome = "NOT_FOUND"    // no page at the address
	Redirected  Outcome = "REDIRECTED"   // too often, in a circle, to another site or to another scheme
	TooLarge    Outcome = "TOO_LARGE"    // more bytes than the limit
	NotText     Outcome = "NOT_TEXT"     // neither HTML nor readable
)

// Error is a failure to read a site or a page.
type Error struct {
	Outcome Outcome
	// Message is a sentence for the customer. It says nothing about the network that the program runs in.
	Message string
	// RetryAfter is the wait that the server asks for, at most an hour; 0 for none.
	RetryAfter time.Duration
	cause      error
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, for the log.
func (e *Error) Unwrap() error { return e.cause }

func failed(outcome Outcome, message string, cause error) *Error {
	return &Error{Outcome: outcome, Message: message, cause: cause}
}

// ended returns the error of a crawl: the end of the caller's context takes precedence over its consequences.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// failureOf describes an error of the client.
func failureOf(err error) *Error {
	for _, refusal := range []error{
		outbound.ErrNotPublic, outbound.ErrPort, outbound.ErrCredentials, outbound.ErrNotHTTPS,
	} {
		if errors.Is(err, refusal) {
			return failed(Blocked, "The address is refused: "+refusal.Error()+".", err)
		}
	}
	var timeout interface{ Timeout() bool }
	var name *net.DNSError
	switch {
	case errors.Is(err, outbound.ErrTooLarge):
		return failed(TooLarge, "The answer is too large.", err)
	case errors.As(err, &name) && name.IsNotFound:
		return failed(Network, "The name of the host was not found.", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return failed(Timeout, "The server gave no complete answer in time.", err)
	}
	return failed(Network, "The connection failed.", err)
}

// statusFailure returns the failure of a status other than 2xx.
func statusFailure(status int, header http.Header) *Error {
	switch {
	case status == http.StatusTooManyRequests:
		failure := failed(RateLimited, "The server asks for fewer requests.", nil)
		failure.RetryAfter = retryAfter(header)
		return failure
	case status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusProxyAuthRequired, status == http.StatusUnavailableForLegalReasons:
		return failed(Blocked, "The server refuses the crawler.", nil)
	case status >= http.StatusInternalServerError:
		failure := failed(Unavailable, "The server is not available.", nil)
		failure.RetryAfter = retryAfter(header)
		return failure
	case status >= http.StatusBadRequest:
		return failed(NotFound, "The server has no such page.", nil)
	}
	return failed(NotText, "The server sent no page.", nil)
}

// retryAfter reads the header as seconds. A date needs the server's clock, so it counts as none.
func retryAfter(header http.Header) time.Duration {
	wait, err := time.ParseDuration(header.Get("Retry-After") + "s")
	if err != nil {
		return 0
	}
	return min(max(wait, 0), time.Hour)
}
