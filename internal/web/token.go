package web

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/infin8content/engine/internal/strictjson"
)

// unverifiedToken is the content of a token before its signature is checked. It only selects the keys.
type unverifiedToken struct{ header, claims map[string]any }

const (
	// maxClaimDepth limits how deep claims lie inside each other.
	maxClaimDepth = 16
	// lastSecond is the end of the year 9999. Later times overflow.
	lastSecond = 253402300799
)

// readToken reads a token strictly. A token that two readers could read differently is malformed, such as one with a
// name twice, of which some readers take the first and others the last.
func readToken(token string) (unverifiedToken, error) {
	if len(token) > maxTokenBytes {
		return unverifiedToken{}, refused("the token is too long")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return unverifiedToken{}, jwt.ErrTokenMalformed
	}
	var seen unverifiedToken
	for i, into := range []*map[string]any{&seen.header, &seen.claims} {
		text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err == nil {
			*into, err = strictjson.Object(text, maxClaimDepth)
		}
		if err != nil {
			return unverifiedToken{}, jwt.ErrTokenMalformed
		}
	}
	// A header marked critical must be understood or the token refused (RFC 7515, 4.1.11); none is understood here.
	if _, critical := seen.header["crit"]; critical {
		return unverifiedToken{}, refused("the token has a critical header")
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if number, is := seen.claims[name].(json.Number); is {
			seconds, err := number.Float64()
			if err != nil || seconds < 0 || seconds > lastSecond {
				return unverifiedToken{}, jwt.ErrTokenMalformed
			}
		}
	}
	return seen, nil
}
