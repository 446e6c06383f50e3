package web

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/infin8content/engine/internal/strictjson"
)

// inspected is what a token says before anybody has looked at its signature: enough to know whose it claims to be.
type inspected struct{ header, claims map[string]any }

const (
	// maxClaimDepth is how deep the claims may lie inside each other.
	maxClaimDepth = 16
	// lastSecond is the end of the year 9999. Beyond lies what no calendar of ours knows, and sums that overflow.
	lastSecond = 253402300799
)

// inspect reads a token as strictly as it can be read: what two readers could understand in two ways is malformed. That
// are names that come twice, of which some readers take the first and others the last.
func inspect(token string) (inspected, error) {
	if len(token) > maxTokenBytes {
		return inspected{}, refused("the token is too long")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return inspected{}, jwt.ErrTokenMalformed
	}
	var seen inspected
	for i, into := range []*map[string]any{&seen.header, &seen.claims} {
		text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err == nil {
			*into, err = strictjson.Object(text, maxClaimDepth)
		}
		if err != nil {
			return inspected{}, jwt.ErrTokenMalformed
		}
	}
	// A header marked critical must be understood or the token refused (RFC 7515, 4.1.11); none is understood here.
	if _, critical := seen.header["crit"]; critical {
		return inspected{}, refused("the token has a critical header")
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if number, is := seen.claims[name].(json.Number); is {
			seconds, err := number.Float64()
			if err != nil || seconds < 0 || seconds > lastSecond {
				return inspected{}, jwt.ErrTokenMalformed
			}
		}
	}
	return seen, nil
}
