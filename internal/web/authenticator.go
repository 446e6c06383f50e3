package web

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/publicid"
)

const (
	// MinSecretBytes is the shortest secret that signs tokens: as long as what HS256 makes of it (RFC 7518, 3.2).
	MinSecretBytes = 32

	// clockSkew is how far in the future nbf and iat of a token may lie: the clocks of issuer and server differ a little.
	// It does not extend a token: exp is its end.
	clockSkew = time.Minute

	maxTokenBytes  = 8192
	maxKeyIDBytes  = 256
	signInAgain    = "The request carries no valid token. Send one as “Authorization: Bearer …”."
	hintForASecret = "make one with: openssl rand -base64 32"
)

// Authentication configures an Authenticator: a secret, an issuer, or both.
type Authentication struct {
	// Secret has at least MinSecretBytes. It signs the tokens that name no issuer, by HS256.
	Secret []byte
	// Issuer has the signing keys of the tokens that name it in iss, and the algorithms that it permits.
	Issuer *issuer.Issuer
	// Audience has the names of this API. A token of the issuer must have one of them in aud, so that a token for another
	// program is not valid here. An issuer needs it.
	Audience []string
	// Names has the claims of the issuer's tokens.
	Names ClaimNames
	// MaxLife is the longest time that a token may be valid from now on; 0 is no limit. It limits the use of a stolen
	// token.
	MaxLife time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Authenticator reads the tokens of callers: JWT that are signed with a secret or by an issuer, with claims for the
// actor (sub), the organization's uuid, the role, and exp. It signs tokens with the secret. It has no list of tokens,
// so none can be revoked before exp. It is safe for concurrent use.
type Authenticator struct {
	secret  []byte
	issuer  *issuer.Issuer
	names   ClaimNames
	maxLife time.Duration
	now     func() time.Time
	// bySecret and byIssuer each verify only their own algorithms.
	bySecret, byIssuer *jwt.Parser
	cache              tokenCache
}

// NewAuthenticator returns an Authenticator for one secret of at least MinSecretBytes. The clock is time.Now when now
// is nil.
func NewAuthenticator(secret []byte, now func() time.Time) (*Authenticator, error) {
	return Authentication{Secret: secret, Now: now}.Authenticator()
}

// Authenticator returns an Authenticator, or an error for a configuration that cannot work.
func (o Authentication) Authenticator() (*Authenticator, error) {
	switch {
	case len(o.Secret) < MinSecretBytes && (o.Issuer == nil || len(o.Secret) > 0):
		return nil, fmt.Errorf("the secret for tokens has %d bytes and needs at least %d; %s",
			len(o.Secret), MinSecretBytes, hintForASecret)
	case o.Issuer != nil && (len(o.Audience) == 0 || slices.Contains(o.Audience, "")):
		return nil, errors.New("an issuer needs the audience that its tokens for this API have")
	case o.MaxLife < 0:
		return nil, errors.New("the longest life of a token cannot be negative")
	}
	a := &Authenticator{
		secret:  bytes.Clone(o.Secret),
		issuer:  o.Issuer,
		names:   o.Names.withDefaults(),
		maxLife: o.MaxLife,
		now:     o.Now,
	}
	if a.now == nil {
		a.now = time.Now
	}
	options := []jwt.ParserOption{
		jwt.WithStrictDecoding(), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew),
		jwt.WithTimeFunc(a.now),
	}
	a.bySecret = jwt.NewParser(append(options, jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}))...)
	if a.issuer != nil {
		a.byIssuer = jwt.NewParser(append(options, jwt.WithValidMethods(a.issuer.Algorithms()),
			jwt.WithIssuer(a.issuer.URL()), jwt.WithAudience(o.Audience...))...)
	}
	return a, nil
}

// Caller returns the caller of a token. The error is UNAUTHENTICATED, and its text begins with the reason for the log:
// one of a closed list, which repeats nothing of the token. It is TOKEN_EXPIRED for a token that was valid.
// Or it is UNAVAILABLE: the signing keys of the issuer cannot be read now, and the token may be valid.
func (a *Authenticator) Caller(ctx context.Context, token string) (caller.Caller, error) {
	who, _, err := a.read(ctx, token)
	return who, err
}

// read returns the caller and the end of a token, like Caller.
func (a *Authenticator) read(ctx context.Context, token string) (caller.Caller, time.Time, error) {
	hash := sha256.Sum256([]byte(token))
	if v, known := a.cache.get(hash); known && a.isValid(ctx, v) {
		return v.who, v.end, nil
	}
	v, err := a.verify(ctx, token)
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		return caller.Caller{}, time.Time{}, err
	case onlyExpired(err):
		return caller.Caller{}, time.Time{}, fmt.Errorf("the token has expired: %w", errExpired)
	case err != nil:
		return caller.Caller{}, time.Time{}, unauthenticated(reason(err))
	}
	a.cache.put(hash, v)
	return v.who, v.end, nil
}

// verify reads a token. Its issuer decides which keys verify it, and its algorithm must be one of that issuer: an
// algorithm never decides.
func (a *Authenticator) verify(ctx context.Context, token string) (verifiedToken, error) {
	seen, err := readToken(token)
	if err != nil {
		return verifiedToken{}, err
	}
	var v verifiedToken
	iss, named := seen.claims["iss"]
	claims, names := jwt.MapClaims{}, secretNames
	switch {
	case a.issuer != nil && named && iss == a.issuer.URL():
		names = a.names
		if v, err = a.signingKeys(ctx, seen); err == nil {
			_, err = a.byIssuer.ParseWithClaims(token, claims, withKeys(v.keys))
		}
	case a.issuer != nil && named, len(a.secret) == 0:
		err = refused("the token's issuer is unknown")
	default:
		_, err = a.bySecret.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return a.secret, nil })
	}
	if err != nil {
		return verifiedToken{}, err
	}
	if v.end, err = a.endOf(claims); err != nil {
		return verifiedToken{}, err
	}
	v.who, err = names.caller(claims)
	return v, err
}

// signingKeys returns the keys with which the issuer may have signed the token.
func (a *Authenticator) signingKeys(ctx context.Context, seen unverifiedToken) (verifiedToken, error) {
	algorithm, _ := seen.header["alg"].(string)
	if !slices.Contains(a.issuer.Algorithms(), algorithm) {
		return verifiedToken{}, jwt.ErrTokenSignatureInvalid // Such a token must not cause a request to the issuer.
	}
	id, isText := seen.header["kid"].(string)
	if _, named := seen.header["kid"]; named && (!isText || id == "" || len(id) > maxKeyIDBytes) {
		return verifiedToken{}, jwt.ErrTokenMalformed
	}
	// An access token has one of these types, or none (RFC 9068, 4). The issuer signs other tokens with the same keys.
	if kind, named := seen.header["typ"]; named {
		text, _ := kind.(string)
		text = strings.TrimPrefix(strings.ToLower(text), "application/")
		if text != "jwt" && text != "at+jwt" {
			return verifiedToken{}, refused("the token is of another type than an access token")
		}
	}
	keys, err := a.issuer.Keys(ctx, algorithm, id)
	if err == nil && len(keys) == 0 {
		err = refused("the token's key is unknown")
	}
	return verifiedToken{algorithm: algorithm, keyID: id, keys: keys}, err
}

func withKeys(keys []crypto.PublicKey) jwt.Keyfunc {
	return func(*jwt.Token) (any, error) {
		set := jwt.VerificationKeySet{}
		for _, key := range keys {
			set.Keys = append(set.Keys, key)
		}
		return set, nil
	}
}

// endOf returns the end of a token. It checks exp again, because the parser adds clockSkew to it.
func (a *Authenticator) endOf(claims jwt.MapClaims) (time.Time, error) {
	end, err := claims.GetExpirationTime()
	switch now := a.now(); {
	case err != nil || end == nil:
		return time.Time{}, jwt.ErrTokenRequiredClaimMissing
	case !now.Before(end.Time):
		return time.Time{}, jwt.ErrTokenExpired
	case a.maxLife > 0 && end.Sub(now) > a.maxLife+clockSkew:
		return time.Time{}, refused("the token is valid for longer than tokens may be")
	}
	return end.Time, nil
}

// Token signs a token for the caller that is valid from now on for ttl, in whole seconds rounded down. It refuses a
// caller whose token it would not accept.
func (a *Authenticator) Token(who caller.Caller, ttl time.Duration) (string, error) {
	if len(a.secret) == 0 {
		return "", errors.New("without a secret no token can be signed; " + hintForASecret)
	}
	if ttl < time.Second {
		return "", fmt.Errorf("a token must be valid for at least one second, not for %s", ttl)
	}
	now := a.now()
	claims := jwt.MapClaims{
		"sub":                    who.Actor,
		secretNames.Organization: who.OrganizationID.String(),
		secretNames.Role:         string(who.Role),
		"iat":                    jwt.NewNumericDate(now),
		"exp":                    jwt.NewNumericDate(now.Add(ttl)),
	}
	if who.WorkflowID != uuid.Nil {
		claims[secretNames.Workflow] = string(publicid.New(publicid.Workflow, who.WorkflowID))
	}
	if _, err := secretNames.caller(claims); err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(a.secret)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	if len(token) > maxTokenBytes {
		return "", fmt.Errorf("the token has %d bytes, at most %d are accepted", len(token), maxTokenBytes)
	}
	return token, nil
}

// refused is a reason to refuse a token. It repeats nothing of the token.
type refused string

func (r refused) Error() string { return string(r) }

// reason returns why a token is refused, without the library's text, which quotes the token.
func reason(err error) string {
	var ours refused
	if errors.As(err, &ours) {
		return ours.Error()
	}
	for _, known := range []struct {
		err    error
		reason string
	}{
		{jwt.ErrTokenMalformed, "the token is malformed"},
		{jwt.ErrTokenUnverifiable, "the token's algorithm is unknown"},
		{jwt.ErrTokenSignatureInvalid, "the token's signature or algorithm is wrong"},
		{jwt.ErrTokenRequiredClaimMissing, "the token has no expiry, or no audience"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
		{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
		{jwt.ErrTokenInvalidIssuer, "the token's issuer is unknown"},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return "the token is not valid"
}

// errExpired is the error of a token that was valid. Its signature is good, so it says nothing to one who guesses.
var errExpired = fault.New(fault.TokenExpired, "The token has expired. Sign in again.")

// onlyExpired reports whether a token has a good signature and no other fault than its end. The library checks the
// signature before the claims.
func onlyExpired(err error) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) {
		return false
	}
	return !slices.ContainsFunc([]error{
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenRequiredClaimMissing,
		jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer,
	}, func(other error) bool { return errors.Is(err, other) })
}

// unauthenticated returns an error with the reason for the log in front of the one sentence for every client.
func unauthenticated(reason string) error {
	return fmt.Errorf("%s: %w", reason, fault.New(fault.Unauthenticated, signInAgain))
}
