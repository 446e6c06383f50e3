package web

import (
	"context"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

// LoginThrottle limits failed sign-ins per client address. An error of either function that is not RATE_LIMITED limits
// nothing.
type LoginThrottle struct {
	// Empty returns RATE_LIMITED for an address that has just failed too often. It does no I/O.
	Empty func(address string) error
	// Failed counts one failure.
	Failed func(ctx context.Context, address string) error
}

// count counts a failed sign-in for the client's address. It returns the failure, or RATE_LIMITED after too many. A
// request without a token is no attempt. A valid token always passes, so no client can lock out others at its address.
func (t *LoginThrottle) count(ctx context.Context, authorization []string, failure error) error {
	record := recordOf(ctx)
	record.fail(failure)
	attempted := strings.Join(authorization, "") != ""
	if t == nil || !attempted || fault.KindOf(failure) != fault.Unauthenticated {
		return failure
	}
	if err := t.Empty(record.address); err != nil {
		return err
	}
	if err := t.Failed(ctx, record.address); fault.KindOf(err) == fault.RateLimited {
		return err // Parallel attempts from this address have failed too.
	} else if err != nil {
		record.fail(err)
	}
	return failure
}
