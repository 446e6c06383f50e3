// Package llm is a client for language models: one request over the OpenRouter API, one streamed answer, and the
// look-up of its cost. Any gateway with the same API works.
//
// It does not retry, because chat has no idempotency key and a second request is a second charge. It does not choose
// models or prices, and it does not judge the text of an answer. It reports the money exactly: each failure carries a
// Charge, which is a proof that nothing was charged, a final cost, or unknown.
package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/outbound"
)

// DefaultBaseURL is the address of OpenRouter's API.
const DefaultBaseURL = "https://openrouter.ai/api/v1"

// The default limits.
const (
	// DefaultSilence is far longer than the pause between two keep-alive comments of OpenRouter.
	DefaultSilence          = 120 * time.Second
	defaultMaxResponseBytes = 4 << 20
	defaultMaxLineBytes     = 1 << 20
	// maxErrorBytes bounds the body of a refusal, and of a generation's look-up.
	maxErrorBytes = 256 << 10
	// maxHeaderBytes bounds the headers of an answer.
	maxHeaderBytes = 64 << 10
)

// Options are the address of the models and the limits of a request. Key is required. The zero value of any other field
// is its default.
type Options struct {
	// BaseURL is the address before the API's paths, without query or credentials. DefaultBaseURL when empty.
	BaseURL string
	// Key is the bearer token. It is sent to BaseURL's host only, and appears in no error.
	Key string
	// HTTPClient is used without its redirects. When its transport is not an *http.Transport, the client cannot prove
	// that nothing was sent. It then reports ChargeUnknown instead of ChargeNone.
	HTTPClient *http.Client
	// Title and Referer name this program in the provider's statistics.
	Title, Referer string
	// Silence is the longest time without a byte: before the headers, and between two lines of the stream.
	Silence time.Duration
	// MaxResponseBytes bounds a whole answer, MaxLineBytes one line of it.
	MaxResponseBytes int64
	MaxLineBytes     int
	// Now is the clock that a Retry-After date is read against.
	Now func() time.Time
}

// Client sends requests to one gateway with one key. It is safe for concurrent use.
type Client struct {
	base     string
	http     *http.Client
	traced   bool
	owned    bool
	silence  time.Duration
	maxBytes int64
	maxLine  int
	now      func() time.Time
	// sign and scrub are closures: the key must not appear when a client is printed.
	sign  func(http.Header)
	scrub func(string) string
}

// New returns a client, or an error for an unusable address or key. It sends nothing.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if err := checkKey(o.Key); err != nil {
		return nil, err
	}
	c := &Client{
		base:     base,
		silence:  o.Silence,
		maxBytes: o.MaxResponseBytes,
		maxLine:  o.MaxLineBytes,
		now:      o.Now,
		sign:     signer(o),
		scrub:    scrubber(o.Key),
	}
	if c.silence <= 0 {
		c.silence = DefaultSilence
	}
	if c.maxBytes <= 0 {
		c.maxBytes = defaultMaxResponseBytes
	}
	if c.maxLine <= 0 {
		c.maxLine = defaultMaxLineBytes
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.http, c.owned = httpClient(o.HTTPClient)
	c.traced = canTrace(c.http.Transport)
	return c, nil
}

// Close closes the idle connections of a client that has made its own transport. Requests in flight continue.
func (c *Client) Close() {
	if c.owned {
		c.http.CloseIdleConnections()
	}
}

func baseURL(text string) (string, error) {
	if text == "" {
		return DefaultBaseURL, nil
	}
	u, err := outbound.ParseURL(text, outbound.URLRules{HTTP: outbound.AnyHTTP, PrivateHosts: true})
	if err != nil {
		return "", fmt.Errorf("llm: the base URL: %w", err)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// checkKey refuses a key that does not fit into one header line. Its errors do not quote the key.
func checkKey(key string) error {
	if key == "" {
		return errors.New("llm: the key is empty")
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return errors.New("llm: the key must be printable ASCII without spaces")
		}
	}
	return nil
}

func signer(o Options) func(http.Header) {
	key, title, referer := o.Key, o.Title, o.Referer
	return func(h http.Header) {
		h.Set("Authorization", "Bearer "+key)
		if title != "" {
			h.Set("X-Title", title)
		}
		if referer != "" {
			h.Set("HTTP-Referer", referer)
		}
	}
}

func scrubber(key string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, key, "[key]") }
}

// httpClient returns a copy of the given client, or one with our limits. It follows no redirect, so the key is sent to
// the configured host only.
func httpClient(given *http.Client) (client *http.Client, owned bool) {
	if given != nil {
		client = new(http.Client)
		*client = *given
		client.CheckRedirect = outbound.KeepRedirect
		return client, false
	}
	return outbound.New(outbound.Options{
		Mode:           outbound.Configured,
		MaxBodyBytes:   outbound.Streamed, // A Client bounds its streams itself.
		MaxHeaderBytes: maxHeaderBytes,
		KeepAlive:      true,
	}), true
}

// canTrace reports whether the transport supports httptrace, which reports the use of a connection.
func canTrace(transport http.RoundTripper) bool {
	if transport == nil {
		transport = http.DefaultTransport
	}
	_, standard := transport.(*http.Transport)
	return standard
}

// request builds a signed request. Its body is a byte slice, so that the transport can repeat it on a new connection
// when the old one was closed before the first write. The transport repeats a POST in no other case.
func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return nil, fmt.Errorf("llm: build the request: %w", err)
	}
	c.sign(r.Header)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "infin8content-engine")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream, application/json")
	}
	return r, nil
}
