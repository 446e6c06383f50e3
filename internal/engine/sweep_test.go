package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestSweepRuns_OneOfFourSweepersEndsEachRun(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	flows := make([]uuid.UUID, 50)
	for i := range flows {
		flows[i] = b.Flow(t, workflow.ICPPending).ID
		b.Take(t, flows[i], "worker:dead")
	}
	alive := b.Flow(t, workflow.ICPPending)
	b.Clock.Advance(29 * time.Second)
	run := b.Take(t, alive.ID, "worker:alive")
	if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("before the leases end: swept %d, %v, want 0", n, err)
	}
	b.Clock.Advance(time.Second)
	var swept atomic.Int64
	for _, err := range testdb.Together(4, func(i int) error {
		for {
			n, err := servers[i%2].SweepRuns(ctx)
			swept.Add(int64(n))
			if n == 0 || err != nil {
				return err
			}
		}
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if swept.Load() != 50 {
		t.Errorf("swept: got %d, want 50", swept.Load())
	}
	for _, flow := range flows {
		rows := b.journal(t, flow)
		if last := rows[len(rows)-1]; len(rows) != 4 || last.To != workflow.ICPFailed || last.Actor != "sweeper" {
			t.Errorf("journal: got %d rows, the last to %s by %s, want one failure by the sweeper",
				len(rows), last.To, last.Actor)
		}
		if again := b.Take(t, flow, "worker:next"); again.Attempt != 2 { // At once.
			t.Errorf("attempt: got %d, want 2", again.Attempt)
		}
	}
	if err := b.Engine.Heartbeat(ctx, b.As("worker:alive"), run); err != nil {
		t.Errorf("a run with a lease: %v", err)
	}
	b.Sound(t)
}

func TestHeartbeat_KeepsTheRun(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	for range 5 {
		b.Clock.Advance(29 * time.Second)
		if err := b.Engine.Heartbeat(ctx, b.As("worker:1"), run); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
			t.Errorf("swept: got %d, %v, want 0", n, err)
		}
	}
	if got := b.state(t, flow.ID); got != workflow.ICPProcessing {
		t.Errorf("state: got %s, want ICP_PROCESSING", got)
	}
}

// The third attempt without a renewal is the last: then the workflow waits for a person.
func TestSweepRuns_ThreeDeadAttemptsStayFailed(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	for range 3 {
		b.Take(t, flow.ID, "worker:dead")
		b.Clock.Advance(30 * time.Second)
		if n, err := b.Engine.SweepRuns(ctx); n != 1 || err != nil {
			t.Fatalf("swept: got %d, %v, want 1", n, err)
		}
	}
	b.Clock.Advance(time.Hour)
	if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("swept: got %d, %v, want 0", n, err)
	}
	if taken, err := b.Engine.Take(ctx, b.As("worker:1"), flow.ID); taken.Run != nil || err != nil {
		t.Errorf("take: got %v, %v, want nothing", taken.Run, err)
	}
	b.Sound(t)
}

func TestSweepRuns_OneSweeperWakesEachWorkflow(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	waiting := map[uuid.UUID]bool{}
	for range 20 {
		flow := b.Flow(t, workflow.Created)
		if _, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{WorkflowID: flow.ID}); err != nil {
			t.Fatal(err)
		}
		waiting[flow.ID] = true
	}
	for round := range 3 { // While no worker comes.
		before := len(b.Jobs.All())
		if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
			t.Errorf("round %d, too early: woken %d, %v, want 0", round, n, err)
		}
		b.Clock.Advance(30 * time.Second)
		var woken atomic.Int64
		errs := testdb.Together(4, func(i int) error {
			n, err := servers[i%2].SweepRuns(ctx)
			woken.Add(int64(n))
			return err
		})
		if err := errors.Join(errs...); err != nil || woken.Load() != 20 || len(b.Jobs.All()) != before+20 {
			t.Errorf("round %d: woken %d, %v, want 20", round, woken.Load(), err)
		}
	}
	for id := range waiting {
		b.Take(t, id, "worker:1")
	}
	b.Clock.Advance(29 * time.Second)
	if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("after they were taken: woken %d, %v, want 0", n, err)
	}
}

func TestSweepCalls_EndsTheCallsOfADeadRun(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run, amount := b.Take(t, flow.ID, "worker:1"), cent
	sent := b.Call(t, run, cent)
	if err := b.Engine.Identify(ctx, b.Who, sent.ID, "sandbox", "gen-1"); err != nil {
		t.Fatal(err)
	}
	unsent, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
		WorkflowID: flow.ID, RunToken: &run.Token, Amount: &amount,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(45 * time.Second)
	if n, err := b.Engine.SweepCalls(ctx, silent); n != 2 || err != nil {
		t.Errorf("while the run is on: looked at %d, %v, want 2", n, err)
	}
	b.paid(t, flow.ID, 0, 2*cent)
	if _, err := b.Engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(30 * time.Second)
	if n, err := b.Engine.SweepCalls(ctx, silent); n != 2 || err != nil {
		t.Errorf("after its end: looked at %d, %v, want 2", n, err)
	}
	b.paid(t, flow.ID, 0, cent)
	for id, want := range map[uuid.UUID]cost.CallState{sent.ID: cost.CallUnknown, unsent.Call.ID: cost.CallReleased} {
		if got, err := b.Engine.Call(ctx, b.Who, id); err != nil || got.State != want {
			t.Errorf("got %s, %v, want %s", got.State, err, want)
		}
	}
	if err := b.Engine.Dispatch(ctx, b.Who, unsent.Call.ID, "sandbox"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("dispatch of what was released: got %v, want CONFLICT", err)
	}
	// The provider answers at last, with more than the hold.
	billed := 2 * cent
	ask := func(_ context.Context, provider, generation string) (*engine.SettleInput, error) {
		if provider != "sandbox" || generation != "gen-1" {
			t.Errorf("asked %s for %s, want sandbox for gen-1", provider, generation)
		}
		return &engine.SettleInput{Model: "m", Cost: &billed, Provider: provider, GenerationID: generation}, nil
	}
	b.Clock.Advance(time.Second)
	if n, err := b.Engine.SweepCalls(ctx, ask); n != 1 || err != nil {
		t.Errorf("the question: looked at %d, %v, want 1", n, err)
	}
	got, err := b.Engine.Call(ctx, b.Who, sent.ID)
	if err != nil || got.State != cost.CallSettled || !got.Overage || got.FailureCode != "LEASE_EXPIRED" {
		t.Errorf("got %+v, %v, want it settled with an overage, and still known as lost", got, err)
	}
	b.Clock.Advance(48 * time.Hour)
	if n, err := b.Engine.SweepCalls(ctx, ask); n != 0 || err != nil {
		t.Errorf("after the outcome: looked at %d, %v, want 0", n, err)
	}
	b.Sound(t)
}

func TestSweepCalls_QueriesWithGrowingPausesAndThenAssumes(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.Clock.Set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
	flow := b.Flow(t, workflow.ICPPending)
	call := b.Reserve(t, flow, cent)
	if err := b.Engine.Identify(ctx, b.Who, call.ID, "sandbox", "gen-1"); err != nil {
		t.Fatal(err)
	}
	if err := b.Engine.MarkUnknown(ctx, b.Who, call.ID, workflow.FailureTimeout); err != nil {
		t.Fatal(err)
	}
	since := b.Clock.Now()
	var asked []time.Duration
	down := errors.New("the provider is down")
	ask := func(context.Context, string, string) (*engine.SettleInput, error) {
		asked = append(asked, b.Clock.Now().Sub(since))
		if len(asked)%2 == 0 {
			return nil, down
		}
		return nil, nil
	}
	// In steps of half a second, so that each question shows when it was due.
	for b.Clock.Now().Sub(since) < 4*time.Minute {
		b.Clock.Advance(500 * time.Millisecond)
		before := len(asked)
		if _, err := b.Engine.SweepCalls(ctx, ask); errors.Is(err, down) != (len(asked) > before && len(asked)%2 == 0) {
			t.Errorf("question %d: got %v", len(asked), err)
		}
	}
	want := []time.Duration{500 * time.Millisecond}
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		want = append(want, want[len(want)-1]+pause*time.Second)
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("questions after the call became unknown (-want +got):\n%s", diff)
	}
	b.paid(t, flow.ID, 0, cent)
	b.Clock.Set(since.Add(24*time.Hour - time.Millisecond))
	if _, err := b.Engine.SweepCalls(ctx, silent); err != nil {
		t.Error(err)
	}
	b.paid(t, flow.ID, 0, cent)
	b.Clock.Advance(time.Minute)
	if n, err := b.Engine.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Errorf("after a day: looked at %d, %v, want 1", n, err)
	}
	b.paid(t, flow.ID, cent, 0)
	// Late is better than never.
	if _, err := b.Engine.SettleLate(ctx, b.Who, settle(call, cent/10)); err != nil {
		t.Error(err)
	}
	b.paid(t, flow.ID, cent/10, 0)
	b.Sound(t)
}

func TestSweepCalls_MarksAnExternalCallUnknownAfterAnHour(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	call := b.Reserve(t, b.Flow(t, workflow.CompetitorPending), cent)
	b.Clock.Advance(time.Hour - time.Second)
	if n, err := b.Engine.SweepCalls(ctx, silent); n != 0 || err != nil {
		t.Errorf("looked at %d, %v, want 0", n, err)
	}
	b.Clock.Advance(time.Second)
	if n, err := b.Engine.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Errorf("looked at %d, %v, want 1", n, err)
	}
	if got, err := b.Engine.Call(ctx, b.Who, call.ID); err != nil || got.State != cost.CallUnknown {
		t.Errorf("got %s, %v, want UNKNOWN", got.State, err)
	}
	b.Sound(t)
}

func TestSweepCalls_OneSweeperQueriesEachCall(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers, flow := b.servers(t), b.Flow(t, workflow.ICPPending)
	for i := range 40 {
		call := b.Reserve(t, flow, cent)
		if err := b.Engine.Identify(ctx, b.Who, call.ID, "sandbox", uuid.NewString()); err != nil {
			t.Fatal(err)
		}
		if err := b.Engine.MarkUnknown(ctx, b.Who, call.ID, workflow.FailureTimeout); err != nil {
			t.Fatal(i, err)
		}
	}
	b.Clock.Advance(time.Second)
	var mu sync.Mutex
	asked := map[string]int{}
	billed := cent / 2
	for _, err := range testdb.Together(4, func(i int) error {
		for {
			n, err := servers[i%2].SweepCalls(ctx, func(_ context.Context, _, generation string) (*engine.SettleInput, error) {
				mu.Lock()
				defer mu.Unlock()
				asked[generation]++
				return &engine.SettleInput{Model: "m", Cost: &billed}, nil
			})
			if n == 0 || err != nil {
				return err
			}
		}
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	for generation, n := range asked {
		if n != 1 {
			t.Errorf("%s was asked for %d times", generation, n)
		}
	}
	if len(asked) != 40 {
		t.Errorf("asked for %d calls, want 40", len(asked))
	}
	b.paid(t, flow.ID, 40*billed, 0)
	b.Sound(t)
}

// Between the moment a sweeper takes a call and the moment it releases it, its worker may come back with the bill.
func TestSweepCalls_KeepsAnOutcomeThatCameFirst(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run, amount := b.Take(t, flow.ID, "worker:1"), cent
	charged, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
		WorkflowID: flow.ID, RunToken: &run.Token, Amount: &amount,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Minute)
	if _, err := b.Engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	reads := 0
	slow := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) {
		o.Now = func() time.Time {
			if reads++; reads == 2 { // It has taken the call and is about to release it.
				if _, err := b.Engine.SettleLate(ctx, b.Who, settle(charged.Call, cent/2)); err != nil {
					t.Error(err)
				}
			}
			return b.Clock.Now()
		}
	})
	if n, err := slow.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Errorf("looked at %d, %v, want 1 and no complaint", n, err)
	}
	b.paid(t, flow.ID, cent/2, 0)
	b.Sound(t)
}
