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

// SignIn authenticates callers: by the header of a request, or by the first message of a WebSocket.
type SignIn struct {
	// Auth reads tokens. It is required.
	Auth *Authenticator
	// APIKeys reads API keys, which come in the place of a token. Nil accepts none.
	APIKeys APIKeys
	// Admit is called once for each caller with a valid token. It creates an organization that does not exist yet. Nil
	// admits every organization.
	Admit func(ctx context.Context, who caller.Caller) error
	// Enter counts a request, which runs in the context that it returns, until leave is called. It may wait before. A
	// RATE_LIMITED error refuses the request. Nil counts none.
	Enter func(ctx context.Context) (entered context.Context, leave func(), err error)
	// Throttle limits failed sign-ins per address. Nil limits none.
	Throttle *LoginThrottle
}

// signInTime is the most that one sign-in may take. Then the database, or the issuer, counts as unavailable.
const signInTime = 10 * time.Second

// Authenticate signs in by the values of an Authorization header, of which there must be exactly one. The context that
// it returns has the caller and the end of its token, and the access log has the caller. The error is UNAUTHENTICATED
// for a token that is not valid, which counts as a failure of the client's address. It is TOKEN_EXPIRED for one that
// was valid. It is RATE_LIMITED after too many failures. It has another kind when the token cannot be checked now, or
// the organization cannot be admitted.
func (s SignIn) Authenticate(ctx context.Context, authorization ...string) (context.Context, error) {
	record := recordOf(ctx)
	token, err := bearer(authorization)
	if err != nil {
		return nil, s.Throttle.count(ctx, authorization, err)
	}
	limited, cancel := context.WithTimeout(ctx, signInTime)
	defer cancel()
	who, end, err := s.identify(limited, token)
	if err != nil {
		return nil, s.Throttle.count(ctx, authorization, err)
	}
	record.identify(who)
	markSignedIn(ctx)
	ctx = caller.WithEnd(caller.With(ctx, who), end)
	if s.Admit == nil {
		return ctx, nil
	}
	if err := s.Admit(caller.With(limited, who), who); err != nil {
		record.fail(fmt.Errorf("admit the organization: %w", err))
		return nil, err
	}
	return ctx, nil
}

// require passes a request with a valid token to next, with the caller in the context. All invalid tokens get the same
// answer, except one that was valid and has expired; the log has the reason.
func (s SignIn) require(next http.Handler) http.Handler {
	return s.guard(next, func(*http.Request) bool { return false })
}

// requireOrSocket is require for a handler of WebSockets too. A request for one may come without a token: a page cannot
// send one with it, and its first message has it. The handler counts it, and not Enter.
func (s SignIn) requireOrSocket(next http.Handler) http.Handler {
	return s.guard(next, header.AsksForWebSocket)
}

func (s SignIn) guard(next http.Handler, isSocket func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values, socket := r.Header.Values("Authorization"), isSocket(r)
		if len(values) == 0 && socket {
			next.ServeHTTP(w, r)
			return
		}
		ctx, err := s.Authenticate(r.Context(), values...)
		left := func() {}
		if err == nil && s.Enter != nil && !socket {
			ctx, left, err = s.Enter(ctx)
		}
		if err != nil {
			closeUnread(w, r)
		}
		var limited interface{ Seconds() int }
		switch {
		case fault.KindOf(err) == fault.Unauthenticated:
			w.Header().Set("WWW-Authenticate", `Bearer realm="infin8content"`)
			refuse(w, r, refusal{http.StatusUnauthorized, fault.Unauthenticated, signInAgain})
		case fault.KindOf(err) == fault.TokenExpired:
			w.Header().Set("WWW-Authenticate",
				`Bearer realm="infin8content", error="invalid_token", error_description="The token has expired"`)
			refuse(w, r, refusal{http.StatusUnauthorized, fault.TokenExpired, errExpired.Error()})
		case fault.KindOf(err) == fault.RateLimited && errors.As(err, &limited):
			w.Header().Set("Retry-After", strconv.Itoa(limited.Seconds()))
			refuse(w, r, refusal{http.StatusTooManyRequests, fault.RateLimited, err.Error()})
		case err != nil:
			refuse(w, r, signInRefusal(err))
		default:
			defer left()
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
		// A proxy may have checked the other one.
		return "", unauthenticated("there is more than one Authorization header")
	}
	scheme, token, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", unauthenticated("the Authorization header is not a bearer token")
	}
	return token, nil
}

// signInRefusal says whether the client should try again, and hides the cause.
func signInRefusal(err error) refusal {
	if fault.KindOf(err) == fault.Unavailable ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return refusal{http.StatusServiceUnavailable, fault.Unavailable, tryLater}
	}
	return refusal{http.StatusServiceUnavailable, fault.Internal, quoteRequestID}
}
