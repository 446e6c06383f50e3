package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// unwalled takes the wall between organizations down: row security, and what it made of the deferred checks.
const unwalled = `
DO $$
DECLARE
	walled text;
BEGIN
	FOR walled IN SELECT c.oid::regclass FROM pg_class AS c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
	LOOP
		EXECUTE 'ALTER TABLE ' || walled || ' DISABLE ROW LEVEL SECURITY';
	END LOOP;
END
$$;
ALTER FUNCTION check_transition_reached() SECURITY INVOKER RESET ALL;
ALTER FUNCTION check_entry_reached() SECURITY INVOKER RESET ALL`

// movesAtOnce is how often each caller moves its workflow before the other database has its turn.
const movesAtOnce = 40

// BenchmarkTransitionBehindTheWall says what the wall between organizations costs of the throughput of transitions: the
// same moves on a database with row security, and on one without it by a store that says nothing, turn by turn. The
// edge is the cheapest there is, with no run that begins or ends and no job, so that the share is the largest.
//
//	go test ./internal/engine -run '^$' -bench BehindTheWall -benchtime 50x
func BenchmarkTransitionBehindTheWall(b *testing.B) {
	open, walled := testdb.New(b), testdb.New(b)
	if _, err := open.Owner.Exec(context.Background(), unwalled); err != nil {
		b.Fatal(err)
	}
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			with := newMovers(b, walled, walled.Store(), callers)
			without := newMovers(b, open, open.Store().Mute(), callers)
			turn(b, with, 10) // Statements are prepared, and their plans kept.
			turn(b, without, 10)
			var spent [2]time.Duration
			shares := make([]float64, b.N)
			for i := range b.N {
				var turns [2]time.Duration
				for j := range 2 { // Who is first changes from pair to pair.
					if arm := (i + j) % 2; arm == 0 {
						turns[arm] = turn(b, with, movesAtOnce)
					} else {
						turns[arm] = turn(b, without, movesAtOnce)
					}
				}
				spent[0], spent[1] = spent[0]+turns[0], spent[1]+turns[1]
				shares[i] = turns[1].Seconds() / turns[0].Seconds()
			}
			slices.Sort(shares)
			moves := float64(b.N * callers * movesAtOnce)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(moves/spent[0].Seconds(), "walled/s")
			b.ReportMetric(moves/spent[1].Seconds(), "open/s")
			b.ReportMetric(100*(1-spent[1].Seconds()/spent[0].Seconds()), "%cost")
			b.ReportMetric(100*(1-shares[b.N/2]), "%median-cost")
		})
	}
}

// mover is a caller with a workflow of its own, which it sends to and fro.
type mover struct {
	engine *engine.Engine
	who    caller.Caller
	flow   workflow.Workflow
}

func newMovers(b *testing.B, db *testdb.DB, store *postgres.Store, callers int) []*mover {
	e, err := engine.New(engine.Options{Store: store, Jobs: &jobs{}})
	if err != nil {
		b.Fatal(err)
	}
	who := testdb.Caller(b, db)
	movers := make([]*mover, callers)
	for i := range movers {
		flow := testdb.Workflow(b, db, who, testdb.WorkflowOpts{State: workflow.SeedReviewPending})
		movers[i] = &mover{engine: e, who: who, flow: flow}
	}
	return movers
}

// turn has all movers move side by side and says how long it took.
func turn(b *testing.B, movers []*mover, moves int) time.Duration {
	begin := time.Now()
	var all sync.WaitGroup
	for _, m := range movers {
		all.Go(func() {
			for range moves {
				to := workflow.SeedReviewPending
				if m.flow.State == to {
					to = workflow.SeedReviewCompleted
				}
				moved, err := m.engine.Transition(context.Background(), m.who, engine.TransitionInput{
					WorkflowID: m.flow.ID, From: m.flow.State, To: to,
				})
				if err != nil {
					b.Error(err)
					return
				}
				m.flow = moved.Workflow
			}
		})
	}
	all.Wait()
	return time.Since(begin)
}
