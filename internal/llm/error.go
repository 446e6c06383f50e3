package llm

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/infin8content/engine/internal/cost"
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
	ContentFiltered     Class = "CONTENT_FILTERED"
	Cancelled           Class = "CANCELLED"
	InvalidOutput       Class = "INVALID_OUTPUT"
	ModelGone           Class = "MODEL_GONE" // the provider does not serve a requested model
)

// Charge says how much a failed request has cost.
type Charge string

const (
	// ChargeNone is a proof that nothing was charged: the request was not sent, or refused before a model started.
	ChargeNone Charge = "NONE"
	// ChargeKnown means that the answer is complete and has a final cost, which the error's Answer carries.
	ChargeKnown Charge = "KNOWN"
	// ChargeUnknown is every other case. The provider may have charged anything up to the whole answer.
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
	// Status is the HTTP status, or 0 when there was no answer.
	Status int
	// RetryAfter is the wait that the provider asks for, at most a day; 0 when it asks for none.
	RetryAfter time.Duration
	// Answer is the answer so far: its generation id, names and text. It has figures only with ChargeKnown.
	Answer Answer
	// Message describes the failure, for the log. It contains no key and no prompt.
	Message string
	cause   error
}

// Error returns a line for the log, not for a client.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("llm: %s (HTTP %d, charge %s): %s", e.Class, e.Status, e.Charge, e.Message)
	}
	return fmt.Sprintf("llm: %s (charge %s): %s", e.Class, e.Charge, e.Message)
}

// Unwrap returns the cause, such as context.DeadlineExceeded or the error of the started function.
func (e *Error) Unwrap() error { return e.cause }

// wordStatus maps the words that some providers send as an error code to an HTTP status.
var wordStatus = map[string]int{
	"invalid_request_error":    http.StatusBadRequest,
	"invalid_prompt":           http.StatusBadRequest,
	"context_length_exceeded":  http.StatusBadRequest,
	"authentication_error":     http.StatusUnauthorized,
	"insufficient_quota":       http.StatusPaymentRequired,
	"timeout":                  http.StatusRequestTimeout,
	"rate_limit_exceeded":      http.StatusTooManyRequests,
	"rate_limit_error":         http.StatusTooManyRequests,
	"server_error":             http.StatusBadGateway,
	"content_filter":           statusFiltered,
	"content_policy_violation": statusFiltered,
}

// statusFiltered means "403 with the reasons of a moderator". No provider sends it.
const statusFiltered = -http.StatusForbidden

// number returns the error's code as an HTTP status, or 0 when it is none.
func (w *wireError) number() int {
	n, err := strconv.ParseFloat(w.code, 64)
	if err != nil || n != math.Trunc(n) || n < 100 || n > 599 {
		return 0
	}
	return int(n)
}

// status returns what the error's code means as an HTTP status, or 0 when it is no number and no known word.
func (w *wireError) status() int {
	switch n := w.number(); {
	case n == http.StatusForbidden && w.moderated:
		return statusFiltered
	case n != 0:
		return n
	}
	return wordStatus[w.code]
}

// refusal reports whether the error, as the body of this HTTP status, proves that no model started. It must be a 4xx or
// a 503 ("no provider meets the requirements") with the API's own error object. An object with another code passes on
// the failure of another server, and a 408 comes from a model that had started.
func (w *wireError) refusal(status int) bool {
	switch {
	case !w.object:
		return false
	case status == http.StatusServiceUnavailable:
		return w.number() == status
	case status < 400 || status > 499 || status == http.StatusRequestTimeout:
		return false
	}
	return w.number() == status || w.number() == 0
}

// classOf returns the class of an HTTP status. An unlisted status is PROVIDER_UNAVAILABLE from 500 on, and
// INVALID_REQUEST below.
func classOf(status int) Class {
	switch {
	case status == statusFiltered:
		return ContentFiltered
	case status == http.StatusRequestTimeout:
		return Timeout
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusPaymentRequired:
		return PaymentRequired
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Auth
	case status == 0 || status >= http.StatusInternalServerError:
		return ProviderUnavailable
	}
	return InvalidRequest
}

// refused returns the error of a response whose status is not 200. A status alone proves nothing, because any proxy on
// the way may have set it.
func (c *Client) refused(response *http.Response, body []byte) *Error {
	status := response.StatusCode
	failure := &Error{
		Class:      classOf(status),
		Charge:     ChargeUnknown,
		Status:     status,
		RetryAfter: c.retryAfter(response.Header),
		Answer:     Answer{GenerationID: generationID(response.Header)},
		Message:    "the provider answered " + strconv.Itoa(status),
	}
	// OpenRouter sends 402 with Retry-After for too many calls in flight, and without it for an empty account.
	if status == http.StatusPaymentRequired && failure.RetryAfter > 0 {
		failure.Class = RateLimited
	}
	wire, _ := objectOf(body)
	if failure.Answer.GenerationID == "" {
		failure.Answer.GenerationID = cost.CleanGenerationID(wire.text("id"))
	}
	reported := errorOf(wire["error"])
	if reported == nil {
		return failure
	}
	if text := c.clean(reported.message); text != "" {
		failure.Message = text
	}
	if status == http.StatusForbidden && reported.status() == statusFiltered {
		failure.Class = ContentFiltered
	}
	// A body with usage contradicts its own refusal.
	if reported.refusal(status) && !present(wire["usage"]) {
		failure.Charge = ChargeNone
		if failure.Class == InvalidRequest && isGone(status, failure.Message) {
			failure.Class = ModelGone
		}
	}
	return failure
}

// isGone reports whether a refusal says that a model is not served: OpenRouter's 404 "No endpoints found for …" and its
// 400 "… is not a valid model ID", and a 404 or 410 of other gateways about a model.
func isGone(status int, message string) bool {
	message = strings.ToLower(message)
	missing := status == http.StatusNotFound || status == http.StatusGone
	return missing && (strings.Contains(message, "no endpoints found") || strings.Contains(message, "model")) ||
		strings.Contains(message, "is not a valid model id")
}

// retryAfter reads the header as seconds or as an HTTP date. It returns 0 for an absent, past or unreadable one.
func (c *Client) retryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(c.now())
	}
	return min(max(wait, 0), maxRetryAfter)
}

// clean prepares foreign text for the log: without the key, on one line, and short.
func (c *Client) clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(c.scrub(text), "?"))
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > maxMessageRunes {
		text = string(runes[:maxMessageRunes]) + "…"
	}
	return text
}
