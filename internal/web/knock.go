package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/infin8content/engine/internal/fault"
)

// Knocks count the failures of a network address to sign in. Both errors are RATE_LIMITED, or nothing that counts.
type Knocks struct {
	// Empty says, without asking anybody, whether the address has just failed too often.
	Empty func(address string) error
	// Failed counts one failure.
	Failed func(ctx context.Context, address string) error
}

// guard refuses the attempts of an address that has failed to sign in too often, and counts its failures. A request
// without a token is no attempt, and a good token passes always: nobody can lock out those who share an address.
func guard(knocks *Knocks, auth *Authenticator, next http.Handler) http.Handler {
	if knocks == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			next.ServeHTTP(w, r)
			return
		}
		if err := knocks.Empty(r.RemoteAddr); err != nil && !signedIn(auth, r) {
			refuseKnock(w, r, err)
			return
		}
		seen := &countingWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		if seen.status != http.StatusUnauthorized {
			return
		}
		if err := knocks.Failed(r.Context(), r.RemoteAddr); err != nil && fault.KindOf(err) != fault.RateLimited {
			recordOf(r.Context()).fail(err)
		}
	})
}

// signedIn reports whether the request carries a good token.
func signedIn(auth *Authenticator, r *http.Request) bool {
	token, err := bearer(r.Header.Values("Authorization"))
	if err == nil {
		_, err = auth.Caller(token)
	}
	return err == nil
}

func refuseKnock(w http.ResponseWriter, r *http.Request, err error) {
	var limited interface{ Seconds() int }
	if errors.As(err, &limited) {
		w.Header().Set("Retry-After", strconv.Itoa(limited.Seconds()))
	}
	refuse(w, r, refusal{http.StatusTooManyRequests, fault.RateLimited, err.Error()})
}
