package caller_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
)

func TestFrom_ReturnsTheCallerOfTheContext(t *testing.T) {
	t.Parallel()
	if got := caller.From(context.Background()); got.Known() {
		t.Errorf("caller of an empty context: got %+v, want the zero Caller", got)
	}
	want := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Operator}
	if got := caller.From(caller.With(context.Background(), want)); got != want || !got.Known() {
		t.Errorf("caller: got %+v, want %+v", got, want)
	}
}
