package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// keyMark is what API keys begin with, and tokens never do.
const keyMark = "infin8_"

// Keys says who signs in with an API key, and when that ends. The error is UNAUTHENTICATED for a key that is not good,
// and of another kind when that cannot be known; its text, which is for the log, repeats nothing of the key.
type Keys func(ctx context.Context, key string) (who caller.Caller, end time.Time, err error)

// identify returns who a token or an API key speaks for, and when that ends.
func (e Entrance) identify(ctx context.Context, bearer string) (caller.Caller, time.Time, error) {
	if e.Keys == nil || !strings.HasPrefix(bearer, keyMark) {
		return e.Auth.read(ctx, bearer)
	}
	who, end, err := e.Keys(ctx, bearer)
	if fault.KindOf(err) == fault.Unauthenticated {
		return caller.Caller{}, time.Time{}, unauthenticated(err.Error())
	}
	if err != nil {
		return caller.Caller{}, time.Time{}, fmt.Errorf("read an API key: %w", err)
	}
	return who, end, nil
}
