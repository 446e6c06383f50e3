// Package sealed encrypts the secrets of publish targets: AES-256-GCM with a key derived from a secret of the operator.
// A sealed text is bound to a purpose and a context, such as an organization and a target: copied into another row it
// does not open. The package keeps nothing and does no I/O.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	// MinKeyBytes is the least length of the operator's secret.
	MinKeyBytes = 32
	// version is the first byte of every sealed text, for a later format.
	version = 1
	keySize = 32
)

// ErrOpen is the error of a text that this key, purpose and context did not seal.
var ErrOpen = errors.New("the secret cannot be opened with this server's SECRETS_KEY")

// Box seals and opens texts of one purpose. It is safe for concurrent use.
type Box struct {
	aead cipher.AEAD
	// digest is the key of digests.
	digest []byte
}

// NewBox derives the key of a purpose from the operator's secret.
func NewBox(secret, purpose string) (*Box, error) {
	if len(secret) < MinKeyBytes {
		return nil, fmt.Errorf("the secret has %d bytes; it needs %d", len(secret), MinKeyBytes)
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "infin8content "+purpose, keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	// The nonce is random and part of the text. A key may seal 2³² texts so; there is one for each change of a target.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	digest, err := hkdf.Key(sha256.New, []byte(secret), nil, "infin8content digests of "+purpose, keySize)
	if err != nil {
		return nil, err
	}
	return &Box{aead, digest}, nil
}

// Digest returns a text by which two equal secrets of one context are recognised. Without the operator's secret it says
// nothing about them: it is HMAC-SHA-256 with a key of its own.
func (b *Box) Digest(context, text string) string {
	mac := hmac.New(sha256.New, b.digest)
	fmt.Fprintf(mac, "%d:%s%s", len(context), context, text)
	return hex.EncodeToString(mac.Sum(nil))
}

// Seal encrypts a text for a context.
func (b *Box) Seal(context, text string) []byte {
	return b.aead.Seal([]byte{version}, nil, []byte(text), []byte(context))
}

// Open decrypts what Seal returned for the same context.
func (b *Box) Open(context string, text []byte) (string, error) {
	if len(text) == 0 || text[0] != version {
		return "", ErrOpen
	}
	plain, err := b.aead.Open(nil, nil, text[1:], []byte(context))
	if err != nil {
		return "", ErrOpen
	}
	return string(plain), nil
}
