package seo

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Class is the kind of a failure. Its values are failure codes of a run.
type Class string

// The classes. The step's policy decides which of them are retried.
const (
	Timeout             Class = "TIMEOUT"
	RateLimited         Class = "RATE_LIMITED"
	ProviderUnavailable Class = "PROVIDER_UNAVAILABLE"
	Network             Class = "NETWORK"
	Auth                Class = "AUTH"
	PaymentRequired     Class = "PAYMENT_REQUIRED"
	InvalidRequest      Class = "INVALID_REQUEST"
	Cancelled           Class = "CANCELLED"
	InvalidOutput       Class = "INVALID_OUTPUT"
)

// Charge says how much a failed request has cost.
type Charge string

const (
	// ChargeNone is a proof that nothing was charged: the request was not sent, or the provider states a cost of zero.
	ChargeNone Charge = "NONE"
	// ChargeKnown means that the error's Answer has the final cost.
	ChargeKnown Charge = "KNOWN"
	// ChargeUnknown is every other case. The request must not be sent again before its cost is looked up.
	ChargeUnknown Charge = "UNKNOWN"
)

// Limits on the provider's message and Retry-After.
const (
	maxMessageRunes = 300
	maxRetryAfter   = 24 * time.Hour
)

// Error is the error of every failed request.
type Error struct {
	Class  Class
	Charge Charge
	// Status is the HTTP status, or 0 when there was no answer. Code is the provider's own status code, or 0.
	Status, Code int
	// RetryAfter is the wait that the provider asks for, at most a day; 0 when it asks for none.
	RetryAfter time.Duration
	// Answer is what is known of the answer. It has a cost only with ChargeKnown.
	Answer Answer
	// Message describes the failure, for the log. It contains no password.
	Message string
	cause   error
}

// Error returns a line for the log, not for a client.
func (e *Error) Error() string {
	return fmt.Sprintf("seo: %s (HTTP %d, code %d, charge %s): %s", e.Class, e.Status, e.Code, e.Charge, e.Message)
}

// Unwrap returns the cause, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// The provider's status codes that are no failure. A search without results is a success with no items.
const (
	codeOK        = 20000
	codeNoResults = 40102
)

// classOfCode maps the provider's status codes, as its appendix of errors lists them. A code with no entry is
// INVALID_REQUEST from 40400 to 40599, and PROVIDER_UNAVAILABLE otherwise.
var classOfCode = map[int]Class{
	40100: Auth, // not authorized
	40104: Auth, // the account is not verified
	40201: PaymentRequired,
	40207: Auth, // the address is not on the account's list
	40200: PaymentRequired,
	40203: PaymentRequired, // the account's own limit of costs
	40204: PaymentRequired, // no subscription for this API
	40210: PaymentRequired,
	40202: RateLimited,    // 2000 requests a minute
	40209: RateLimited,    // 30 requests at once
	40006: InvalidRequest, // too many tasks in one request
	40101: ProviderUnavailable,
	40103: ProviderUnavailable,
}

func classOf(code int) Class {
	if class, listed := classOfCode[code]; listed {
		return class
	}
	if code >= 40400 && code < 40600 {
		return InvalidRequest
	}
	return ProviderUnavailable
}

// classOfStatus is for an HTTP status without a body of the API.
func classOfStatus(status int) Class {
	switch {
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Auth
	case status == http.StatusPaymentRequired:
		return PaymentRequired
	case status == http.StatusOK:
		return InvalidOutput
	}
	return ProviderUnavailable
}

// retryAfter reads the header's seconds. It returns 0 for any other value.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseInt(strings.TrimSpace(h.Get("Retry-After")), 10, 32)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// clean prepares foreign text for the log: without the password, on one line, and short.
func (c *Client) clean(text string) string { return cleanText(c.scrub(text), maxMessageRunes) }

// cleanText makes foreign text fit to be kept: valid, on one line, without control characters, and short.
func cleanText(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}
