package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/fault"
)

func TestOnlyAnErrorWithAKindIsPublic(t *testing.T) {
	t.Parallel()
	public := fault.New(fault.NotFound, "There is no workflow %s.", "wf_1")
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"Nil":     {nil, ""},
		"Public":  {public, fault.NotFound},
		"Wrapped": {fmt.Errorf("read: %w", public), fault.NotFound},
		"Foreign": {errors.New("connection refused"), fault.Internal},
		"AField":  {fault.Invalid([]string{"name"}, "Too long."), fault.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(c.err); got != c.want {
				t.Errorf("kind: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnInvalidInputNamesItsField(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("create: %w", fault.Invalid([]string{"company", "url"}, "The URL is too long."))
	if diff := cmp.Diff([]string{"company", "url"}, fault.FieldOf(err)); diff != "" {
		t.Error(diff)
	}
	if got := fault.FieldOf(errors.New("other")); got != nil {
		t.Errorf("field: got %v, want none", got)
	}
}
