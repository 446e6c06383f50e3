package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/outbound"
)

const (
	// maxAnswerBytes bounds a document of the provider. Hundreds of keys fit.
	maxAnswerBytes = 256 << 10
	// maxHeaderBytes bounds the header of an answer.
	maxHeaderBytes = 32 << 10
)

// newClient follows no redirect: only the configured host may name keys. Connections are not kept, since a fetch is due
// once in minutes.
func newClient() *http.Client {
	return outbound.New(outbound.Options{
		Mode:           outbound.Configured,
		Timeout:        fetchTime + time.Second, // The context's is shorter, and its error names the wait.
		MaxBodyBytes:   maxAnswerBytes,
		MaxHeaderBytes: maxHeaderBytes,
	})
}

// fetch reads the discovery document and then the keys.
func (i *Issuer) fetch(ctx context.Context) ([]signingKey, error) {
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	const path = "/.well-known/openid-configuration"
	text, err := i.get(ctx, strings.TrimSuffix(i.url, "/")+path)
	if err != nil {
		return nil, fmt.Errorf("the discovery document: %w", err)
	}
	switch err := json.Unmarshal(text, &found); {
	case err != nil:
		return nil, errors.New("the discovery document is not JSON of the expected shape")
	case found.Issuer != i.url: // Otherwise one tenant of a provider could answer for another.
		return nil, fmt.Errorf("the discovery document is of %q, want exactly %q", cut(found.Issuer), i.url)
	}
	if err := checkAddress(found.Keys); err != nil {
		return nil, fmt.Errorf("the address of the keys (jwks_uri): %w", err)
	}
	if text, err = i.get(ctx, found.Keys); err != nil {
		return nil, fmt.Errorf("the keys: %w", err)
	}
	return readKeys(text, i.algorithms)
}

// get returns the document at an address. A temporary error is UNAVAILABLE.
func (i *Issuer) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := i.client.Do(request)
	if err != nil {
		return nil, unavailable(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		err := fmt.Errorf("the status is %d", response.StatusCode)
		if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests {
			err = unavailable(err)
		}
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	switch {
	case errors.Is(err, outbound.ErrTooLarge):
		return nil, fmt.Errorf("the document has more than %d bytes", maxAnswerBytes)
	case err != nil:
		return nil, unavailable(err)
	}
	return text, nil
}

// cut shortens text of a provider for the log.
func cut(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// IsUnavailable reports whether a provider might be reached later.
func IsUnavailable(err error) bool { return fault.KindOf(err) == fault.Unavailable }
