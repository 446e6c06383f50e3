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

// key is one that tokens may be signed with.
type key struct {
	id     string
	public crypto.PublicKey
	// algorithms are those that fit the key's type, and the one of its own if it names one.
	algorithms []string
}

func (k key) fits(algorithm, id string) bool {
	return slices.Contains(k.algorithms, algorithm) && (id == "" || k.id == id)
}

// readKeys returns the keys of a JSON Web Key Set (RFC 7517) that can verify tokens of one of the algorithms. What is
// not for us is left out: keys for encryption, symmetric ones, those of other types or too short. A set without a
// single key of use is an error, so that a mistake of the provider's does not take the keys away that are known.
func readKeys(text []byte, algorithms []string) ([]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("the keys are not JSON of the expected shape")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, at most %d are read", len(set.Keys), maxKeys)
	}
	var keys []key
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

func readKey(text []byte, algorithms []string) (key, bool) {
	var purpose struct {
		Operations []string `json:"key_ops"`
	}
	var read jose.JSONWebKey
	if json.Unmarshal(text, &purpose) != nil || json.Unmarshal(text, &read) != nil || !read.Valid() {
		return key{}, false
	}
	if read.Use != "" && read.Use != "sig" ||
		purpose.Operations != nil && !slices.Contains(purpose.Operations, "verify") {
		return key{}, false
	}
	// A provider that publishes a private key has lost it, and IsPublic is false for a symmetric one too: whoever could
	// verify with that could sign.
	if !read.IsPublic() {
		return key{}, false
	}
	fitting := slices.DeleteFunc(algorithmsOf(read.Key), func(name string) bool {
		return !slices.Contains(algorithms, name) || read.Algorithm != "" && read.Algorithm != name
	})
	return key{id: read.KeyID, public: read.Key, algorithms: fitting}, len(fitting) > 0
}

// algorithmsOf are the algorithms that a key can be used with, by its type alone.
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
