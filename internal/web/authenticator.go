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

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/issuer"
)

const (
	// MinSecretBytes is the shortest secret that signs tokens: as long as what HS256 makes of it (RFC 7518, 3.2).
	MinSecretBytes = 32

	// clockSkew is how far in the future a token's nbf and iat may lie: the clocks of issuer and server differ a
	// little. The end of a token is not stretched: at exp it is over, as whoever chose exp was told.
	clockSkew = time.Minute

	maxTokenBytes  = 8192
	maxKeyIDBytes  = 256
	signInAgain    = "The request carries no valid token. Send one as “Authorization: Bearer …”."
	hintForASecret = "make one with: openssl rand -base64 32"
)

// Authentication is what an Authenticator is made of: a secret, an issuer, or both.
type Authentication struct {
	// Secret of at least MinSecretBytes: tokens without an issuer of theirs are signed with it, by HS256.
	Secret []byte
	// Issuer has the keys of the tokens that name it in iss, and says which algorithms these may be signed with.
	Issuer *issuer.Issuer
	// Audience are the names of this API, of which a token of the issuer's must have one in aud: what was signed for
	// another program is not for us. An issuer needs it.
	Audience []string
	// Names says where the issuer's tokens have what we ask for.
	Names ClaimNames
	// MaxLife is the longest that a token may be valid from now on; 0 is no end. A stolen one is good for no longer.
	MaxLife time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Authenticator reads the tokens that callers identify themselves with: JWT that are signed with a secret or by an
// issuer, with claims for the actor (sub), the organization's uuid, the role, and exp. It signs those with the secret.
// It keeps no list of tokens, so none can be called back before exp.
type Authenticator struct {
	secret  []byte
	issuer  *issuer.Issuer
	names   ClaimNames
	maxLife time.Duration
	now     func() time.Time
	// bySecret and byIssuer each verify their own algorithms and nothing else.
	bySecret, byIssuer *jwt.Parser
	remembered         remembered
}

// NewAuthenticator returns an Authenticator for one secret of at least MinSecretBytes. The clock is time.Now when now
// is nil.
func NewAuthenticator(secret []byte, now func() time.Time) (*Authenticator, error) {
	return Authentication{Secret: secret, Now: now}.Authenticator()
}

// Authenticator returns what reads the tokens, or why it cannot work like this.
func (o Authentication) Authenticator() (*Authenticator, error) {
	switch {
	case len(o.Secret) < MinSecretBytes && (o.Issuer == nil || len(o.Secret) > 0):
		return nil, fmt.Errorf("the secret for tokens has %d bytes and needs at least %d; %s",
			len(o.Secret), MinSecretBytes, hintForASecret)
	case o.Issuer != nil && (len(o.Audience) == 0 || slices.Contains(o.Audience, "")):
		return nil, errors.New("an issuer needs the audience that its tokens for this API have")
	case o.MaxLife < 0:
		return nil, errors.New("tokens cannot be valid for less than no time")
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

// Caller returns who the token speaks for. An error is UNAUTHENTICATED, and its text begins with the reason, which is
// for the log and is one of a closed list: nothing of the token is repeated. Or it is UNAVAILABLE: the issuer's keys
// are not known at present, and the token may be good.
func (a *Authenticator) Caller(ctx context.Context, token string) (caller.Caller, error) {
	who, _, err := a.read(ctx, token)
	return who, err
}

// read is Caller with the time when the token ends.
func (a *Authenticator) read(ctx context.Context, token string) (caller.Caller, time.Time, error) {
	hash := sha256.Sum256([]byte(token))
	if v, known := a.remembered.get(hash); known && a.stands(ctx, v) {
		return v.who, v.end, nil
	}
	v, err := a.verified(ctx, token)
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		return caller.Caller{}, time.Time{}, err
	case err != nil:
		return caller.Caller{}, time.Time{}, unauthenticated(reason(err))
	}
	a.remembered.put(hash, v)
	return v.who, v.end, nil
}

// verified reads a token. Whose keys it is verified with is decided by its issuer, never by its algorithm: the
// algorithm must then be one of those.
func (a *Authenticator) verified(ctx context.Context, token string) (verdict, error) {
	seen, err := inspect(token)
	if err != nil {
		return verdict{}, err
	}
	var v verdict
	iss, named := seen.claims["iss"]
	claims, names := jwt.MapClaims{}, secretNames
	switch {
	case a.issuer != nil && named && iss == a.issuer.URL():
		names = a.names
		if v, err = a.keysOf(ctx, seen); err == nil {
			_, err = a.byIssuer.ParseWithClaims(token, claims, withKeys(v.keys))
		}
	case a.issuer != nil && named, len(a.secret) == 0:
		err = refused("the token's issuer is unknown")
	default:
		_, err = a.bySecret.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return a.secret, nil })
	}
	if err != nil {
		return verdict{}, err
	}
	if v.end, err = a.endOf(claims); err != nil {
		return verdict{}, err
	}
	v.who, err = names.caller(claims)
	return v, err
}

// keysOf returns the keys that the issuer may have signed the token with.
func (a *Authenticator) keysOf(ctx context.Context, seen inspected) (verdict, error) {
	algorithm, _ := seen.header["alg"].(string)
	if !slices.Contains(a.issuer.Algorithms(), algorithm) {
		return verdict{}, jwt.ErrTokenSignatureInvalid // Nobody is asked for keys on account of it.
	}
	id, isText := seen.header["kid"].(string)
	if _, named := seen.header["kid"]; named && (!isText || id == "" || len(id) > maxKeyIDBytes) {
		return verdict{}, jwt.ErrTokenMalformed
	}
	// An access token says so or says nothing (RFC 9068, 4): the issuer signs other things as well, with the same keys.
	if kind, named := seen.header["typ"]; named {
		text, _ := kind.(string)
		text = strings.TrimPrefix(strings.ToLower(text), "application/")
		if text != "jwt" && text != "at+jwt" {
			return verdict{}, refused("the token is of another type than an access token")
		}
	}
	keys, err := a.issuer.Keys(ctx, algorithm, id)
	if err == nil && len(keys) == 0 {
		err = refused("the token's key is unknown")
	}
	return verdict{algorithm: algorithm, key: id, keys: keys}, err
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

// endOf returns when a token is over. The parser stretched exp by the clock skew as well; see there.
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

// Token signs a token for the caller that is valid from now on and for ttl, in whole seconds rounded down. It refuses a
// caller that it would not accept back.
func (a *Authenticator) Token(who caller.Caller, ttl time.Duration) (string, error) {
	if len(a.secret) == 0 {
		return "", errors.New("without a secret no token can be signed; " + hintForASecret)
	}
	if ttl < time.Second {
		return "", fmt.Errorf("a token must be valid for at least one second, not for %s", ttl)
	}
	now := a.now()
	claims := jwt.MapClaims{
		"sub": who.Actor, secretNames.Organization: who.OrganizationID.String(), secretNames.Role: string(who.Role),
		"iat": jwt.NewNumericDate(now), "exp": jwt.NewNumericDate(now.Add(ttl)),
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

// refused is a reason of ours not to accept a token. It repeats nothing of it.
type refused string

func (r refused) Error() string { return string(r) }

// reason names what is wrong with a token without the library's words, which quote it.
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

// unauthenticated has the reason for the log in front and one sentence for every client within.
func unauthenticated(reason string) error {
	return fmt.Errorf("%s: %w", reason, fault.New(fault.Unauthenticated, signInAgain))
}
