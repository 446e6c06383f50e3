// Package issuer fetches the signing keys of an identity provider by OpenID Connect discovery, keeps them, and replaces
// them after a rotation. It reads no tokens. It bounds how often, how long and how much it fetches, for any tokens.
package issuer

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/outbound"
)

// Algorithms returns the algorithms that can be verified, in the order of preference.
func Algorithms() []string { return []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} }

const (
	// DefaultRefresh is the time between two regular fetches. A key that the provider withdraws stays valid for as long.
	DefaultRefresh = 5 * time.Minute
	// askAgain is the shortest time between two fetches for unknown keys. So tokens with invented keys cause at most six
	// fetches a minute.
	askAgain = 10 * time.Second
	// tryAgain is the time from a failed fetch to the next.
	tryAgain = 15 * time.Second
	// fetchTime bounds a fetch, discovery and keys together.
	fetchTime = 5 * time.Second
	// keptFor is how long keys stay valid without a successful fetch. An outage of the provider ends no session. But an
	// attacker who blocks the provider must not keep a withdrawn key valid for ever.
	keptFor = 24 * time.Hour
)

// Options configure an Issuer. URL is required.
type Options struct {
	// URL is the provider's issuer identifier, with the same bytes as in its discovery document and in tokens.
	URL string
	// Algorithms are the allowed signature algorithms; RS256, ES256 and EdDSA when empty.
	Algorithms []string
	// Refresh is the time between two fetches of Run; DefaultRefresh when 0.
	Refresh time.Duration
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Logger gets a warning for each failed fetch; slog.Default when nil.
	Logger *slog.Logger
}

// Issuer keeps the keys of one identity provider.
type Issuer struct {
	url        string
	algorithms []string
	refresh    time.Duration
	fetchTime  time.Duration
	now        func() time.Time
	logger     *slog.Logger
	client     *http.Client

	mu sync.Mutex
	// keys were fetched at fetchedAt. failed is the error of the last fetch.
	keys      []signingKey
	fetchedAt time.Time
	failed    error
	// asked is the time of the last fetch for an unknown key, and flight the fetch in progress.
	asked  time.Time
	flight *flight
}

// flight is a fetch with any number of waiting callers.
type flight struct {
	landed chan struct{}
	err    error
}

// New returns an Issuer without keys. It fetches nothing. The error names the invalid option.
func New(o Options) (*Issuer, error) {
	if err := checkAddress(o.URL); err != nil {
		return nil, fmt.Errorf("the issuer: %w", err)
	}
	algorithms := slices.Clone(o.Algorithms)
	if len(algorithms) == 0 {
		algorithms = []string{"RS256", "ES256", "EdDSA"}
	}
	for _, name := range algorithms {
		if !slices.Contains(Algorithms(), name) {
			return nil, fmt.Errorf("the issuer's algorithm %q is none of %q", name, Algorithms())
		}
	}
	if o.Refresh < 0 {
		return nil, errors.New("the time between two fetches of the issuer's keys cannot be negative")
	}
	i := &Issuer{
		url:        o.URL,
		algorithms: algorithms,
		refresh:    cmp.Or(o.Refresh, DefaultRefresh),
		fetchTime:  fetchTime,
		now:        o.Now,
		logger:     o.Logger,
		client:     newClient(),
	}
	if i.now == nil {
		i.now = time.Now
	}
	if i.logger == nil {
		i.logger = slog.Default()
	}
	return i, nil
}

// URL returns the issuer identifier that tokens must have in iss.
func (i *Issuer) URL() string { return i.url }

// Algorithms returns the allowed signature algorithms.
func (i *Issuer) Algorithms() []string { return slices.Clone(i.algorithms) }

// checkAddress returns nil for an address of https, or of http on this machine: no other host can answer for it.
func checkAddress(text string) error {
	_, err := outbound.ParseURL(text, outbound.URLRules{HTTP: outbound.LoopbackHTTP, PrivateHosts: true})
	return err
}

// Load fetches the keys for the first time. The error of a provider that cannot be reached is UNAVAILABLE. Every other
// error is permanent and is written for the operator.
func (i *Issuer) Load(ctx context.Context) error { return i.wait(ctx, i.start()) }

// Run fetches the keys regularly until the context ends. It returns nil.
func (i *Issuer) Run(ctx context.Context) error {
	for {
		timer := time.NewTimer(i.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			_ = i.wait(ctx, i.start()) // A failure is logged, and Keys returns it.
		}
	}
}

// pause returns the time until the next fetch of Run.
func (i *Issuer) pause() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.failed != nil || i.keys == nil {
		return min(tryAgain, i.refresh)
	}
	return i.refresh
}

// Keys returns the keys for a token with this algorithm and key id; the id is empty for a token without one. No keys
// and no error mean that the provider has no such key. UNAVAILABLE means that this cannot be decided now. An unknown
// key causes one fetch for all simultaneous callers, and no other for some seconds.
func (i *Issuer) Keys(ctx context.Context, algorithm, id string) ([]crypto.PublicKey, error) {
	if !slices.Contains(i.algorithms, algorithm) {
		return nil, nil
	}
	found, known := i.find(algorithm, id)
	if len(found) > 0 {
		return found, nil
	}
	if f := i.askFor(); f != nil {
		switch err := i.wait(ctx, f); {
		case err == nil:
			found, known = i.find(algorithm, id)
		case ctx.Err() != nil: // The caller stopped waiting, so it is not known that there is no such key.
			return nil, unavailable(err)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(found) > 0 || known && i.failed == nil {
		return found, nil
	}
	return nil, unavailable(i.failed)
}

// find returns the matching keys, and whether any valid keys are known.
func (i *Issuer) find(algorithm, id string) (found []crypto.PublicKey, known bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.keys == nil || i.now().Sub(i.fetchedAt) > keptFor {
		return nil, false
	}
	for _, k := range i.keys {
		if k.fits(algorithm, id) {
			found = append(found, k.public)
		}
	}
	return found, true
}

// askFor returns the fetch to wait for with an unknown key: the one in progress, or a new one if askAgain has passed;
// else nil.
func (i *Issuer) askFor() *flight {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.flight != nil {
		return i.flight
	}
	now := i.now()
	if since := now.Sub(i.asked); !i.asked.IsZero() && since >= 0 && since < askAgain {
		return nil
	}
	i.asked = now
	return i.startLocked()
}

// start returns the fetch in progress, or a new one.
func (i *Issuer) start() *flight {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.flight != nil {
		return i.flight
	}
	return i.startLocked()
}

// startLocked starts a fetch that no client's context can end, since others may wait for it too. The lock is held.
func (i *Issuer) startLocked() *flight {
	f := &flight{landed: make(chan struct{})}
	i.flight = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), i.fetchTime)
		defer cancel()
		keys, err := i.fetch(ctx)
		i.mu.Lock()
		defer i.mu.Unlock()
		defer close(f.landed)
		f.err, i.failed, i.flight = err, err, nil
		if err != nil {
			i.logger.Warn("the issuer's keys could not be fetched", "issuer", i.url, "error", err.Error())
			return
		}
		i.keys, i.fetchedAt = keys, i.now()
	}()
	return f
}

// wait waits for a fetch.
func (i *Issuer) wait(ctx context.Context, f *flight) error {
	select {
	case <-f.landed:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unavailable returns an error with the reason, for the log, that wraps a sentence for clients.
func unavailable(reason error) error {
	public := fault.New(fault.Unavailable, "The identity provider cannot be reached at the moment. Try again later.")
	if reason == nil {
		return public
	}
	return fmt.Errorf("%s: %w", reason.Error(), public)
}
