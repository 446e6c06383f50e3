// Package issuer knows the keys with which an identity provider signs: it finds them by OpenID Connect discovery, keeps
// them, and takes new ones when they are rotated. It refuses to know what a token says, and it never asks the provider
// more often, longer or for more than it has decided beforehand, whatever tokens arrive.
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

// Algorithms are those whose tokens can be verified, in the order of preference.
func Algorithms() []string { return []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} }

const (
	// DefaultRefresh is how often the keys are fetched anew without being asked for: a key that the provider withdraws
	// is good for as long.
	DefaultRefresh = 5 * time.Minute
	// askAgain is how long after a fetch for an unknown key the next unknown key may cause another one. Whoever sends
	// tokens with invented keys gets the provider asked six times in a minute, and no more.
	askAgain = 10 * time.Second
	// tryAgain is how long after a fetch that failed the next is tried.
	tryAgain = 15 * time.Second
	// fetchTime is the longest that a fetch may take, discovery and keys together.
	fetchTime = 5 * time.Second
	// keptFor is how long keys are believed that the provider has not confirmed. Its outage logs nobody out; but who
	// can keep it out of our sight must not make a withdrawn key last for ever.
	keptFor = 24 * time.Hour
)

// Options is what an Issuer is made of. URL is required.
type Options struct {
	// URL is the provider's issuer identifier, byte by byte as it stands in its discovery document and in tokens.
	URL string
	// Algorithms are those that tokens may be signed with; none: RS256, ES256 and EdDSA.
	Algorithms []string
	// Refresh is how often Run fetches the keys; 0 is DefaultRefresh.
	Refresh time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger is told when the provider cannot be asked. Nil is slog.Default().
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
	// keys are what was fetched at fetchedAt; before, there is none. failed is why the last fetch brought nothing.
	keys      []key
	fetchedAt time.Time
	failed    error
	// asked is when an unknown key last caused a fetch, flight the fetch that is under way.
	asked  time.Time
	flight *flight
}

// flight is a fetch that several wait for.
type flight struct {
	landed chan struct{}
	err    error
}

// New returns an Issuer that knows no key yet; it asks nobody. The error says what of the options cannot work.
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
		return nil, errors.New("the issuer's keys cannot be fetched more often than always")
	}
	i := &Issuer{
		url: o.URL, algorithms: algorithms, refresh: cmp.Or(o.Refresh, DefaultRefresh), fetchTime: fetchTime,
		now: o.Now, logger: o.Logger,
		client: newClient(),
	}
	if i.now == nil {
		i.now = time.Now
	}
	if i.logger == nil {
		i.logger = slog.Default()
	}
	return i, nil
}

// URL is the issuer identifier that tokens must have in iss.
func (i *Issuer) URL() string { return i.url }

// Algorithms are those that tokens may be signed with.
func (i *Issuer) Algorithms() []string { return slices.Clone(i.algorithms) }

// checkAddress returns nil for an address of https, or of http on this machine: no other host can answer for it.
func checkAddress(text string) error {
	_, err := outbound.ParseURL(text, outbound.URLRules{HTTP: outbound.LoopbackHTTP, PrivateHosts: true})
	return err
}

// Load fetches the keys for the first time. A provider that cannot be reached is UNAVAILABLE: it may be there in a
// minute. Every other error says that what it answers can never work, and for whom it is written is the operator.
func (i *Issuer) Load(ctx context.Context) error { return i.wait(ctx, i.start()) }

// Run fetches the keys again and again until the context ends. It returns nil.
func (i *Issuer) Run(ctx context.Context) error {
	for {
		timer := time.NewTimer(i.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			_ = i.wait(ctx, i.start()) // What failed is logged, and known to Keys.
		}
	}
}

// pause is how long Run waits before the next fetch.
func (i *Issuer) pause() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.failed != nil || i.keys == nil {
		return min(tryAgain, i.refresh)
	}
	return i.refresh
}

// Keys returns the keys that a token of this algorithm and with this key id may be signed with; an id that is empty is
// of a token that names none. No keys and no error: the provider has no such key. UNAVAILABLE: that cannot be known at
// present. A key that is not known has the keys fetched once more, for all who ask at the same time together, and not
// again for some seconds.
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
		case ctx.Err() != nil: // Whoever stopped waiting has not learned that there is no such key.
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

// find returns the keys that fit, and whether any keys are known at all.
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

// askFor returns the fetch that somebody with an unknown key may wait for: the one under way, or a new one if it is
// time for one; else nil.
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

// start returns the fetch under way, or a new one.
func (i *Issuer) start() *flight {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.flight != nil {
		return i.flight
	}
	return i.startLocked()
}

// startLocked begins a fetch that belongs to nobody: a client that goes away takes nothing from the others. The lock is
// held.
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

// unavailable has the reason for the log in front and a sentence for every client within.
func unavailable(reason error) error {
	public := fault.New(fault.Unavailable, "The identity provider cannot be asked at the moment. Try again later.")
	if reason == nil {
		return public
	}
	return fmt.Errorf("%s: %w", reason.Error(), public)
}
