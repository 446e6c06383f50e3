// Package seo is a client for the search data of DataForSEO: one request, one answer, and the look-up of what was
// charged.
//
// It never sends a request twice, because a second request is a second charge. It chooses no keywords, competitors or
// prices. It reports the money exactly: each failure carries a Charge, which is a proof that nothing was charged, a
// final cost, or unknown.
package seo

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/infin8content/engine/internal/outbound"
)

// DefaultBaseURL is the address of DataForSEO's API.
const DefaultBaseURL = "https://api.dataforseo.com/v3"

// The limits of a request. The provider ends a live request itself after 120 s.
const (
	DefaultTimeout = 130 * time.Second
	maxBodyBytes   = 8 << 20 // 1000 keywords with their monthly figures are 3 MB.
	maxHeaderBytes = 64 << 10
)

// Options are the address and the account. Login and Password are required.
type Options struct {
	// BaseURL is the address before the API's paths, without query or credentials. DefaultBaseURL when empty.
	BaseURL string
	// Login and Password are sent to BaseURL's host only, and appear in no error.
	Login, Password string
	// Timeout bounds one exchange. DefaultTimeout when zero.
	Timeout time.Duration
}

// Client sends requests with one account. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
	// sign and scrub are closures: the password must not appear when a client is printed.
	sign  func(*http.Request)
	scrub func(string) string
}

// New returns a client, or an error for an unusable address or account. It sends nothing.
func New(o Options) (*Client, error) {
	base := DefaultBaseURL
	if o.BaseURL != "" {
		u, err := outbound.ParseURL(o.BaseURL, outbound.URLRules{HTTP: outbound.AnyHTTP, PrivateHosts: true})
		if err != nil {
			return nil, fmt.Errorf("seo: the base URL: %w", err)
		}
		base = strings.TrimRight(u.String(), "/")
	}
	if o.Login == "" || o.Password == "" || strings.Contains(o.Login, ":") {
		return nil, errors.New("seo: a login without a colon and a password are required")
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	login, password := o.Login, o.Password
	secret := base64.StdEncoding.EncodeToString([]byte(login + ":" + password))
	return &Client{
		base: base,
		http: outbound.New(outbound.Options{
			Mode:           outbound.Configured,
			Timeout:        o.Timeout,
			MaxBodyBytes:   maxBodyBytes,
			MaxHeaderBytes: maxHeaderBytes,
			KeepAlive:      true,
		}),
		sign:  func(r *http.Request) { r.SetBasicAuth(login, password) },
		scrub: strings.NewReplacer(password, "[password]", secret, "[password]").Replace,
	}, nil
}

// Close closes the idle connections. Requests in flight continue.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// reply is an HTTP answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// post sends one body. The body is a byte slice, so that the transport can repeat it on a new connection when the old
// one was closed before the first write. The transport repeats a POST in no other case.
func (c *Client) post(ctx context.Context, path string, body []byte) (reply, *Error) {
	var connected atomic.Bool
	// The transport calls GotConn before it writes, and in the calling goroutine.
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := http.NewRequestWithContext(traced, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, c.interrupted(ctx, err, ChargeNone)
	}
	c.sign(request)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "infin8content-engine")
	response, err := c.http.Do(request)
	if err != nil && !connected.Load() {
		return reply{}, c.interrupted(ctx, err, ChargeNone)
	}
	if err != nil {
		return reply{}, c.interrupted(ctx, err, ChargeUnknown)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		failed := c.interrupted(ctx, err, ChargeUnknown)
		failed.Status = response.StatusCode
		return reply{}, failed
	}
	return reply{status: response.StatusCode, header: response.Header, body: text}, nil
}

// interrupted returns the error of an exchange without a complete answer. The state of the caller's context takes
// precedence over the error of the network, since an abort looks like a network error.
func (c *Client) interrupted(ctx context.Context, err error, charge Charge) *Error {
	failed := &Error{
		Class:   Network,
		Charge:  charge,
		Message: c.clean(err.Error()),
		cause:   err,
	}
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		failed.Class, failed.Message = Timeout, "the time for this request is over"
	case ctx.Err() != nil:
		failed.Class, failed.Message = Cancelled, "the request was cancelled"
	case errors.As(err, &timeout) && timeout.Timeout():
		failed.Class = Timeout
	case errors.Is(err, outbound.ErrTooLarge):
		failed.Class = InvalidOutput
	}
	if ctx.Err() != nil {
		failed.cause = errors.Join(ctx.Err(), context.Cause(ctx), err)
	}
	return failed
}
