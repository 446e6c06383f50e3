package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// authenticate lets a request through when its token is good and its organization admitted, with the caller in the
// context. All tokens that are not good look the same from outside; the log knows the reason.
func authenticate(
	auth *Authenticator, admit func(context.Context, caller.Caller) error, next http.Handler,
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := recordOf(r.Context())
		who, err := auth.authenticated(r.Header)
		if err != nil {
			record.fail(err)
			w.Header().Set("WWW-Authenticate", `Bearer realm="infin8content"`)
			refuse(w, r, refusal{http.StatusUnauthorized, fault.Unauthenticated, signInAgain})
			return
		}
		record.identify(who)
		ctx := caller.With(r.Context(), who)
		if admit != nil {
			if err := admit(ctx, who); err != nil {
				record.fail(fmt.Errorf("admit the organization: %w", err))
				refuse(w, r, notAdmitted(err))
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// authenticated returns the caller of the one bearer token in the headers.
func (a *Authenticator) authenticated(h http.Header) (caller.Caller, error) {
	values := h.Values("Authorization")
	switch {
	case len(values) == 0:
		return caller.Caller{}, unauthenticated("there is no token")
	case len(values) > 1:
		// A proxy might have looked at the other one.
		return caller.Caller{}, unauthenticated("there is more than one Authorization header")
	}
	scheme, token, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return caller.Caller{}, unauthenticated("the Authorization header is not a bearer token")
	}
	return a.Caller(token)
}

// notAdmitted tells the client whether to come back, and nothing of the cause.
func notAdmitted(err error) refusal {
	if fault.KindOf(err) == fault.Unavailable {
		return refusal{http.StatusServiceUnavailable, fault.Unavailable, tryLater}
	}
	return refusal{http.StatusServiceUnavailable, fault.Internal, quoteTheRequest}
}
