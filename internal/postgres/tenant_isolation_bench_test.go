package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// withoutIsolation removes row-level security, and its part of the deferred checks.
const withoutIsolation = `
DO $$
DECLARE
	isolated text;
BEGIN
	FOR isolated IN SELECT c.oid::regclass FROM pg_class AS c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
	LOOP
		EXECUTE 'ALTER TABLE ' || isolated || ' DISABLE ROW LEVEL SECURITY';
	END LOOP;
END
$$;
ALTER FUNCTION check_transition_reached() SECURITY INVOKER RESET ALL;
ALTER FUNCTION check_entry_reached() SECURITY INVOKER RESET ALL`

// movesAtOnce is how often each caller moves its workflow before the other database has its turn.
const movesAtOnce = 40

// BenchmarkTransitionUnderRowSecurity measures how much tenant isolation lowers the throughput of transitions: a store
// makes the moves on a database with row-level security, and the bare statement makes them on one without, turn by
// turn. The edge is the cheapest, without a run or a job, so that the share is the largest.
//
//	go test ./internal/postgres -run '^$' -bench UnderRowSecurity -benchtime 50x
func BenchmarkTransitionUnderRowSecurity(b *testing.B) {
	open, isolated := testdb.New(b), testdb.New(b)
	if _, err := open.Owner.Exec(context.Background(), withoutIsolation); err != nil {
		b.Fatal(err)
	}
	store, bare := isolated.Store(), dbsqlc.New(open.Pool)
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			with := newMovers(b, isolated, callers, func(ctx context.Context, who caller.Caller, m postgres.Move) error {
				_, _, won, err := store.Transition(ctx, who, m)
				return errors.Join(err, missing(won))
			})
			without := newMovers(b, open, callers, func(ctx context.Context, who caller.Caller, m postgres.Move) error {
				_, err := bare.WorkflowMove(ctx, dbsqlc.WorkflowMoveParams{
					OrganizationID: who.OrganizationID, ID: m.WorkflowID, FromState: m.From, ToState: m.To, Kind: m.Kind,
					Actor: who.Actor, At: m.At,
				})
				return err
			})
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
			b.ReportMetric(moves/spent[0].Seconds(), "isolated/s")
			b.ReportMetric(moves/spent[1].Seconds(), "open/s")
			b.ReportMetric(100*(1-spent[1].Seconds()/spent[0].Seconds()), "%cost")
			b.ReportMetric(100*(1-shares[b.N/2]), "%median-cost")
		})
	}
}

// mover is a caller with a workflow of its own, which it sends to and fro.
type mover struct {
	who  caller.Caller
	flow uuid.UUID
	back bool // it has been sent forth
	move func(context.Context, caller.Caller, postgres.Move) error
}

func newMovers(
	b *testing.B, db *testdb.DB, callers int, move func(context.Context, caller.Caller, postgres.Move) error,
) []*mover {
	b.Helper()
	who := testdb.Caller(b, db)
	movers := make([]*mover, callers)
	for i := range movers {
		flow := testdb.Workflow(b, db, who, testdb.WorkflowOpts{State: workflow.SeedReviewPending})
		movers[i] = &mover{who: who, flow: flow.ID, move: move}
	}
	return movers
}

// turn has all movers move side by side and says how long it took.
func turn(b *testing.B, movers []*mover, moves int) time.Duration {
	b.Helper()
	begin := time.Now()
	var all sync.WaitGroup
	for _, m := range movers {
		all.Go(func() {
			for range moves {
				move := postgres.Move{
					WorkflowID: m.flow, From: workflow.SeedReviewPending, To: workflow.SeedReviewCompleted,
					Kind: workflow.Advance, At: testdb.Now(),
				}
				if m.back {
					move.From, move.To, move.Kind = move.To, move.From, workflow.Reset
				}
				if err := m.move(context.Background(), m.who, move); err != nil {
					b.Error(err)
					return
				}
				m.back = !m.back
			}
		})
	}
	all.Wait()
	return time.Since(begin)
}
