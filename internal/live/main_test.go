package live_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// timeout bounds each wait of a test.
const timeout = time.Minute

// server is a hub, and a store that announces its commits to the hub.
type server struct {
	hub   *live.Hub
	store *postgres.Store
	stop  func()
}

// serve starts a server on a database and stops it at the end of the test.
func serve(t *testing.T, db *testdb.DB, change ...func(*live.Options)) server {
	t.Helper()
	o := live.Options{
		Store: db.Store(), Connection: db.Pool.Config().ConnConfig, Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&o)
	}
	hub, err := live.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	stop := sync.OnceFunc(func() {
		cancel()
		running.Wait()
		hub.Close()
	})
	t.Cleanup(stop)
	return server{hub: hub, store: db.Store().OnCommit(hub.Announce), stop: stop}
}

// pollEvery sets the time between two polls of a hub.
func pollEvery(every time.Duration) func(*live.Options) {
	return func(o *live.Options) { o.PollInterval = every }
}

// testContext returns a context that ends after timeout.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// toggle moves a workflow between two states, so many times. Other goroutines may do the same at the same time.
func toggle(ctx context.Context, store *postgres.Store, who caller.Caller, id uuid.UUID, times int) error {
	for times > 0 {
		flow, _, err := store.Workflow(ctx, who, id)
		if err != nil {
			return err
		}
		move := postgres.Move{
			WorkflowID: id,
			From:       flow.State,
			To:         workflow.ICPFailed,
			Kind:       workflow.Fail,
			Version:    &flow.Version,
			At:         testdb.Now(),
		}
		if flow.State == workflow.ICPFailed {
			move.To, move.Kind = workflow.ICPProcessing, workflow.Retry
			move.Run = &postgres.NewRun{
				Step:           workflow.StepICP,
				Worker:         "worker:test",
				Attempt:        1,
				LeaseExpiresAt: move.At.Add(time.Minute),
			}
		}
		_, _, won, err := store.Transition(ctx, who, move)
		if err != nil {
			return err
		}
		if won {
			times--
		}
	}
	return nil
}

// collect reads a journal until a version has arrived, and returns the versions in the order of arrival.
func collect(ctx context.Context, j *live.Journal[live.TransitionEvent], until int) (versions []int, err error) {
	for len(versions) == 0 || versions[len(versions)-1] < until {
		events, err := j.Next(ctx)
		if err != nil {
			return versions, err
		}
		for _, a := range events {
			versions = append(versions, a.Transition.Version)
		}
	}
	return versions, nil
}

// versionRange returns the numbers from first to last.
func versionRange(first, last int) []int {
	var all []int
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}
