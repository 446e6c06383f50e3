package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys = 100
	// The bounds of an RSA key: below, it can be broken (RFC 7518, 3.3); above, each signature costs milliseconds.
	minRSABits, maxRSABits = 2048, 4096
)

// signingKey is a key that tokens may be signed with.
type signingKey struct {
	id     string
	public crypto.PublicKey
	// algorithms are those of the key's type, or only the one that the key names.
	algorithms []string
}

func (k signingKey) fits(algorithm, id string) bool {
	return slices.Contains(k.algorithms, algorithm) && (id == "" || k.id == id)
}

// readKeys returns the keys of a JSON Web Key Set (RFC 7517) that can verify tokens of one of the algorithms. It
// ignores keys for encryption, symmetric keys, keys of other types and short keys. A set without a usable key is an
// error, so that a mistake of the provider does not remove the known keys.
func readKeys(text []byte, algorithms []string) ([]signingKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("the keys are not JSON of the expected shape")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, at most %d are read", len(set.Keys), maxKeys)
	}
	var keys []signingKey
	for _, one := range set.Keys {
		if k, ok := readKey(one, algorithms); ok {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("none of the %d keys is for signatures with one of %q", len(set.Keys), algorithms)
	}
	return keys, nil
}

func readKey(text []byte, algorithms []string) (signingKey, bool) {
	var purpose struct {
		Operations []string `json:"key_ops"`
	}
	var read jose.JSONWebKey
	if json.Unmarshal(text, &purpose) != nil || json.Unmarshal(text, &read) != nil || !read.Valid() {
		return signingKey{}, false
	}
	if read.Use != "" && read.Use != "sig" ||
		purpose.Operations != nil && !slices.Contains(purpose.Operations, "verify") {
		return signingKey{}, false
	}
	// A published private key is compromised. IsPublic is also false for a symmetric key, with which every verifier could
	// sign.
	if !read.IsPublic() {
		return signingKey{}, false
	}
	fitting := slices.DeleteFunc(algorithmsOf(read.Key), func(name string) bool {
		return !slices.Contains(algorithms, name) || read.Algorithm != "" && read.Algorithm != name
	})
	return signingKey{id: read.KeyID, public: read.Key, algorithms: fitting}, len(fitting) > 0
}

// algorithmsOf returns the algorithms of a key's type.
func algorithmsOf(public crypto.PublicKey) []string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= minRSABits && bits <= maxRSABits {
			return []string{"RS256", "PS256"}
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	}
	return nil
}
