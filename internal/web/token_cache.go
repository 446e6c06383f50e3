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

// maxRemembered bounds the tokens that are remembered. With one more all are forgotten, and read again.
const maxRemembered = 10_000

// remembered are the good tokens that were read before, by their hash: nobody finds a token here. What made them good
// stays so until they end, but for an issuer's keys, which may be withdrawn.
type remembered struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]verdict
}

// verdict is what a good token says, and of an issuer's the keys that it was verified with.
type verdict struct {
	who            caller.Caller
	end            time.Time
	algorithm, key string // "" when it is signed with the secret
	keys           []crypto.PublicKey
}

func (r *remembered) get(hash [sha256.Size]byte) (verdict, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, found := r.tokens[hash]
	return v, found
}

func (r *remembered) put(hash [sha256.Size]byte, v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tokens) >= maxRemembered || r.tokens == nil {
		r.tokens = map[[sha256.Size]byte]verdict{}
	}
	r.tokens[hash] = v
}

// stands reports whether a verdict still holds: the token has not ended, and its issuer still has the keys.
func (a *Authenticator) stands(ctx context.Context, v verdict) bool {
	if !a.now().Before(v.end) {
		return false
	}
	if v.algorithm == "" {
		return true
	}
	keys, err := a.issuer.Keys(ctx, v.algorithm, v.key)
	return err == nil && slices.EqualFunc(keys, v.keys, func(k, l crypto.PublicKey) bool {
		known, is := k.(interface{ Equal(crypto.PublicKey) bool })
		return is && known.Equal(l)
	})
}
