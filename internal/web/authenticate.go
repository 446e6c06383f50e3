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
// context. All tokens that are not good look the same from outside; the log knows the reason. A websocket may come
// without a token: a page cannot send one with it, and its first message will carry it.
func authenticate(
	auth *Authenticator, admit func(context.Context, caller.Caller) error, next http.Handler,
) http.Handler {
	signIn := SignIn(auth, admit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := r.Header.Values("Authorization")
		if len(values) == 0 && isWebsocket(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, err := signIn(r.Context(), values...)
		switch {
		case fault.KindOf(err) == fault.Unauthenticated:
			w.Header().Set("WWW-Authenticate", `Bearer realm="infin8content"`)
			refuse(w, r, refusal{http.StatusUnauthorized, fault.Unauthenticated, signInAgain})
		case err != nil:
			refuse(w, r, notAdmitted(err))
		default:
			next.ServeHTTP(w, r.WithContext(ctx))
		}
	})
}

// SignIn returns what authenticates by the values of an Authorization header, of which there must be one. The context
// that comes back carries the caller and when its authority ends, and the access log knows both. The error is
// UNAUTHENTICATED for a token that is not good, and of another kind when the organization could not be admitted.
func SignIn(
	auth *Authenticator, admit func(context.Context, caller.Caller) error,
) func(ctx context.Context, authorization ...string) (context.Context, error) {
	return func(ctx context.Context, authorization ...string) (context.Context, error) {
		record := recordOf(ctx)
		token, err := bearer(authorization)
		if err != nil {
			record.fail(err)
			return nil, err
		}
		who, end, err := auth.read(token)
		if err != nil {
			record.fail(err)
			return nil, err
		}
		record.identify(who)
		ctx = caller.WithEnd(caller.With(ctx, who), end)
		if admit == nil {
			return ctx, nil
		}
		if err := admit(ctx, who); err != nil {
			record.fail(fmt.Errorf("admit the organization: %w", err))
			return nil, err
		}
		return ctx, nil
	}
}

// bearer returns the one bearer token.
func bearer(values []string) (string, error) {
	switch {
	case len(values) == 0:
		return "", unauthenticated("there is no token")
	case len(values) > 1:
		// A proxy might have looked at the other one.
		return "", unauthenticated("there is more than one Authorization header")
	}
	scheme, token, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", unauthenticated("the Authorization header is not a bearer token")
	}
	return token, nil
}

// notAdmitted tells the client whether to come back, and nothing of the cause.
func notAdmitted(err error) refusal {
	if fault.KindOf(err) == fault.Unavailable {
		return refusal{http.StatusServiceUnavailable, fault.Unavailable, tryLater}
	}
	return refusal{http.StatusServiceUnavailable, fault.Internal, quoteTheRequest}
}
