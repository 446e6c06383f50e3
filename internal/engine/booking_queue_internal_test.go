package engine

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

// A caller that panics while it books for others fails alone: the others have an error, and the queue goes on.
func TestBookingQueue_APanicLetsNoOtherCallerWait(t *testing.T) {
	t.Parallel()
	q, organization := &bookingQueue{most: 2}, uuid.New() // Without a store each statement panics.
	first := q.join(&booking{organization: organization})
	outcomes := make(chan any, 2)
	for i := range 2 {
		go func() {
			var outcome any
			defer func() {
				if panicked := recover(); panicked != nil {
					outcome = panicked
				}
				outcomes <- outcome
			}()
			_, outcome = q.reserve(t.Context(), postgres.NewCall{OrganizationID: organization})
		}()
		for waiting := 0; waiting != i+1; runtime.Gosched() {
			q.mu.Lock()
			waiting = len(q.waiting)
			q.mu.Unlock()
		}
	}
	q.end(first, nil)
	failed := 0
	for range 2 {
		select {
		case outcome := <-outcomes:
			if err, _ := outcome.(error); errors.Is(err, errNotBooked) {
				failed++
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a caller waits for ever")
		}
	}
	if failed != 1 || len(q.busy) != 0 || q.lanes != 0 {
		t.Errorf("got %d callers with an error, %d organizations that are booked and %d lanes, want 1, 0 and 0",
			failed, len(q.busy), q.lanes)
	}
}
