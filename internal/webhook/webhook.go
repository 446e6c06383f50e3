// Package webhook sends one signed message to one address, once, by the convention Standard Webhooks. It uses no
// database and does not retry.
//
// Tenants choose the addresses, so a message goes only to https and public addresses: see package outbound.
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
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/outbound"
)

const (
	// timeout bounds one message, from the look-up of the name to the end of the answer.
	timeout = 10 * time.Second
	// maxAnswer is how much of an answer's body is read. Only the status counts.
	maxAnswer = 4 << 10
	maxHeader = 16 << 10
	// MinKeyBytes is the least length of the key from which all secrets are derived.
	MinKeyBytes = 32
)

// CheckURL returns an INVALID_INPUT fault about the field url for an address that messages are not sent to: one that is
// not absolute, not https, has credentials or names a private network. With private, http and private networks are
// allowed. A host name may still resolve to a private address; each attempt to send is refused then.
func CheckURL(text string, private bool) error {
	rules := outbound.URLRules{Query: true, PrivateHosts: private}
	if private {
		rules.HTTP = outbound.AnyHTTP
	}
	if _, err := outbound.ParseURL(text, rules); err != nil {
		sentence := err.Error()
		return fault.Invalid([]string{"url"}, "%s%s.", strings.ToUpper(sentence[:1]), sentence[1:])
	}
	return nil
}

// Secret derives the secret that signs the messages to an organization since a version of its settings, in the form for
// receivers: "whsec_" and base64. It is HMAC-SHA-256 of a label, the organization and the version. So no secret is
// stored, and one secret does not reveal another.
func Secret(key []byte, organization uuid.UUID, version int) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "infin8content webhook secret 1\n%s\n%d", organization, version)
	return "whsec_" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Message is one message. Body is JSON.
type Message struct {
	ID     string
	URL    string
	Secret string // whsec_…
	Body   []byte
	At     time.Time
}

// Sign returns the value of the header webhook-signature: "v1," and the base64 of HMAC-SHA-256 over the id, the time in
// seconds and the body, with points between them.
func (m Message) Sign() (string, error) {
	key, err := base64.StdEncoding.DecodeString(m.Secret[min(len("whsec_"), len(m.Secret)):])
	if err != nil {
		return "", errors.New("the secret has another form than whsec_ and base64")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", m.ID, m.At.Unix())
	mac.Write(m.Body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Sender sends messages.
type Sender struct{ client *http.Client }

// NewSender returns a Sender. With private it also sends by http and to addresses that are not public.
func NewSender(private bool) *Sender {
	o := outbound.Options{
		Mode:           outbound.Public,
		Timeout:        timeout,
		MaxBodyBytes:   maxAnswer,
		MaxHeaderBytes: maxHeader,
		AnyPort:        true,
	}
	if private {
		o.Mode = outbound.Configured
	}
	return &Sender{client: outbound.New(o)}
}

// Send sends a message and returns the status of the answer. The error of a message without an answer says why, in
// words for the receiver's administrator. The message may have arrived all the same.
func (s *Sender) Send(ctx context.Context, m Message) (status int, err error) {
	signature, err := m.Sign()
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, errors.New("the address cannot be read")
	}
	request.GetBody = nil // The transport must not send a message twice in one attempt.
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "infin8content-webhook/1")
	request.Header.Set("webhook-id", m.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(m.At.Unix(), 10))
	request.Header.Set("webhook-signature", signature)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, problem(err)
	}
	_, _ = io.Copy(io.Discard, response.Body) // Only the status counts, so an error here does not.
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// problem describes an error without details of the network that the program runs in.
func problem(err error) error {
	var timeout interface{ Timeout() bool }
	var name *net.DNSError
	for _, public := range []error{outbound.ErrNotPublic, outbound.ErrNotHTTPS} {
		if errors.Is(err, public) {
			return public
		}
	}
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("there was no answer in time")
	case errors.As(err, &name):
		return errors.New("the name of the host was not found")
	}
	return errors.New("the connection failed")
}
