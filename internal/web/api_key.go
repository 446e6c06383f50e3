package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// apiKeyPrefix begins every API key and no token.
const apiKeyPrefix = "infin8_"

// APIKeys returns the caller of an API key, and the end of the key. The error is UNAUTHENTICATED for a key that is not
// valid. It has another kind when the key cannot be checked now. Its text is for the log and repeats nothing of the
// key.
type APIKeys func(ctx context.Context, key string) (who caller.Caller, end time.Time, err error)

// identify returns the caller of a token or an API key, and its end.
func (s SignIn) identify(ctx context.Context, bearer string) (caller.Caller, time.Time, error) {
	if s.APIKeys == nil || !strings.HasPrefix(bearer, apiKeyPrefix) {
		return s.Auth.read(ctx, bearer)
	}
	who, end, err := s.APIKeys(ctx, bearer)
	if fault.KindOf(err) == fault.Unauthenticated {
		return caller.Caller{}, time.Time{}, unauthenticated(err.Error())
	}
	if err != nil {
		return caller.Caller{}, time.Time{}, fmt.Errorf("read an API key: %w", err)
	}
	return who, end, nil
}
