package web_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/issuer"
	"github.com/infin8content/engine/internal/issuer/sandbox"
	"github.com/infin8content/engine/internal/web"
)

// signers are the signing keys of the identity provider, by algorithm; stranger belongs to another provider.
var (
	signers = func() map[string]sandbox.Signer {
		all := map[string]sandbox.Signer{}
		for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
			all[algorithm] = sandbox.NewSigner(algorithm, "key of "+algorithm)
		}
		return all
	}()
	stranger = sandbox.NewSigner("RS256", "key of RS256")
)

// issuerSetup is an authenticator with its issuer.
type issuerSetup struct {
	*web.Authenticator
	provider *sandbox.Provider
}

func issued(t *testing.T, change func(*web.Authentication)) issuerSetup {
	t.Helper()
	h := issuerSetup{provider: sandbox.Start(signers["RS256"], signers["ES256"], signers["EdDSA"])}
	t.Cleanup(h.provider.Close)
	known, err := issuer.New(issuer.Options{URL: h.provider.URL(), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	o := web.Authentication{
		Issuer: known, Audience: []string{"https://api.example.com", "engine"}, Now: func() time.Time { return noon },
	}
	if change != nil {
		change(&o)
	}
	if h.Authenticator, err = o.Authenticator(); err != nil {
		t.Fatal(err)
	}
	return h
}

// claims returns valid claims with changes; nil removes one.
func (h issuerSetup) claims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": h.provider.URL(), "aud": "engine", "sub": "alice", "org": organization, "role": "OPERATOR",
		"exp": noon.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func TestIssuer_ReadsTheCallerOfAValidToken(t *testing.T) {
	t.Parallel()
	h := issued(t, nil)
	want := caller.Caller{Actor: "alice", OrganizationID: uuid.MustParse(organization), Role: caller.Operator}
	for name, token := range map[string]string{
		"RS256":        signers["RS256"].Token(h.claims(nil), nil),
		"ES256":        signers["ES256"].Token(h.claims(nil), nil),
		"EdDSA":        signers["EdDSA"].Token(h.claims(nil), nil),
		"AccessToken":  signers["ES256"].Token(h.claims(nil), map[string]any{"typ": "at+jwt"}),
		"LongType":     signers["ES256"].Token(h.claims(nil), map[string]any{"typ": "application/at+JWT"}),
		"NoType":       signers["ES256"].Token(h.claims(nil), map[string]any{"typ": nil}),
		"NoKeyID":      signers["ES256"].Token(h.claims(nil), map[string]any{"kid": nil}),
		"Audiences":    signers["ES256"].Token(h.claims(map[string]any{"aud": []any{"x", "https://api.example.com"}}), nil),
		"NbfInTheSkew": signers["ES256"].Token(h.claims(map[string]any{"nbf": noon.Add(59 * time.Second).Unix()}), nil),
		"RoleInAList":  signers["ES256"].Token(h.claims(map[string]any{"role": []string{"VIEWER", "x", "OPERATOR"}}), nil),
	} {
		if got, err := h.Caller(t.Context(), token); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
	if got := h.provider.Asked(sandbox.KeySet); got != 1 {
		t.Errorf("the keys were fetched %d times, want once", got)
	}
}

// forged returns tokens of this issuer that must be refused.
func (h issuerSetup) forged(t *testing.T) map[string]string {
	t.Helper()
	rs, es, ed := signers["RS256"], signers["ES256"], signers["EdDSA"]
	with := func(changes map[string]any) string { return es.Token(h.claims(changes), nil) }
	under := func(header map[string]any) string { return es.Token(h.claims(nil), header) }
	// These are public forms of the key that a careless verifier takes for a secret.
	der, err := x509.MarshalPKIXPublicKey(rs.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := rs.Public().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	hs256 := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(h.claims(nil)))
		token.Header["kid"] = rs.ID
		text, err := token.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	raw := func(header, payload string) string {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." +
			base64.RawURLEncoding.EncodeToString([]byte(payload))
		signature, err := jwt.SigningMethodES256.Sign(text, es.Private)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	header := fmt.Sprintf(`{"alg":"ES256","kid":%q}`, es.ID)
	payload := func(more string) string {
		return fmt.Sprintf(`{"iss":%q,"aud":"engine","sub":"alice","org":%q,"role":"VIEWER","exp":%d%s}`,
			h.provider.URL(), organization, noon.Add(time.Hour).Unix(), more)
	}
	if _, err := h.Caller(t.Context(), raw(header, payload(""))); err != nil {
		t.Fatalf("what the broken ones are made of is not good: %v", err)
	}
	good := with(nil)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	middle := strings.Split(good, ".")[1]
	return map[string]string{
		"None":                  none + "." + middle + ".",
		"NoneWithASignature":    none + good[strings.Index(good, "."):],
		"SecretIsThePublicPEM":  hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"SecretIsThePublicDER":  hs256(der),
		"SecretIsThePublicJWK":  hs256(jwk),
		"SecretIsOurs":          hs256([]byte(secret)),
		"AStrangersKey":         stranger.Token(h.claims(nil), nil),
		"AStrangersKeyID":       sandbox.NewSigner("ES256", "unheard of").Token(h.claims(nil), nil),
		"AnotherKeysID":         under(map[string]any{"kid": ed.ID}),
		"AnotherAlgorithm":      raw(strings.Replace(header, "ES256", "RS256", 1), payload("")),
		"AKeyInTheHeader":       stranger.Token(h.claims(nil), map[string]any{"jwk": stranger.Public()}),
		"AKeysAddress":          stranger.Token(h.claims(nil), map[string]any{"jku": "https://evil.example/keys"}),
		"AnAlgorithmNotAllowed": jwtWith(t, jwt.SigningMethodPS256, rs, h.claims(nil)),
		"OtherSignature":        good[:len(good)-12] + "AAAAAAAAAAAA",
		"Critical":              under(map[string]any{"crit": []string{"exp"}}),
		"AnIDToken":             under(map[string]any{"typ": "logout+jwt"}),
		"TypeIsANumber":         under(map[string]any{"typ": 1}),
		"KeyIDIsANumber":        under(map[string]any{"kid": 1}),
		"KeyIDIsEmpty":          under(map[string]any{"kid": ""}),
		"KeyIDIsLong":           under(map[string]any{"kid": strings.Repeat("k", 300)}),
		"NoIssuer":              with(map[string]any{"iss": nil}),
		"WrongIssuer":           with(map[string]any{"iss": "https://evil.example"}),
		"IssuerWithASlash":      with(map[string]any{"iss": h.provider.URL() + "/"}),
		"IssuerInAList":         with(map[string]any{"iss": []string{h.provider.URL()}}),
		"NoAudience":            with(map[string]any{"aud": nil}),
		"WrongAudience":         with(map[string]any{"aud": "other"}),
		"WrongAudiences":        with(map[string]any{"aud": []string{"other", "Engine", "engine "}}),
		"NoAudiences":           with(map[string]any{"aud": []string{}}),
		"AudienceIsANumber":     with(map[string]any{"aud": 7}),
		"Expired":               with(map[string]any{"exp": noon.Add(-time.Second).Unix()}),
		"ExpiresNow":            with(map[string]any{"exp": noon.Unix()}),
		"NoExpiry":              with(map[string]any{"exp": nil}),
		"ExpiresNever":          with(map[string]any{"exp": 1e300}),
		"NotYetValid":           with(map[string]any{"nbf": noon.Add(61 * time.Second).Unix()}),
		"ValidAtTheEndOfTime":   with(map[string]any{"nbf": 1e300}),
		"IssuedLater":           with(map[string]any{"iat": noon.Add(61 * time.Second).Unix()}),
		"TwoOrganizations":      raw(header, payload(`,"org":"`+uuid.NewString()+`"`)),
		"TwoRoles":              raw(header, payload(`,"role":"ADMIN"`)),
		"TwoRolesEscaped":       raw(header, payload(`,"\u0072ole":"ADMIN"`)),
		"TwoAlgorithms":         raw(strings.Replace(header, "{", `{"alg":"none",`, 1), payload("")),
		"TwoDeepInside":         raw(header, payload(`,"x":{"a":[{"b":1,"b":2}]}`)),
		"DeepClaims":            raw(header, payload(`,"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100))),
		"BrokenUTF8":            raw(header, payload(",\"x\":\"\xff\"")),
		"SomethingAfter":        raw(header, payload("")+" {}"),
		"AList":                 raw(header, "["+payload("")+"]"),
		"RoleInCapitals":        raw(header, strings.Replace(payload(""), `"role"`, `"ROLE"`, 1)),
		"NoRoleOfOurs":          with(map[string]any{"role": []any{"editor", 7, nil}}),
		"NoRoles":               with(map[string]any{"role": []string{}}),
		"AWorker":               with(map[string]any{"sub": "worker:1"}),
		"AMisleadingActor":      with(map[string]any{"sub": "alice\u202egnp.exe"}),
		"AnotherOrganization":   with(map[string]any{"org": "org_abc"}),
		"Long":                  with(map[string]any{"more": strings.Repeat("x", 9000)}),
		"FourParts":             good + ".AAAA", "TwoParts": good[:strings.LastIndex(good, ".")],
	}
}

func jwtWith(t *testing.T, method jwt.SigningMethod, s sandbox.Signer, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	token.Header["kid"] = s.ID
	text, err := token.SignedString(s.Private)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestIssuer_RefusesAForgedToken(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string][]byte{"": nil, "beside a secret": []byte(secret)} {
		h := issued(t, func(o *web.Authentication) { o.Secret = secret })
		for what, token := range h.forged(t) {
			who, err := h.Caller(t.Context(), token)
			want := fault.Unauthenticated
			if wasValid(what) {
				want = fault.TokenExpired
			}
			if who.Known() || fault.KindOf(err) != want {
				t.Errorf("%s %s: got %+v, %v, want no caller and %s", what, name, who, err, want)
			}
			for _, part := range append(strings.Split(token, "."), "evil", "unheard") {
				if err != nil && len(part) > 3 && strings.Contains(err.Error(), part) {
					t.Errorf("%s: the error %q repeats %q of the token", what, err, part)
				}
			}
		}
		if got := h.provider.Asked(sandbox.KeySet); got > 2 {
			t.Errorf("the keys were fetched %d times, want once for all that are unknown", got)
		}
	}
}

func TestIssuer_DecidesTheKeysAndTheAlgorithmDoesNot(t *testing.T) {
	t.Parallel()
	both := issued(t, func(o *web.Authentication) { o.Secret = []byte(secret) })
	only := issued(t, nil)
	for name, c := range map[string]struct {
		token      string
		both, only bool
	}{
		"Ours":                   {signed(t, nil), true, false},
		"OursInTheIssuersName":   {signed(t, both.claims(nil)), false, false},
		"OursInAnothersName":     {signed(t, map[string]any{"iss": "https://other.example"}), false, false},
		"TheIssuersWithoutAName": {signers["ES256"].Token(both.claims(map[string]any{"iss": nil}), nil), false, false},
	} {
		for which, h := range map[string]issuerSetup{"both": both, "only": only} {
			_, err := h.Caller(t.Context(), c.token)
			if want := which == "both" && c.both || which == "only" && c.only; (err == nil) != want {
				t.Errorf("%s, %s: got %v, want good %t", name, which, err, want)
			}
		}
	}
	who := caller.Caller{Actor: "a", OrganizationID: uuid.New(), Role: caller.Admin}
	if _, err := only.Token(who, time.Hour); err == nil {
		t.Error("a token was signed without a secret")
	}
}

func TestClaimNames_FindTheClaimsOfAProvider(t *testing.T) {
	t.Parallel()
	names := web.ClaimNames{
		Organization: "https://example.com/org", Role: "/realm_access/a~1b/roles",
		Roles: map[string]caller.Role{"editors": caller.Operator, "readers": caller.Viewer, "owners": caller.Admin},
	}
	h := issued(t, func(o *web.Authentication) { o.Names = names })
	for name, c := range map[string]struct {
		roles any
		want  caller.Role
	}{
		"One": {"editors", caller.Operator}, "Some": {[]any{"x", "readers", "editors", "readers"}, caller.Operator},
		"All": {[]any{"readers", "owners", "editors"}, caller.Admin},
		// With names of the provider, our own names are unknown.
		"Ours": {"ADMIN", ""}, "Deep": {[]any{[]any{"owners"}}, ""}, "Nothing": {nil, ""}, "AnObject": {map[string]any{}, ""},
	} {
		got, err := h.Caller(t.Context(), signers["ES256"].Token(h.claims(map[string]any{
			"role": "ADMIN", "org": nil, "https://example.com/org": organization,
			"realm_access": map[string]any{"a/b": map[string]any{"roles": c.roles}},
		}), nil))
		if got.Role != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got %+v, %v, want %q", name, got, err, c.want)
		}
	}
	// Each role can be named, also by our own name, and of several the last one of caller.Roles counts.
	plain, named := issued(t, nil), issued(t, func(o *web.Authentication) {
		o.Names.Roles = map[string]caller.Role{}
		for _, role := range caller.Roles() {
			o.Names.Roles["the "+string(role)] = role
		}
	})
	for i, role := range caller.Roles() {
		for _, first := range caller.Roles()[:i+1] {
			for prefix, h := range map[string]issuerSetup{"": plain, "the ": named} {
				list := []string{prefix + string(role), prefix + string(first)}
				got, err := h.Caller(t.Context(), signers["ES256"].Token(h.claims(map[string]any{"role": list}), nil))
				if err != nil || got.Role != role {
					t.Errorf("%q: got %q, %v, want %q", list, got.Role, err, role)
				}
			}
		}
	}
	indexed := issued(t, func(o *web.Authentication) { o.Names = web.ClaimNames{Role: "/roles/1"} })
	for roles, want := range map[string]caller.Role{"VIEWER ADMIN": caller.Admin, "ADMIN": ""} {
		got, _ := indexed.Caller(t.Context(), signers["ES256"].Token(indexed.claims(map[string]any{
			"roles": strings.Fields(roles),
		}), nil))
		if got.Role != want {
			t.Errorf("the second of %s: got %q, want %q", roles, got.Role, want)
		}
	}
}

func TestAuthenticator_RefusesALongerLifeThanPermitted(t *testing.T) {
	t.Parallel()
	h := issued(t, func(o *web.Authentication) { o.MaxLife, o.Secret = 30*time.Minute, []byte(secret) })
	for minutes, want := range map[int]bool{30: true, 31: true, 32: false} { // One minute is for clocks that differ.
		changes := map[string]any{"exp": noon.Add(time.Duration(minutes) * time.Minute).Unix()}
		for _, token := range []string{signers["ES256"].Token(h.claims(changes), nil), signed(t, changes)} {
			if _, err := h.Caller(t.Context(), token); (err == nil) != want {
				t.Errorf("%d minutes: got %v, want good %t", minutes, err, want)
			}
		}
	}
}

func TestAuthentication_NeedsAnAudienceOrALongSecret(t *testing.T) {
	t.Parallel()
	known, err := issuer.New(issuer.Options{URL: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]web.Authentication{
		"Nothing": {}, "NoAudience": {Issuer: known}, "EmptyAudience": {Issuer: known, Audience: []string{"a", ""}},
		"ShortSecret":  {Issuer: known, Audience: []string{"a"}, Secret: []byte("short")},
		"NegativeLife": {Issuer: known, Audience: []string{"a"}, MaxLife: -1},
	} {
		if _, err := o.Authenticator(); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := web.CheckRoles(map[string]string{"owners": "OWNER"}); err == nil {
		t.Error("a role that is none of ours is accepted")
	}
}

func TestIssuer_AnOutageIsUnavailable(t *testing.T) {
	t.Parallel()
	h := issued(t, nil)
	h.provider.Instead(sandbox.KeySet, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "10.0.0.7 refused")
	})
	b := setup(t, func(o *web.Options) { o.SignIn.Auth, o.GraphQL = h.Authenticator, never(t) })
	r := b.post("{}", "Authorization", "Bearer "+signers["ES256"].Token(h.claims(nil), nil))
	body := text(t, r)
	if strings.Contains(body, "10.0.0.7") || strings.Contains(body, h.provider.URL()) {
		t.Errorf("body: got %s, want nothing of the cause", body)
	}
	r.Body = readAgain(body)
	wantRefusal(t, r, http.StatusServiceUnavailable, fault.Unavailable)
	if line := b.log.line(t); !strings.Contains(fmt.Sprint(line["error"]), "502") {
		t.Errorf("log: got %v, want the cause", line)
	}
}
