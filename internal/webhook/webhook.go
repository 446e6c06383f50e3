// Package webhook sends: one signed message to one address, once, as the convention Standard Webhooks has it. It knows
// no database and tries nothing again.
//
// It refuses to be a way into the network that it runs in: an address must be https and, after its name was resolved,
// public. What was resolved is what is connected to, redirects are not followed, and no proxy is asked.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

const (
	// limit is the longest that one message may take, from the look-up of the name to the head of the answer.
	limit = 10 * time.Second
	// maxAnswer is how much of an answer's body is read, for politeness; nothing in it counts.
	maxAnswer = 4 << 10
	maxHeader = 16 << 10
	// MinKeyBytes is how long the key of all secrets must be.
	MinKeyBytes = 32
)

// Secret derives the secret that signs the messages to an organization since a version of its settings, as receivers
// are given it: "whsec_" and base64. It is HMAC-SHA-256 of a label, the organization and the version, so that nothing
// needs to be kept, and who knows one secret knows no other.
func Secret(key []byte, organization uuid.UUID, version int) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "infin8content webhook secret 1\n%s\n%d", organization, version)
	return "whsec_" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Message is what is sent. Body is JSON.
type Message struct {
	ID     string
	URL    string
	Secret string // whsec_…
	Body   []byte
	At     time.Time
}

// Sign returns the signature of a message, as the header webhook-signature has it: "v1," and the base64 of HMAC-SHA-256
// over the id, the time in seconds and the body, with points between them.
func (m Message) Sign() (string, error) {
	key, err := base64.StdEncoding.DecodeString(m.Secret[min(len("whsec_"), len(m.Secret)):])
	if err != nil {
		return "", errors.New("the secret is none")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", m.ID, m.At.Unix())
	mac.Write(m.Body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Sender sends messages.
type Sender struct {
	client  *http.Client
	private bool
}

var errNotHTTPS = errors.New("the address does not begin with https://")

// NewSender returns a Sender. With private it also sends by http, and connects to addresses that are not public.
func NewSender(private bool) *Sender {
	dialer := &net.Dialer{Timeout: limit / 2}
	if !private {
		dialer.Control = onlyPublic
	}
	return &Sender{private: private, client: &http.Client{
		Timeout:       limit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: limit / 2, MaxResponseHeaderBytes: maxHeader,
			// Alerts are rare, and a kept connection that has died would be a failure.
			DisableKeepAlives: true,
		},
	}}
}

// Send sends a message and returns the status of the answer. The error of a message that got none says why in words for
// the receiver's administrator; there may have been one that did not arrive here.
func (s *Sender) Send(ctx context.Context, m Message) (status int, err error) {
	signature, err := m.Sign()
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, errors.New("the address cannot be read")
	}
	if request.URL.Scheme != "https" && !s.private { // It was set where private addresses were allowed.
		return 0, errNotHTTPS
	}
	request.GetBody = nil // So that nothing is ever sent twice within one attempt.
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "infin8content-webhook/1")
	request.Header.Set("webhook-id", m.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(m.At.Unix(), 10))
	request.Header.Set("webhook-signature", signature)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, problem(err)
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // Whatever it says, the status was the answer.
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// problem puts an error into words that say nothing of the network it happened in.
func problem(err error) error {
	var timeout interface{ Timeout() bool }
	var name *net.DNSError
	switch {
	case errors.Is(err, errNotPublic):
		return errNotPublic
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("there was no answer in time")
	case errors.As(err, &name):
		return errors.New("the name of the host was not found")
	}
	return errors.New("the connection failed")
}
