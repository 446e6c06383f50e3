package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/outbound"
)

// NewHTTP returns a client for sites. With private it also connects by http and to addresses that are not public.
// sandbox connects to the sites of a sandbox, by http too; nil without one.
func NewHTTP(private bool, sandbox outbound.Override) *http.Client {
	o := outbound.Options{
		Mode:           outbound.Public,
		Timeout:        timeout,
		MaxBodyBytes:   maxAnswerBytes,
		MaxHeaderBytes: maxHeaderBytes,
		AnyPort:        true,
		PlainHTTP:      sandbox != nil,
		Override:       sandbox,
	}
	if private {
		o.Mode = outbound.Configured
	}
	return outbound.New(o)
}

// exchange is one request and what its answer means.
type exchange struct {
	method, url string
	// body is sent as JSON; nil sends none.
	body any
	sign func(http.Header) error
	// secrets are texts that the site may quote, and that no message may have.
	secrets []string
	// explain returns the message of an error in the API's own form, and false for a body of another form.
	explain func(status int, body []byte) (string, bool)
}

// do sends the request once and reads a successful answer into out, if out is not nil. It returns *Error.
func (x exchange) do(ctx context.Context, client *http.Client, out any) (http.Header, error) {
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}
	request, err := x.request(httptrace.WithClientTrace(ctx, trace))
	if err != nil {
		return nil, &Error{Class: InvalidRequest, Message: "the request cannot be made", cause: err}
	}
	changes := x.method != http.MethodGet && x.method != http.MethodHead
	response, err := client.Do(request)
	if err != nil {
		return nil, unanswered(ctx, err, changes && sent.Load())
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, unanswered(ctx, err, changes)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		message, ours := x.explain(response.StatusCode, body)
		failed := answered(response, ours, clean(x.without(request, message)))
		failed.Applied = failed.Applied && changes
		return response.Header, failed
	}
	if out == nil {
		return response.Header, nil
	}
	// Plugins print warnings before the JSON of an answer that is good. It begins at the first bracket.
	if at := bytes.IndexAny(body, "{["); at > 0 {
		body = body[at:]
	}
	if err := json.Unmarshal(body, out); err != nil {
		return response.Header, &Error{
			Class:   ProviderUnavailable,
			Applied: changes,
			Status:  response.StatusCode,
			Message: "the answer is not the JSON of the site's API",
			cause:   err,
		}
	}
	return response.Header, nil
}

// without returns a message of the site without the secrets and the login of the request.
func (x exchange) without(r *http.Request, message string) string {
	_, login, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return hide(message, append(slices.Clone(x.secrets), login))
}

// hide returns a text of a site without secrets.
func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

func (x exchange) request(ctx context.Context) (*http.Request, error) {
	var reader io.Reader
	if x.body != nil {
		text, err := json.Marshal(x.body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, x.method, x.url, reader)
	if err != nil {
		return nil, err
	}
	request.GetBody = nil // The transport must not send a change twice.
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "infin8content-engine/1")
	request.Header.Set("Cache-Control", "no-cache") // A look must not be answered from a cache.
	if x.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if x.sign == nil {
		return request, nil
	}
	return request, x.sign(request.Header)
}

// isJSON reports whether a body can be an error of an API.
func isJSON(body []byte) bool { return strings.HasPrefix(strings.TrimSpace(string(body)), "{") }

// CheckURL returns an INVALID_INPUT fault about the field baseUrl for an address that is not published to: one that is
// not absolute, not https, has credentials, a query or a fragment, or names a private network. With private, http and
// private networks are allowed.
func CheckURL(text string, private bool) error {
	rules := outbound.URLRules{PrivateHosts: private}
	if private {
		rules.HTTP = outbound.AnyHTTP
	}
	if _, err := outbound.ParseURL(text, rules); err != nil {
		sentence := err.Error()
		return fault.Invalid([]string{"baseUrl"}, "%s%s.", strings.ToUpper(sentence[:1]), sentence[1:])
	}
	return nil
}
