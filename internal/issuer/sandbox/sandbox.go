// Package sandbox is an identity provider as a server on this machine: it has a discovery document and keys, signs
// whatever a test asks for, and misbehaves on demand. Only tests import it.
package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// The paths of a provider.
const (
	Discovery = "/.well-known/openid-configuration"
	KeySet    = "/keys"
)

// Provider is an identity provider that runs.
type Provider struct {
	server *httptest.Server

	mu        sync.Mutex
	published []jose.JSONWebKey
	instead   map[string]http.HandlerFunc
	asked     map[string]int
}

// Start starts a provider that publishes the keys of these signers.
func Start(signers ...Signer) *Provider {
	p := &Provider{instead: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	p.Publish(signers...)
	return p
}

// URL is the issuer identifier.
func (p *Provider) URL() string { return p.server.URL }

// Close takes the provider away.
func (p *Provider) Close() {
	p.server.CloseClientConnections()
	p.server.Close()
}

// Publish replaces the keys.
func (p *Provider) Publish(signers ...Signer) {
	keys := []jose.JSONWebKey{}
	for _, s := range signers {
		keys = append(keys, s.Public())
	}
	p.PublishKeys(keys...)
}

// PublishKeys replaces the keys by any others.
func (p *Provider) PublishKeys(keys ...jose.JSONWebKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = keys
}

// Instead has another handler answer at a path; nil ends that.
func (p *Provider) Instead(path string, handler http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead[path] = handler
}

// Asked is how often something has been asked for at a path.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	instead, keys := p.instead[r.URL.Path], p.published
	p.mu.Unlock()
	switch {
	case instead != nil:
		instead(w, r)
	case r.URL.Path == Discovery:
		allowPages(w)
		answer(w, map[string]any{
			"issuer":                 p.URL(),
			"jwks_uri":               p.URL() + KeySet,
			"authorization_endpoint": p.URL() + Authorize,
			"token_endpoint":         p.URL() + Tokens,
		})
	case r.URL.Path == KeySet:
		answer(w, jose.JSONWebKeySet{Keys: keys})
	default:
		http.NotFound(w, r)
	}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // The client may be gone.
}

// Signer is a private key and how it is used.
type Signer struct {
	ID, Algorithm string
	Private       crypto.Signer
}

// NewSigner makes a key for an algorithm.
func NewSigner(algorithm, id string) Signer {
	s := Signer{ID: id, Algorithm: algorithm}
	var err error
	switch algorithm {
	case "RS256", "PS256":
		s.Private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		s.Private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		s.Private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, s.Private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("no key fits %q", algorithm)
	}
	if err != nil {
		panic(err)
	}
	return s
}

// Public is the key as it is published.
func (s Signer) Public() jose.JSONWebKey {
	return jose.JSONWebKey{
		KeyID:     s.ID,
		Algorithm: s.Algorithm,
		Use:       "sig",
		Key:       s.Private.Public(),
	}
}

// Token signs claims. The header may be changed; nil takes a name away.
func (s Signer) Token(claims, header map[string]any) string {
	token := jwt.NewWithClaims(jwt.GetSigningMethod(s.Algorithm), jwt.MapClaims(claims))
	if s.ID != "" {
		token.Header["kid"] = s.ID
	}
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, value any) bool { return value == nil })
	text, err := token.SignedString(s.Private)
	if err != nil {
		panic(err)
	}
	return text
}
