package web

import (
	"context"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

// Knocks count the failures of a network address to sign in. Both errors are RATE_LIMITED, or nothing that counts.
type Knocks struct {
	// Empty says, without asking anybody, whether the address has just failed too often.
	Empty func(address string) error
	// Failed counts one failure.
	Failed func(ctx context.Context, address string) error
}

// judge returns what is said of an attempt to sign in that has failed: its error, after the failure was counted for the
// client's address; or RATE_LIMITED when that has failed too often before. A request without a token is no attempt, and
// a good token passes always: nobody can lock out those who share an address.
func (k *Knocks) judge(ctx context.Context, authorization []string, failure error) error {
	record := recordOf(ctx)
	record.fail(failure)
	attempted := strings.Join(authorization, "") != ""
	if k == nil || !attempted || fault.KindOf(failure) != fault.Unauthenticated {
		return failure
	}
	if err := k.Empty(record.address); err != nil {
		return err
	}
	if err := k.Failed(ctx, record.address); fault.KindOf(err) == fault.RateLimited {
		return err // Others from this address have failed at the same time.
	} else if err != nil {
		record.fail(err)
	}
	return failure
}
