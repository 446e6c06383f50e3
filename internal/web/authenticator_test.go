package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

const organization = "018f3b1e-7d5a-7c3e-9b1a-2f4c6d8e0a1b"

// signed returns a token with changed claims; a nil value removes the claim.
func signed(t *testing.T, changes map[string]any) string {
	t.Helper()
	return signedWith(t, jwt.SigningMethodHS256, []byte(secret), changes)
}

func signedWith(t *testing.T, method jwt.SigningMethod, key any, changes map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": "alice", "org": organization, "role": "OPERATOR", "exp": noon.Add(time.Hour).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func authenticator(t *testing.T) *web.Authenticator {
	t.Helper()
	a, err := web.NewAuthenticator([]byte(secret), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthenticator_ReadsTheCallerOfAValidToken(t *testing.T) {
	t.Parallel()
	a := authenticator(t)
	for name, changes := range map[string]map[string]any{
		"Plain":               nil,
		"LongestActor":        {"sub": strings.Repeat("é", 200)},
		"EmojiActor":          {"sub": "山田 👩‍💻"},
		"NbfWithinTheSkew":    {"nbf": noon.Add(59 * time.Second).Unix()},
		"IatWithinTheSkew":    {"iat": noon.Add(59 * time.Second).Unix()},
		"LastSecond":          {"exp": noon.Add(time.Second).Unix()},
		"ClaimsOfOtherThings": {"aud": "another", "name": "Alice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor := "alice"
			if sub, changed := changes["sub"]; changed {
				actor = sub.(string)
			}
			want := caller.Caller{Actor: actor, OrganizationID: uuid.MustParse(organization), Role: caller.Operator}
			got, err := a.Caller(t.Context(), signed(t, changes))
			if err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// badTokens returns tokens that must be refused.
func badTokens(t *testing.T) map[string]string {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	// Each is signed correctly with HS256 and our secret, under a header with another algorithm.
	_, body, _ := strings.Cut(signed(t, nil), ".")
	payload, signature, _ := strings.Cut(body, ".")
	under := func(header string) string {
		h := base64.RawURLEncoding.EncodeToString([]byte(header))
		mac, err := jwt.SigningMethodHS256.Sign(h+"."+payload, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return h + "." + payload + "." + base64.RawURLEncoding.EncodeToString(mac)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	good := signed(t, nil)
	return map[string]string{
		"Empty":                    "",
		"Words":                    "let me in",
		"TwoParts":                 none + "." + payload,
		"None":                     none + "." + payload + ".",
		"NoneFromTheLibrary":       signedWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"NoneWithASignature":       none + "." + payload + "." + signature,
		"HeaderNoneSpelledOddly":   under(`{"alg":"nOnE"}`),
		"HeaderRS256BodyHS256":     under(`{"alg":"RS256","typ":"JWT"}`),
		"HeaderHS512BodyHS256":     under(`{"alg":"HS512","typ":"JWT"}`),
		"HeaderUnknownAlgorithm":   under(`{"alg":"SURPRISE"}`),
		"HeaderWithoutAlgorithm":   under(`{"typ":"JWT"}`),
		"HeaderCritical":           under(`{"alg":"HS256","crit":["b64"],"b64":false}`),
		"RS256":                    signedWith(t, jwt.SigningMethodRS256, rsaKey, nil),
		"HS384":                    signedWith(t, jwt.SigningMethodHS384, []byte(secret), nil),
		"HS512":                    signedWith(t, jwt.SigningMethodHS512, []byte(secret), nil),
		"WrongSecret":              signedWith(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), nil),
		"OtherSignature":           good[:len(good)-8] + "AAAAAAAA",
		"NoSignature":              good[:strings.LastIndex(good, ".")+1],
		"Padded":                   good + "=",
		"Expired":                  signed(t, map[string]any{"exp": noon.Add(-time.Second).Unix()}),
		"ExpiredAndForged":         forgedExpired(t),
		"ExpiredBeforeItBegins":    signed(t, map[string]any{"exp": 1, "nbf": noon.Add(time.Hour).Unix()}),
		"ExpiresNow":               signed(t, map[string]any{"exp": noon.Unix()}),
		"ExpiredLongAgo":           signed(t, map[string]any{"exp": 0}),
		"NoExpiry":                 signed(t, map[string]any{"exp": nil}),
		"ExpiryAsText":             signed(t, map[string]any{"exp": "tomorrow"}),
		"FutureNbf":                signed(t, map[string]any{"nbf": noon.Add(61 * time.Second).Unix()}),
		"FutureIat":                signed(t, map[string]any{"iat": noon.Add(61 * time.Second).Unix()}),
		"NoOrganization":           signed(t, map[string]any{"org": nil}),
		"OrganizationIsAWord":      signed(t, map[string]any{"org": "acme"}),
		"OrganizationIsNil":        signed(t, map[string]any{"org": uuid.Nil.String()}),
		"OrganizationAsURN":        signed(t, map[string]any{"org": "urn:uuid:" + organization}),
		"OrganizationInBraces":     signed(t, map[string]any{"org": "{" + organization + "}"}),
		"OrganizationUnhyphenated": signed(t, map[string]any{"org": strings.ReplaceAll(organization, "-", "")}),
		"NoRole":                   signed(t, map[string]any{"role": nil}),
		"UnknownRole":              signed(t, map[string]any{"role": "OWNER"}),
		"RoleInLowerCase":          signed(t, map[string]any{"role": "admin"}),
		"RolesInAList":             signed(t, map[string]any{"role": []string{"ADMIN"}}),
		"NoActor":                  signed(t, map[string]any{"sub": nil}),
		"EmptyActor":               signed(t, map[string]any{"sub": ""}),
		"BlankActor":               signed(t, map[string]any{"sub": " \u2003 "}),
		"ActorTooLong":             signed(t, map[string]any{"sub": strings.Repeat("é", 201)}),
		"ActorWithNewline":         signed(t, map[string]any{"sub": "alice\nbob"}),
		"ActorWithNUL":             signed(t, map[string]any{"sub": "alice\x00"}),
		"ActorIsAWorker":           signed(t, map[string]any{"sub": "worker:7"}),
		"ActorHasNoWidth":          signed(t, map[string]any{"sub": "alice\u200b"}),
		"ActorBehindASpace":        signed(t, map[string]any{"sub": " key:k1"}),
		"ActorBeforeASpace":        signed(t, map[string]any{"sub": "alice "}),
		"ActorNotComposed":         signed(t, map[string]any{"sub": "Zoe\u0308"}),
		"ActorWithAJoiner":         signed(t, map[string]any{"sub": "al\u200dice"}),
		"ActorWithAFiller":         signed(t, map[string]any{"sub": "alice\u3164"}),
		"ActorIsTheSweeper":        signed(t, map[string]any{"sub": "sweeper"}),
		"TooLong":                  signed(t, map[string]any{"more": strings.Repeat("x", 9000)}),
	}
}

// wasValid reports whether a bad token has a good signature and only its end is wrong.
func wasValid(name string) bool { return name == "Expired" || name == "ExpiresNow" }

// forgedExpired returns an expired token with another signature: it must get the same answer as any other forged one.
func forgedExpired(t *testing.T) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": "alice", "org": organization, "role": "OPERATOR", "exp": 1}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(strings.Repeat("x", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAuthenticator_RefusesABadTokenAndNeverRepeatsIt(t *testing.T) {
	t.Parallel()
	a := authenticator(t)
	for name, token := range badTokens(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who, err := a.Caller(t.Context(), token)
			want := fault.Unauthenticated
			if wasValid(name) {
				want = fault.TokenExpired
			}
			if who.Known() || fault.KindOf(err) != want {
				t.Fatalf("got %+v, %v, want no caller and %s", who, err, want)
			}
			for _, part := range append(strings.Split(token, "."), "SURPRISE", "OWNER", "acme") {
				if len(part) > 3 && strings.Contains(err.Error(), part) {
					t.Errorf("error %q repeats %q of the token", err, part)
				}
			}
		})
	}
}

func TestAuthenticator_ReadsItsOwnTokens(t *testing.T) {
	t.Parallel()
	now := noon
	a, err := web.NewAuthenticator([]byte(secret), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	want := caller.Caller{Actor: "bob", OrganizationID: uuid.New(), Role: caller.Admin}
	token, err := a.Token(want, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	now = noon.Add(time.Minute - time.Nanosecond)
	if got, err := a.Caller(t.Context(), token); err != nil || got != want {
		t.Errorf("just before its end: got %+v, %v, want %+v", got, err, want)
	}
	now = noon.Add(time.Minute)
	if _, err := a.Caller(t.Context(), token); fault.KindOf(err) != fault.TokenExpired {
		t.Errorf("at its end: got %v, want TOKEN_EXPIRED", err)
	}
}

func TestAuthenticator_SignsNoTokenThatItWouldRefuse(t *testing.T) {
	t.Parallel()
	a := authenticator(t)
	good := caller.Caller{Actor: "bob", OrganizationID: uuid.New(), Role: caller.Admin}
	for name, c := range map[string]struct {
		change func(*caller.Caller)
		ttl    time.Duration
	}{
		"NoActor":        {func(c *caller.Caller) { c.Actor = "" }, time.Hour},
		"Worker":         {func(c *caller.Caller) { c.Actor = "worker:1" }, time.Hour},
		"BrokenUTF8":     {func(c *caller.Caller) { c.Actor = "b\xffb" }, time.Hour},
		"NoOrganization": {func(c *caller.Caller) { c.OrganizationID = uuid.Nil }, time.Hour},
		"UnknownRole":    {func(c *caller.Caller) { c.Role = "OWNER" }, time.Hour},
		"NoTime":         {func(*caller.Caller) {}, 0},
		"NegativeTime":   {func(*caller.Caller) {}, -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := good
			c.change(&who)
			if token, err := a.Token(who, c.ttl); err == nil {
				t.Errorf("got %q, want an error", token)
			}
		})
	}
}

func TestAuthenticator_RefusesAShortSecret(t *testing.T) {
	t.Parallel()
	_, err := web.NewAuthenticator([]byte(strings.Repeat("s", 31)), nil)
	if err == nil || strings.Contains(err.Error(), "sss") {
		t.Errorf("31 bytes: got %v, want an error that does not repeat the secret", err)
	}
	if _, err := web.NewAuthenticator([]byte(strings.Repeat("s", 32)), nil); err != nil {
		t.Errorf("32 bytes: got %v, want none", err)
	}
}
