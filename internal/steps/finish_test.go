package steps_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// TestFinish has results that PostgreSQL refuses as JSON.
func TestFinish(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		want    outcome
		errors  bool // in the log
	}{
		"KeepsAResult": {`{"a": "b"}`, outcome{State: workflow.ICPCompleted}, false},
		"PaysForAResultWithNUL": {
			`{"a": "\u0000"}`, outcome{State: workflow.ICPFailed, Failure: workflow.FailureInternal}, true,
		},
		"PaysForAResultThatIsNoJSON": {
			`{"a"`, outcome{State: workflow.ICPFailed, Failure: workflow.FailureInternal}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, log := setup(t, options{}), &lockedBuffer{}
			b.executor = steps.NewReading(steps.Options{
				Engine:  b.engine,
				Gateway: b.gateway,
				Booking: 10 * time.Second,
				Logger:  slog.New(slog.NewTextHandler(log, nil)),
			}, func(string) ([]byte, error) { return []byte(c.content), nil })
			b.attempt(t, context.Background())
			got := b.outcome(t)
			c.want.Call, c.want.Model = cost.CallSettled, "perplexity/sonar"
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, log)
			}
			if logged := strings.Contains(log.String(), "level=ERROR"); logged != c.errors {
				t.Errorf("errors in the log: %t, want %t:\n%s", logged, c.errors, log)
			}
			b.audit(t)
		})
	}
	t.Run("LogsAnErrorWhenTheDatabaseIsLocked", func(t *testing.T) {
		t.Parallel()
		b, log := setup(t, options{}), &lockedBuffer{}
		b.executor = steps.NewReading(steps.Options{
			Engine:  b.engine,
			Gateway: b.gateway,
			Booking: 300 * time.Millisecond,
			Logger:  slog.New(slog.NewTextHandler(log, nil)),
		}, func(string) ([]byte, error) {
			b.lock(t)
			return nil, errors.New("of no use")
		})
		if err := b.executor.Run(context.Background(), b.who, b.flow, b.take(t)); err == nil {
			t.Error("got no error for a cost that was not booked")
		}
		if !strings.Contains(log.String(), `level=ERROR msg="a cost was not booked"`) {
			t.Errorf("got no error in the log:\n%s", log)
		}
	})
}
