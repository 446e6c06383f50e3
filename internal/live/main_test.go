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

// patience is the longest that a test waits for one fact.
const patience = 20 * time.Second

// server is what a server consists of here: a hub, and a store that tells it of its commits.
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
	return server{hub: hub, store: db.Store().Telling(hub.Announce), stop: stop}
}

// deaf makes a hub that hears of changes by its own look alone.
func deaf(every time.Duration) func(*live.Options) {
	return func(o *live.Options) { o.CatchUp = every }
}

// waiting is a context that ends when the test's patience does.
func waiting(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// swing moves a workflow to and fro between two states, so many times, as one of many who do.
func swing(ctx context.Context, store *postgres.Store, who caller.Caller, id uuid.UUID, times int) error {
	for times > 0 {
		flow, _, err := store.Workflow(ctx, who, id)
		if err != nil {
			return err
		}
		move := postgres.Move{
			WorkflowID: id, From: flow.State, To: workflow.ICPFailed, Kind: workflow.Fail, Version: &flow.Version,
			At: testdb.Now(),
		}
		if flow.State == workflow.ICPFailed {
			move.To, move.Kind = workflow.ICPProcessing, workflow.Retry
			move.Run = &postgres.NewRun{
				Step: workflow.StepICP, Worker: "worker:test", Attempt: 1, LeaseExpiresAt: move.At.Add(time.Minute),
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

// collect reads from a journal until it has seen the version, and returns the versions in the order in which they came.
func collect(ctx context.Context, j *live.Journal[live.Arrival], until int) (versions []int, err error) {
	for len(versions) == 0 || versions[len(versions)-1] < until {
		arrivals, err := j.Next(ctx)
		if err != nil {
			return versions, err
		}
		for _, a := range arrivals {
			versions = append(versions, a.Transition.Version)
		}
	}
	return versions, nil
}

// span is the numbers from first to last.
func span(first, last int) []int {
	var all []int
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}
