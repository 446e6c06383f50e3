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

func TestFourSweepersAtOnceEndEachDeadRunOnce(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	flows := make([]uuid.UUID, 50)
	for i := range flows {
		flows[i] = b.flow(t, workflow.ICPPending).ID
		b.take(t, flows[i], "worker:dead")
	}
	alive := b.flow(t, workflow.ICPPending)
	b.clock.advance(29 * time.Second)
	run := b.take(t, alive.ID, "worker:alive")
	if n, err := b.engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("before the leases end: swept %d, %v, want 0", n, err)
	}
	b.clock.advance(time.Second)
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
		if again := b.take(t, flow, "worker:next"); again.Attempt != 2 { // At once.
			t.Errorf("attempt: got %d, want 2", again.Attempt)
		}
	}
	if err := b.engine.Heartbeat(ctx, b.as("worker:alive"), run); err != nil {
		t.Errorf("a run with a lease: %v", err)
	}
	b.sound(t)
}

func TestAHeartbeatKeepsARun(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.flow(t, workflow.ICPPending)
	run := b.take(t, flow.ID, "worker:1")
	for range 5 {
		b.clock.advance(29 * time.Second)
		if err := b.engine.Heartbeat(ctx, b.as("worker:1"), run); err != nil {
			t.Fatal(err)
		}
		if n, err := b.engine.SweepRuns(ctx); n != 0 || err != nil {
			t.Errorf("swept: got %d, %v, want 0", n, err)
		}
	}
	if got := b.state(t, flow.ID); got != workflow.ICPProcessing {
		t.Errorf("state: got %s, want ICP_PROCESSING", got)
	}
}

// The third attempt that nobody renews is the last: the workflow waits for a person then.
func TestARunThatDiesThreeTimesStaysFailed(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.flow(t, workflow.ICPPending)
	for range 3 {
		b.take(t, flow.ID, "worker:dead")
		b.clock.advance(30 * time.Second)
		if n, err := b.engine.SweepRuns(ctx); n != 1 || err != nil {
			t.Fatalf("swept: got %d, %v, want 1", n, err)
		}
	}
	b.clock.advance(time.Hour)
	if n, err := b.engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("swept: got %d, %v, want 0", n, err)
	}
	if run, _, err := b.engine.Take(ctx, b.as("worker:1"), flow.ID); run != nil || err != nil {
		t.Errorf("take: got %v, %v, want nothing", run, err)
	}
	b.sound(t)
}

func TestWhatNobodyDrivesIsWokenByOneSweeperAtATime(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	waiting := map[uuid.UUID]bool{}
	for range 20 {
		flow := b.flow(t, workflow.Created)
		if _, err := b.engine.GenerateICP(ctx, b.who, engine.GenerateICPInput{WorkflowID: flow.ID}); err != nil {
			t.Fatal(err)
		}
		waiting[flow.ID] = true
	}
	for round := range 3 { // As often as nobody comes.
		before := len(b.jobs.all())
		if n, err := b.engine.SweepRuns(ctx); n != 0 || err != nil {
			t.Errorf("round %d, too early: woken %d, %v, want 0", round, n, err)
		}
		b.clock.advance(30 * time.Second)
		var woken atomic.Int64
		errs := testdb.Together(4, func(i int) error {
			n, err := servers[i%2].SweepRuns(ctx)
			woken.Add(int64(n))
			return err
		})
		if err := errors.Join(errs...); err != nil || woken.Load() != 20 || len(b.jobs.all()) != before+20 {
			t.Errorf("round %d: woken %d, %v, want 20", round, woken.Load(), err)
		}
	}
	for id := range waiting {
		b.take(t, id, "worker:1")
	}
	b.clock.advance(29 * time.Second)
	if n, err := b.engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("after they were taken: woken %d, %v, want 0", n, err)
	}
}

func TestTheCallsOfADeadRunAreReleasedOrAskedFor(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.flow(t, workflow.ICPPending)
	run, amount := b.take(t, flow.ID, "worker:1"), cent
	sent := b.call(t, run, cent)
	if err := b.engine.Identify(ctx, b.who, sent.ID, "sandbox", "gen-1"); err != nil {
		t.Fatal(err)
	}
	unsent, err := b.engine.Reserve(ctx, b.who, engine.ReserveInput{
		WorkflowID: flow.ID, RunToken: &run.Token, Amount: &amount,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(45 * time.Second)
	if n, err := b.engine.SweepCalls(ctx, silent); n != 2 || err != nil {
		t.Errorf("while the run is on: looked at %d, %v, want 2", n, err)
	}
	b.paid(t, flow.ID, 0, 2*cent)
	if _, err := b.engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(30 * time.Second)
	if n, err := b.engine.SweepCalls(ctx, silent); n != 2 || err != nil {
		t.Errorf("after its end: looked at %d, %v, want 2", n, err)
	}
	b.paid(t, flow.ID, 0, cent)
	for id, want := range map[uuid.UUID]cost.CallState{sent.ID: cost.CallUnknown, unsent.Call.ID: cost.CallReleased} {
		if got, err := b.engine.Call(ctx, b.who, id); err != nil || got.State != want {
			t.Errorf("got %s, %v, want %s", got.State, err, want)
		}
	}
	if err := b.engine.Dispatch(ctx, b.who, unsent.Call.ID, "sandbox"); fault.KindOf(err) != fault.Conflict {
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
	b.clock.advance(time.Second)
	if n, err := b.engine.SweepCalls(ctx, ask); n != 1 || err != nil {
		t.Errorf("the question: looked at %d, %v, want 1", n, err)
	}
	got, err := b.engine.Call(ctx, b.who, sent.ID)
	if err != nil || got.State != cost.CallSettled || !got.Overage || got.FailureCode != "LEASE_EXPIRED" {
		t.Errorf("got %+v, %v, want it settled with an overage, and still known as lost", got, err)
	}
	b.clock.advance(48 * time.Hour)
	if n, err := b.engine.SweepCalls(ctx, ask); n != 0 || err != nil {
		t.Errorf("after the outcome: looked at %d, %v, want 0", n, err)
	}
	b.sound(t)
}

func TestAnUnknownCallIsAskedForWithGrowingPausesAndThenAssumed(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.clock.set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
	flow := b.flow(t, workflow.ICPPending)
	call := b.reserve(t, flow, cent)
	if err := b.engine.Identify(ctx, b.who, call.ID, "sandbox", "gen-1"); err != nil {
		t.Fatal(err)
	}
	if err := b.engine.Suspect(ctx, b.who, call.ID, workflow.FailureTimeout); err != nil {
		t.Fatal(err)
	}
	since := b.clock.now()
	var asked []time.Duration
	down := errors.New("the provider is down")
	ask := func(context.Context, string, string) (*engine.SettleInput, error) {
		asked = append(asked, b.clock.now().Sub(since))
		if len(asked)%2 == 0 {
			return nil, down
		}
		return nil, nil
	}
	// In steps of half a second, so that each question shows when it was due.
	for b.clock.now().Sub(since) < 4*time.Minute {
		b.clock.advance(500 * time.Millisecond)
		before := len(asked)
		if _, err := b.engine.SweepCalls(ctx, ask); errors.Is(err, down) != (len(asked) > before && len(asked)%2 == 0) {
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
	b.clock.set(since.Add(24*time.Hour - time.Millisecond))
	if _, err := b.engine.SweepCalls(ctx, silent); err != nil {
		t.Error(err)
	}
	b.paid(t, flow.ID, 0, cent)
	b.clock.advance(time.Minute)
	if n, err := b.engine.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Errorf("after a day: looked at %d, %v, want 1", n, err)
	}
	b.paid(t, flow.ID, cent, 0)
	// Late is better than never.
	if _, err := b.engine.SettleLate(ctx, b.who, settle(call, cent/10)); err != nil {
		t.Error(err)
	}
	b.paid(t, flow.ID, cent/10, 0)
	b.sound(t)
}

func TestACallFromOutsideIsSuspectedAfterAnHour(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	call := b.reserve(t, b.flow(t, workflow.CompetitorPending), cent)
	b.clock.advance(time.Hour - time.Second)
	if n, err := b.engine.SweepCalls(ctx, silent); n != 0 || err != nil {
		t.Errorf("looked at %d, %v, want 0", n, err)
	}
	b.clock.advance(time.Second)
	if n, err := b.engine.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Errorf("looked at %d, %v, want 1", n, err)
	}
	if got, err := b.engine.Call(ctx, b.who, call.ID); err != nil || got.State != cost.CallUnknown {
		t.Errorf("got %s, %v, want UNKNOWN", got.State, err)
	}
	b.sound(t)
}

func TestEachCallIsAskedForByOneSweeperAtATime(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers, flow := b.servers(t), b.flow(t, workflow.ICPPending)
	for i := range 40 {
		call := b.reserve(t, flow, cent)
		if err := b.engine.Identify(ctx, b.who, call.ID, "sandbox", uuid.NewString()); err != nil {
			t.Fatal(err)
		}
		if err := b.engine.Suspect(ctx, b.who, call.ID, workflow.FailureTimeout); err != nil {
			t.Fatal(i, err)
		}
	}
	b.clock.advance(time.Second)
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
	b.sound(t)
}

// Between the moment a sweeper takes a call and the moment it releases it, its worker may come back with the bill.
func TestASweeperThatComesTooLateLeavesTheCallAlone(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.flow(t, workflow.ICPPending)
	run, amount := b.take(t, flow.ID, "worker:1"), cent
	charged, err := b.engine.Reserve(ctx, b.who, engine.ReserveInput{
		WorkflowID: flow.ID, RunToken: &run.Token, Amount: &amount,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	if _, err := b.engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	reads := 0
	slow := b.newEngine(t, b.db.Store(), func(o *engine.Options) {
		o.Now = func() time.Time {
			if reads++; reads == 2 { // It has taken the call and is about to release it.
				if _, err := b.engine.SettleLate(ctx, b.who, settle(charged.Call, cent/2)); err != nil {
					t.Error(err)
				}
			}
			return b.clock.now()
		}
	})
	if n, err := slow.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Errorf("looked at %d, %v, want 1 and no complaint", n, err)
	}
	b.paid(t, flow.ID, cent/2, 0)
	b.sound(t)
}
