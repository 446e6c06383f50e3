package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/header"
)

// Entrance is what it takes to come in, by whatever door: a request's header, or the first message of a websocket.
type Entrance struct {
	// Auth reads the tokens.
	Auth *Authenticator
	// Keys reads API keys, which come where tokens do; nil accepts none.
	Keys Keys
	// Admit is asked once for each caller with a good token whether its organization is there; it creates it when it is
	// not. Nil admits everybody.
	Admit func(ctx context.Context, who caller.Caller) error
	// Knocks count failures to sign in; nil counts none.
	Knocks *Knocks
}

// signInTime is how long signing in may take. Then the database, or the issuer, is taken for one that is away.
const signInTime = 10 * time.Second

// SignIn authenticates by the values of an Authorization header, of which there must be one. The context that comes
// back carries the caller and when its authority ends, and the access log knows both. The error is UNAUTHENTICATED for
// a token that is not good, which counts as a failure of the client's address; RATE_LIMITED when it has failed too
// often; and of another kind when the token could not be judged at present, or the organization not be admitted.
func (e Entrance) SignIn(ctx context.Context, authorization ...string) (context.Context, error) {
	record := recordOf(ctx)
	token, err := bearer(authorization)
	if err != nil {
		return nil, e.Knocks.judge(ctx, authorization, err)
	}
	asked, cancel := context.WithTimeout(ctx, signInTime)
	defer cancel()
	who, end, err := e.identify(asked, token)
	if err != nil {
		return nil, e.Knocks.judge(ctx, authorization, err)
	}
	record.identify(who)
	ctx = caller.WithEnd(caller.With(ctx, who), end)
	if e.Admit == nil {
		return ctx, nil
	}
	if err := e.Admit(caller.With(asked, who), who); err != nil {
		record.fail(fmt.Errorf("admit the organization: %w", err))
		return nil, err
	}
	return ctx, nil
}

// authenticate lets a request through when its token is good and its organization admitted, with the caller in the
// context. All tokens that are not good look the same from outside; the log knows the reason. A websocket may come
// without a token: a page cannot send one with it, and its first message will carry it.
func (e Entrance) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := r.Header.Values("Authorization")
		if len(values) == 0 && header.AsksForWebSocket(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, err := e.SignIn(r.Context(), values...)
		var limited interface{ Seconds() int }
		switch {
		case fault.KindOf(err) == fault.Unauthenticated:
			w.Header().Set("WWW-Authenticate", `Bearer realm="infin8content"`)
			refuse(w, r, refusal{http.StatusUnauthorized, fault.Unauthenticated, signInAgain})
		case fault.KindOf(err) == fault.RateLimited && errors.As(err, &limited):
			w.Header().Set("Retry-After", strconv.Itoa(limited.Seconds()))
			refuse(w, r, refusal{http.StatusTooManyRequests, fault.RateLimited, err.Error()})
		case err != nil:
			refuse(w, r, notAdmitted(err))
		default:
			next.ServeHTTP(w, r.WithContext(ctx))
		}
	})
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
	if fault.KindOf(err) == fault.Unavailable || errors.Is(err, context.DeadlineExceeded) {
		return refusal{http.StatusServiceUnavailable, fault.Unavailable, tryLater}
	}
	return refusal{http.StatusServiceUnavailable, fault.Internal, quoteTheRequest}
}
