// Package outbound makes the HTTP clients for other servers. Every client has limits for time, headers and body, and
// follows no redirect unless asked. A Public client connects only to public addresses: it checks each address that a
// name resolves to, at the moment of the connection. The package retries nothing and reads no answer.
package outbound

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Mode says who chose the address of the server.
type Mode int

// The modes.
const (
	// Public is for addresses that tenants or web pages choose: https, public addresses, the ports of the web, no
	// credentials and no proxy.
	Public Mode = iota
	// Configured is for addresses that the operator chose: any address, and the proxy of the environment.
	Configured
)

// Streamed as MaxBodyBytes removes the limits of body and time. The caller must have its own, as a reader of a stream
// does.
const Streamed = -1

// The limits of a client whose options name none.
const (
	DefaultTimeout   = 30 * time.Second
	DefaultBodyBytes = 1 << 20
	defaultHeader    = 32 << 10
	maxDial          = 10 * time.Second
)

// Options are the limits of a client. The zero value is a Public client with the default limits.
type Options struct {
	Mode Mode
	// Timeout bounds one exchange, from the look-up of the name to the end of the body.
	Timeout time.Duration
	// MaxBodyBytes bounds the body of an answer after decompression. A longer one fails with ErrTooLarge at its end.
	MaxBodyBytes int64
	// MaxHeaderBytes bounds the header of an answer.
	MaxHeaderBytes int64
	// MaxRedirects is how many redirects the client follows. At 0 a redirect is an answer like any other.
	MaxRedirects int
	// KeepAlive keeps connections for the next request. Without it a rare request never meets a dead connection.
	KeepAlive bool
	// PlainHTTP lets a Public client use http as well, for websites.
	PlainHTTP bool
	// AnyPort lets a Public client use other ports than 80 and 443.
	AnyPort bool
	// Resolver looks names up; the system's when nil.
	Resolver *net.Resolver
	// Override connects to the hosts of a sandbox. It sees an address before its name is looked up.
	Override Override
}

// Override returns the connection to a host of a sandbox, or nil without an error for any other address. The connection
// needs no TLS, also for https.
type Override func(ctx context.Context, network, address string) (net.Conn, error)

var (
	// ErrNotHTTPS is the error of a Public client for a request or redirect without TLS.
	ErrNotHTTPS = errors.New("the address does not begin with https://")
	// ErrPort is the error of a Public client for a port other than 80 and 443.
	ErrPort = errors.New("the address has a port other than 80 and 443")
	// ErrCredentials is the error of a Public client for an address with a user name or a password.
	ErrCredentials = errors.New("the address has a user name or a password")
	// ErrTooLarge is the error of reading a body beyond its limit.
	ErrTooLarge = errors.New("the body of the answer is too large")

	errRedirects = errors.New("the server redirects too often")
	errScheme    = errors.New("the server redirects to another scheme")
)

// New returns a client. Its transport is an *http.Transport if and only if the mode is Configured and the body is
// Streamed.
func New(o Options) *http.Client {
	next, checkRedirect := transport(o), redirects(o.MaxRedirects)
	if o.Mode == Configured && o.MaxBodyBytes == Streamed {
		return &http.Client{Transport: next, CheckRedirect: checkRedirect}
	}
	client := &http.Client{
		Transport: &guard{
			next:    next,
			options: o,
			maxBody: cmp.Or(o.MaxBodyBytes, DefaultBodyBytes),
		},
		CheckRedirect: checkRedirect,
	}
	if o.MaxBodyBytes != Streamed {
		client.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	}
	return client
}

// KeepRedirect as CheckRedirect makes a redirect an answer like any other.
func KeepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func redirects(most int) func(*http.Request, []*http.Request) error {
	if most <= 0 {
		return KeepRedirect
	}
	return func(next *http.Request, via []*http.Request) error {
		switch {
		case len(via) > most:
			return errRedirects
		case next.URL.Scheme != via[0].URL.Scheme:
			return errScheme
		}
		return nil
	}
}

func transport(o Options) *http.Transport {
	dialer := &net.Dialer{
		Timeout:   min(maxDial, cmp.Or(o.Timeout, DefaultTimeout)),
		KeepAlive: 30 * time.Second,
		Resolver:  o.Resolver,
	}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialer.Timeout,
		IdleConnTimeout:        60 * time.Second,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    16,
		MaxResponseHeaderBytes: cmp.Or(o.MaxHeaderBytes, defaultHeader),
		DisableKeepAlives:      !o.KeepAlive,
		// A compressed stream is buffered, and hides how many bytes are read.
		DisableCompression: o.MaxBodyBytes == Streamed,
	}
	if o.Mode == Public {
		dialer.Control = refusePrivate
	} else {
		t.Proxy = http.ProxyFromEnvironment // A proxy resolves names itself, so a Public client must not use one.
	}
	if o.Override != nil {
		override(t, dialer, o.Override)
	}
	return t
}

// guard checks the address of each request, redirects included, and bounds each body.
type guard struct {
	next    *http.Transport
	options Options
	maxBody int64
}

// check refuses an address that a Public client must not request.
func (g *guard) check(u *url.URL) error {
	if g.options.Mode != Public {
		return nil
	}
	port := u.Port()
	switch {
	case u.Scheme != "https" && !(g.options.PlainHTTP && u.Scheme == "http"):
		return ErrNotHTTPS
	case u.User != nil:
		return ErrCredentials
	case port != "" && port != "80" && port != "443" && !g.options.AnyPort:
		return ErrPort
	}
	return nil
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.check(r.URL); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	response, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if g.maxBody != Streamed {
		response.Body = &boundedBody{ReadCloser: response.Body, left: g.maxBody}
	}
	return response, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (g *guard) CloseIdleConnections() { g.next.CloseIdleConnections() }

// boundedBody fails with ErrTooLarge after a number of bytes.
type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 { // One byte more shows that a body does not end at the limit.
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}
