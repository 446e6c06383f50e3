package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"
)

// The paths of a sign-in.
const (
	Authorize = "/authorize"
	Tokens    = "/token"
)

// Person is the person who signs in at the provider. The provider asks for no password.
type Person struct {
	Signer Signer
	// ClientID is the only client of the provider.
	ClientID string
	// Claims are those of each token, without iss, exp and iat.
	Claims map[string]any
	// Life is the life of each token.
	Life time.Duration
	// HasRefresh gives a refresh token with each token. It is good for one use.
	HasRefresh bool
}

// grant is a code, or a refresh token, that the provider has given.
type grant struct {
	challenge, redirect string // of a code
}

// SignIn lets this person sign in from now on: with an authorization code, PKCE (S256) and no client secret.
func (p *Provider) SignIn(person Person) {
	grants := map[string]grant{}
	p.Instead(Authorize, func(w http.ResponseWriter, r *http.Request) { p.authorize(w, r, person, grants) })
	p.Instead(Tokens, func(w http.ResponseWriter, r *http.Request) { p.exchange(w, r, person, grants) })
}

// authorize sends the browser back with a code.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request, person Person, grants map[string]grant) {
	asked := r.URL.Query()
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || back.Host == "" || asked.Get("client_id") != person.ClientID {
		http.Error(w, "another client", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {asked.Get("state")}}
	if asked.Get("response_type") == "code" && asked.Get("code_challenge_method") == "S256" {
		code := rand.Text()
		p.mu.Lock()
		grants[code] = grant{challenge: asked.Get("code_challenge"), redirect: back.String()}
		p.mu.Unlock()
		answer.Set("code", code)
	} else {
		answer.Set("error", "invalid_request")
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// exchange gives a token for a code or a refresh token, each once.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request, person Person, grants map[string]grant) {
	allowPages(w)
	if r.Method == http.MethodOptions {
		return
	}
	key := r.PostFormValue("code")
	isRefresh := r.PostFormValue("grant_type") == "refresh_token"
	if isRefresh {
		key = r.PostFormValue("refresh_token")
	}
	p.mu.Lock()
	given, found := grants[key]
	delete(grants, key)
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	proved := isRefresh && given == (grant{}) ||
		given.redirect == r.PostFormValue("redirect_uri") && given.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	if !found || !proved || r.PostFormValue("client_id") != person.ClientID {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]any{"error": "invalid_grant"})
		return
	}
	now := time.Now()
	claims := map[string]any{
		"iss": p.URL(),
		"iat": now.Unix(),
		"exp": now.Add(person.Life).Unix(),
	}
	for name, value := range person.Claims {
		claims[name] = value
	}
	result := map[string]any{
		"access_token": person.Signer.Token(claims, nil),
		"token_type":   "Bearer",
		"expires_in":   int(person.Life.Seconds()),
	}
	if person.HasRefresh {
		refresh := rand.Text()
		p.mu.Lock()
		grants[refresh] = grant{}
		p.mu.Unlock()
		result["refresh_token"] = refresh
	}
	answer(w, result)
}

// allowPages lets pages of every origin read the answer, as providers do for clients without a secret.
func allowPages(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
}
