package web

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

const (
	// MinSecretBytes is the shortest secret that signs tokens: as long as what HS256 makes of it (RFC 7518, 3.2).
	MinSecretBytes = 32

	// clockSkew is how far in the future a token's nbf and iat may lie: the clocks of issuer and server differ a
	// little. The end of a token is not stretched: at exp it is over, as whoever chose exp was told.
	clockSkew = time.Minute

	maxTokenBytes   = 4096
	maxActorRunes   = 200
	reservedActor   = "worker:" // the engine's own workers write this into the journals; nobody else may
	signInAgain     = "The request carries no valid token. Send one as “Authorization: Bearer …”."
	hintForASecret  = "make one with: openssl rand -base64 32"
	canonicalLength = len("00000000-0000-0000-0000-000000000000")
)

// Authenticator reads and signs the tokens that callers identify themselves with: JWT with HS256 and the claims sub
// (the actor), org (the organization's uuid), role and exp. It keeps no list of tokens, so none can be called back
// before exp.
type Authenticator struct {
	secret []byte
	now    func() time.Time
	parser *jwt.Parser
}

// claims is the payload of a token.
type claims struct {
	Organization string      `json:"org"`
	Role         caller.Role `json:"role"`
	jwt.RegisteredClaims
}

// NewAuthenticator returns an Authenticator for one secret of at least MinSecretBytes. The clock is time.Now when now
// is nil.
func NewAuthenticator(secret []byte, now func() time.Time) (*Authenticator, error) {
	if len(secret) < MinSecretBytes {
		return nil, fmt.Errorf("the secret for tokens has %d bytes and needs at least %d; %s",
			len(secret), MinSecretBytes, hintForASecret)
	}
	if now == nil {
		now = time.Now
	}
	return &Authenticator{
		secret: bytes.Clone(secret),
		now:    now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithStrictDecoding(),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(clockSkew),
			jwt.WithTimeFunc(now),
		),
	}, nil
}

// Caller returns who the token speaks for. Every error is UNAUTHENTICATED; its text begins with the reason, which is
// for the log and is one of a closed list: nothing of the token is repeated.
func (a *Authenticator) Caller(token string) (caller.Caller, error) {
	who, _, err := a.read(token)
	return who, err
}

// read is Caller with the time when the token ends.
func (a *Authenticator) read(token string) (caller.Caller, time.Time, error) {
	if len(token) > maxTokenBytes {
		return caller.Caller{}, time.Time{}, unauthenticated("the token is too long")
	}
	var c claims
	parsed, err := a.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return a.secret, nil })
	if err != nil {
		return caller.Caller{}, time.Time{}, unauthenticated(reason(err))
	}
	// A header marked critical must be understood or the token refused (RFC 7515, 4.1.11); none is understood here.
	if _, critical := parsed.Header["crit"]; critical {
		return caller.Caller{}, time.Time{}, unauthenticated("the token has a critical header")
	}
	// The parser stretched exp by the clock skew as well; see there.
	if !a.now().Before(c.ExpiresAt.Time) {
		return caller.Caller{}, time.Time{}, unauthenticated("the token has expired")
	}
	who, err := c.caller()
	if err != nil {
		return caller.Caller{}, time.Time{}, unauthenticated(err.Error())
	}
	return who, c.ExpiresAt.Time, nil
}

// Token signs a token for the caller that is valid from now on and for ttl, in whole seconds rounded down. It refuses a
// caller that it would not accept back.
func (a *Authenticator) Token(who caller.Caller, ttl time.Duration) (string, error) {
	if ttl < time.Second {
		return "", fmt.Errorf("a token must be valid for at least one second, not for %s", ttl)
	}
	now := a.now()
	c := claims{
		Organization: who.OrganizationID.String(),
		Role:         who.Role,
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   who.Actor,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
	}
	if _, err := c.caller(); err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(a.secret)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	if len(token) > maxTokenBytes {
		return "", fmt.Errorf("the token has %d bytes, at most %d are accepted", len(token), maxTokenBytes)
	}
	return token, nil
}

// caller reads the claims that say who it is. Its errors repeat nothing of the token.
func (c claims) caller() (caller.Caller, error) {
	if err := checkActor(c.Subject); err != nil {
		return caller.Caller{}, err
	}
	// uuid.Parse knows four spellings; an organization has one.
	organization, err := uuid.Parse(c.Organization)
	if err != nil || len(c.Organization) != canonicalLength || organization == uuid.Nil {
		return caller.Caller{}, errors.New("the organization (org) is not a uuid")
	}
	if !c.Role.Valid() {
		return caller.Caller{}, errors.New("the role is not VIEWER, OPERATOR or ADMIN")
	}
	return caller.Caller{Actor: c.Subject, OrganizationID: organization, Role: c.Role}, nil
}

func checkActor(actor string) error {
	switch {
	case strings.TrimSpace(actor) == "":
		return errors.New("the actor (sub) is empty")
	case !utf8.ValidString(actor) || strings.ContainsFunc(actor, unicode.IsControl):
		return errors.New("the actor (sub) contains control characters")
	case utf8.RuneCountInString(actor) > maxActorRunes:
		return fmt.Errorf("the actor (sub) has more than %d characters", maxActorRunes)
	case strings.HasPrefix(actor, reservedActor):
		return fmt.Errorf("the actor (sub) begins with %q, which is reserved for the engine", reservedActor)
	}
	return nil
}

// reason names what is wrong with a token without the library's words, which quote it.
func reason(err error) string {
	for _, known := range []struct {
		err    error
		reason string
	}{
		{jwt.ErrTokenMalformed, "the token is malformed"},
		{jwt.ErrTokenUnverifiable, "the token's algorithm is unknown"},
		{jwt.ErrTokenSignatureInvalid, "the token's signature or algorithm is wrong"},
		{jwt.ErrTokenRequiredClaimMissing, "the token has no expiry"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
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
