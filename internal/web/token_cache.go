package web

import (
	"context"
	"crypto"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/caller"
)

// maxCachedTokens limits the cache. One more token empties it, and tokens are verified again.
const maxCachedTokens = 10_000

// tokenCache has the tokens that were verified, by their hash, so that the memory has no token. A cached token stays
// valid until its end, unless its issuer withdraws the signing keys. It is safe for concurrent use.
type tokenCache struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]verifiedToken
}

// verifiedToken is the content of a valid token. A token of an issuer has the signing keys that verified it.
type verifiedToken struct {
	who              caller.Caller
	end              time.Time
	algorithm, keyID string // "" for a token that is signed with the secret
	keys             []crypto.PublicKey
}

func (c *tokenCache) get(hash [sha256.Size]byte) (verifiedToken, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, found := c.tokens[hash]
	return v, found
}

func (c *tokenCache) put(hash [sha256.Size]byte, v verifiedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tokens) >= maxCachedTokens || c.tokens == nil {
		c.tokens = map[[sha256.Size]byte]verifiedToken{}
	}
	c.tokens[hash] = v
}

// isValid reports whether a verified token is still valid: it has not ended, and its issuer still has the signing keys.
func (a *Authenticator) isValid(ctx context.Context, v verifiedToken) bool {
	if !a.now().Before(v.end) {
		return false
	}
	if v.algorithm == "" {
		return true
	}
	keys, err := a.issuer.Keys(ctx, v.algorithm, v.keyID)
	return err == nil && slices.EqualFunc(keys, v.keys, func(k, l crypto.PublicKey) bool {
		key, is := k.(interface{ Equal(crypto.PublicKey) bool })
		return is && key.Equal(l)
	})
}
