package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/rivertype"

	"github.com/infin8content/engine/internal/engine"
)

func TestSweeper_LogsTheFirstOfSeveralFailures(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	results := []error{errors.New("down"), errors.New("down"), errors.New("down"), nil, nil, errors.New("down again")}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var sweeps atomic.Int64
	l := loop{
		name: "runs", every: time.Millisecond, log: slog.New(slog.NewTextHandler(&log, nil)),
		sweep: func(context.Context) (int, error) {
			n := int(sweeps.Add(1))
			if n == len(results) {
				cancel()
			}
			return 0, results[n-1]
		},
	}
	l.run(ctx)
	got := []int{
		strings.Count(log.String(), "sweep failed"), strings.Count(log.String(), "sweep works again"),
	}
	if diff := cmp.Diff([]int{2, 1}, got); diff != "" {
		t.Errorf("failures and recoveries in the log (-want +got):\n%s\n%s", diff, log.String())
	}
}

func TestLoop(t *testing.T) {
	t.Parallel()
	t.Run("LogsEveryCostThatIsNotBooked", func(t *testing.T) {
		t.Parallel()
		var log bytes.Buffer
		l := loop{name: "calls", log: slog.New(slog.NewTextHandler(&log, nil)), sweep: func(context.Context) (int, error) {
			return 1, fmt.Errorf("look after a call: %w", &engine.UnbookedError{})
		}}
		for range 3 {
			l.once(t.Context(), true)
		}
		if got := strings.Count(log.String(), "level=ERROR"); got != 3 {
			t.Errorf("got %d errors in the log, want 3:\n%s", got, log.String())
		}
	})
}

func TestSweeper_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l := loop{name: "runs", every: time.Hour, sweep: func(context.Context) (int, error) {
		t.Error("it swept after the end")
		return 0, nil
	}}
	l.run(ctx) // It returns.
}

func TestQuiet_LogsWarningsAndErrors(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := quiet(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))).
		With("a", 1).WithGroup("g")
	logger.Debug("debug")
	logger.Info("info")
	logger.Warn("warning")
	logger.Error("error")
	if got := strings.Count(log.String(), "\n"); got != 2 || !strings.Contains(log.String(), "a=1") {
		t.Errorf("got %d lines, want 2 with their attributes:\n%s", got, log.String())
	}
}

func TestRetries_Double(t *testing.T) {
	t.Parallel()
	for failed, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		before := time.Now()
		next := retries{}.NextRetry(&rivertype.JobRow{Errors: make([]rivertype.AttemptError, failed)})
		if got := next.Sub(before); got < want || got > want+time.Minute {
			t.Errorf("after %d errors: got %s, want %s", failed, got, want)
		}
	}
}

func TestNewName_IsUnique(t *testing.T) {
	t.Parallel()
	one, two := NewName(), NewName()
	if one == two || !strings.HasPrefix(one, "worker:") || len(one) > 200 {
		t.Errorf("got %q and %q, want two names of at most 200 characters that begin with worker:", one, two)
	}
}
