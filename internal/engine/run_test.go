package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
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

// resultOf returns a result that names its maker.
func resultOf(by string) engine.Result {
	return engine.Result{Content: fmt.Appendf(nil, `{"valueProposition": %q}`, by), Provider: "sandbox", Model: "m"}
}

func lost(err error) bool {
	var l *engine.LostRunError
	return errors.As(err, &l)
}

func TestTake_OneOfTenWorkersWins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, prepare := range map[string]func(*testing.T, bundle) uuid.UUID{
		"APendingStep": func(t *testing.T, b bundle) uuid.UUID { return b.Flow(t, workflow.ICPPending).ID },
		"ARetryThatIsDue": func(t *testing.T, b bundle) uuid.UUID {
			flow := b.Flow(t, workflow.ICPPending)
			_, err := b.Engine.FailRun(ctx, b.Who, engine.FailRunInput{
				Run: b.Take(t, flow.ID, "worker:0"), Failure: workflow.FailureTimeout,
			})
			if err != nil {
				t.Fatal(err)
			}
			b.Clock.Advance(time.Minute)
			return flow.ID
		},
		"ARunThatAPersonBegan": func(t *testing.T, b bundle) uuid.UUID {
			flow := b.Flow(t, workflow.ICPFailed)
			if _, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{WorkflowID: flow.ID}); err != nil {
				t.Fatal(err)
			}
			return flow.ID
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			servers := b.servers(t)
			for range 5 {
				flow := prepare(t, b)
				var mu sync.Mutex
				var got []workflow.Run
				for _, err := range testdb.Together(10, func(i int) error {
					taken, err := servers[i%2].Take(ctx, b.As(fmt.Sprintf("worker:%d", i)), flow)
					run := taken.Run
					mu.Lock()
					defer mu.Unlock()
					if run != nil {
						got = append(got, *run)
					}
					return err
				}) {
					if err != nil {
						t.Error(err)
					}
				}
				if len(got) != 1 {
					t.Fatalf("got %d runs, want 1", len(got))
				}
				if err := b.Engine.Heartbeat(ctx, b.As(got[0].Worker), got[0]); err != nil {
					t.Errorf("the winner's heartbeat: %v", err)
				}
				if err := b.Engine.Heartbeat(ctx, b.As("worker:x"), got[0]); !lost(err) {
					t.Errorf("another's heartbeat: got %v, want the run lost", err)
				}
				if err := b.Engine.Watch(ctx, b.Who, got[0]); err != nil {
					t.Errorf("watch: %v", err)
				}
			}
			b.Sound(t)
		})
	}
}

func TestTake_ReturnsNoRunWhenNothingIsDue(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for _, state := range workflow.States() {
		if state == workflow.ICPPending {
			continue
		}
		flow := b.Flow(t, state)
		if taken, err := b.Engine.Take(ctx, b.As("worker:1"), flow.ID); taken.Run != nil || err != nil {
			t.Errorf("%s: got %v, %v, want nothing", state, taken.Run, err)
		}
	}
	if taken, err := b.Engine.Take(ctx, b.As("worker:1"), uuid.New()); taken.Run != nil || err != nil {
		t.Errorf("a workflow that is not there: got %v, %v, want nothing", taken.Run, err)
	}
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	failed := engine.FailRunInput{Run: run, Failure: workflow.FailureTimeout}
	if _, err := b.Engine.FailRun(ctx, b.Who, failed); err != nil {
		t.Fatal(err)
	}
	taken, err := b.Engine.Take(ctx, b.As("worker:2"), flow.ID)
	due := b.Clock.Now().Add(500 * time.Millisecond)
	if err != nil || taken.Run != nil || taken.RetryAt == nil || !taken.RetryAt.Equal(due) {
		t.Fatalf("a retry before its time: got %+v, %v, want the time %s", taken, err, due)
	}
	b.Clock.Set(due.Add(-time.Microsecond))
	if taken, err := b.Engine.Take(ctx, b.As("worker:2"), flow.ID); taken.Run != nil || err != nil {
		t.Errorf("a microsecond before its time: got %v, %v, want nothing", taken.Run, err)
	}
	b.Clock.Set(due)
	b.Take(t, flow.ID, "worker:2")
}

// A run is lost when its lease has ended, when a person has failed it, and when the workflow was cancelled.
func TestFinish_LostRunBooksItsCostOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, lose := range map[string]func(*testing.T, bundle, uuid.UUID) error{
		"Swept": func(_ *testing.T, b bundle, _ uuid.UUID) error {
			b.Clock.Advance(31 * time.Second)
			_, err := b.Engine.SweepRuns(ctx)
			return err
		},
		"SweptAndTakenByAnother": func(t *testing.T, b bundle, flow uuid.UUID) error {
			b.Clock.Advance(31 * time.Second)
			_, err := b.Engine.SweepRuns(ctx)
			b.Take(t, flow, "worker:2")
			return err
		},
		"FailedByAPerson": func(_ *testing.T, b bundle, flow uuid.UUID) error {
			_, err := b.Engine.Transition(ctx, b.Who, engine.TransitionInput{
				WorkflowID: flow, From: workflow.ICPProcessing, To: workflow.ICPFailed,
			})
			return err
		},
		"Cancelled": func(_ *testing.T, b bundle, flow uuid.UUID) error {
			_, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow := b.Flow(t, workflow.ICPPending)
			run := b.Take(t, flow.ID, "worker:1")
			call, second := b.Call(t, run, cent), b.Call(t, run, cent)
			if err := lose(t, b, flow.ID); err != nil {
				t.Fatal(err)
			}
			before := b.journal(t, flow.ID)
			bill, other, amount := settle(call, cent/2), settle(second, cent/4), cent
			for what, do := range map[string]func() error{
				"finish": func() error {
					_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
						Run: run, Result: resultOf("the dead"), Settle: &bill,
					})
					return err
				},
				"finish again": func() error {
					_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
						Run: run, Result: resultOf("the dead"), Settle: &other,
					})
					return err
				},
				"fail": func() error {
					_, err := b.Engine.FailRun(ctx, b.As("worker:1"), engine.FailRunInput{
						Run: run, Failure: workflow.FailureTimeout,
					})
					return err
				},
				"heartbeat": func() error { return b.Engine.Heartbeat(ctx, b.As("worker:1"), run) },
				"watch":     func() error { return b.Engine.Watch(ctx, b.As("worker:1"), run) },
				"reserve": func() error {
					_, err := b.Engine.Reserve(ctx, b.As("worker:1"), engine.ReserveInput{
						WorkflowID: flow.ID, RunToken: &run.Token, Amount: &amount,
					})
					return err
				},
			} {
				if err := do(); !lost(err) {
					t.Errorf("%s: got %v, want the run lost", what, err)
				}
			}
			if diff := cmp.Diff(before, b.journal(t, flow.ID)); diff != "" {
				t.Errorf("the journal has changed:\n%s", diff)
			}
			if results, err := b.Engine.ICPs(ctx, b.Who, []uuid.UUID{flow.ID}); len(results) != 0 || err != nil {
				t.Errorf("results: got %v, %v, want none", results, err)
			}
			b.paid(t, flow.ID, cent/2+cent/4, 0)
			b.Sound(t)
		})
	}
}

func TestCancel_OrFinishWins(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	ended := map[workflow.State]int{}
	for i := range 30 {
		flow := b.Flow(t, workflow.ICPPending)
		run := b.Take(t, flow.ID, "worker:1")
		bill := settle(b.Call(t, run, cent/2), cent/4)
		var finished error
		errs := testdb.Together(2, func(n int) (err error) {
			if n == i%2 {
				_, finished = servers[0].Finish(ctx, b.As("worker:1"), engine.FinishInput{
					Run: run, Result: resultOf("one"), Settle: &bill,
				})
				return nil
			}
			_, err = servers[1].Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID})
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Errorf("cancel: %v", err)
		}
		results, err := b.Engine.ICPs(ctx, b.Who, []uuid.UUID{flow.ID})
		if err != nil {
			t.Fatal(err)
		}
		rows := b.journal(t, flow.ID)
		before := rows[len(rows)-2].To // What was cancelled: a running step, or a finished one.
		ended[before]++
		if kept := len(results) == 1; kept != (before == workflow.ICPCompleted) || lost(finished) == kept {
			t.Errorf("cancelled in %s: results %v, finish said %v", before, results, finished)
		}
	}
	t.Logf("cancelled in %v", ended)
	month := b.month(t).Balance
	if want := (cost.Balance{Settled: 30 * (cent / 4), Limit: cost.Limit(25 * cost.Dollar)}); month != want {
		t.Errorf("the month: got %+v, want every call booked: %+v", month, want)
	}
	b.Sound(t)
}

func TestFailRun_RetriesByThePolicy(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	second := time.Second
	for name, c := range map[string]struct {
		failures []workflow.FailureCode
		after    time.Duration // what the provider asked for
		waits    []time.Duration
	}{
		// The jitter is a half: of 1 s, then of 2 s; three attempts in all.
		"TimeOut": {
			[]workflow.FailureCode{workflow.FailureTimeout, workflow.FailureNetwork, workflow.FailureTimeout},
			0,
			[]time.Duration{second / 2, second, -1},
		},
		"RateLimited":       {[]workflow.FailureCode{workflow.FailureRateLimited}, 7 * second, []time.Duration{7 * second}},
		"RateLimitedForDay": {[]workflow.FailureCode{workflow.FailureRateLimited}, 24 * time.Hour, []time.Duration{-1}},
		"UnreadableOnce": {
			[]workflow.FailureCode{workflow.FailureInvalidOutput, workflow.FailureInvalidOutput},
			0,
			[]time.Duration{second / 2, -1},
		},
		"UnreadableThenDrift": {
			[]workflow.FailureCode{workflow.FailureInvalidOutput, workflow.FailureModelDrift},
			0,
			[]time.Duration{second / 2, second},
		},
		"LeaseExpired": {[]workflow.FailureCode{workflow.FailureLeaseExpired}, 0, []time.Duration{0}},
		"Budget":       {[]workflow.FailureCode{workflow.FailureBudget}, second, []time.Duration{-1}},
		"Unknown":      {[]workflow.FailureCode{workflow.FailureInternal}, second, []time.Duration{-1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow := b.Flow(t, workflow.ICPPending)
			for i, code := range c.failures {
				run := b.Take(t, flow.ID, "worker:1")
				if run.Attempt != i+1 {
					t.Errorf("attempt: got %d, want %d", run.Attempt, i+1)
				}
				moved, err := b.Engine.FailRun(ctx, b.As("worker:1"), engine.FailRunInput{
					Run: run, Failure: code, Message: "words\x00" + strings.Repeat("é", 600), RetryAfter: c.after,
				})
				if err != nil {
					t.Fatal(err)
				}
				next := b.next(t, moved.Workflow)
				if c.waits[i] < 0 && next == nil {
					break
				}
				if next == nil || next.Sub(b.Clock.Now()) != c.waits[i] {
					t.Fatalf("after %s: got the next attempt at %v, want it in %s", code, next, c.waits[i])
				}
				if jobs := b.Jobs.All(); !jobs[len(jobs)-1].At.Equal(*next) {
					t.Errorf("a worker was asked for at %s, want %s", jobs[len(jobs)-1].At, *next)
				}
				b.Clock.Advance(c.waits[i])
			}
			b.Sound(t)
		})
	}
}

// next says when a workflow is tried again by itself; nil when it is not.
func (b bundle) next(t *testing.T, flow workflow.Workflow) *time.Time {
	t.Helper()
	activities, err := b.Engine.Activities(context.Background(), b.Who, []workflow.Workflow{flow})
	if err != nil {
		t.Fatal(err)
	}
	return activities[flow.ID].NextRetryAt
}

func TestTransition_RetryByAPersonResetsTheAttempts(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	for range 2 {
		_, err := b.Engine.FailRun(ctx, b.Who, engine.FailRunInput{
			Run: b.Take(t, flow.ID, "worker:1"), Failure: workflow.FailureInvalidOutput,
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Clock.Advance(time.Minute)
	}
	if _, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	run := b.Take(t, flow.ID, "worker:2")
	moved, err := b.Engine.FailRun(ctx, b.Who, engine.FailRunInput{Run: run, Failure: workflow.FailureInvalidOutput})
	if err != nil || run.Attempt != 1 || b.next(t, moved.Workflow) == nil {
		t.Errorf("got attempt %d, %v, want the first of a new visit, to be tried again", run.Attempt, err)
	}
	b.Sound(t)
}

func TestTransition_ExternalProgramDrivesAStep(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.CompetitorPending)
	moved, err := b.Engine.Transition(ctx, b.Who, engine.TransitionInput{
		WorkflowID: flow.ID, From: workflow.CompetitorPending, To: workflow.CompetitorProcessing,
	})
	if err != nil {
		t.Fatal(err)
	}
	token := moved.Workflow.Version
	renewed, err := b.Engine.RenewLease(ctx, b.Who, engine.RenewLeaseInput{WorkflowID: flow.ID, Token: token})
	if err != nil || !renewed.Run.LeaseExpiresAt.Equal(b.Clock.Now().Add(30*time.Second)) {
		t.Errorf("renew: got %v, %v, want 30 s more", renewed.Run.LeaseExpiresAt, err)
	}
	if _, err := b.Engine.RenewLease(ctx, b.As("bob"), engine.RenewLeaseInput{
		WorkflowID: flow.ID, Token: token,
	}); !lost(err) {
		t.Errorf("renew by another: got %v, want the run lost", err)
	}
	b.Clock.Advance(31 * time.Second)
	if n, err := b.Engine.SweepRuns(ctx); n != 1 || err != nil {
		t.Errorf("sweep: got %d, %v, want 1", n, err)
	}
	_, err = b.Engine.Transition(ctx, b.Who, engine.TransitionInput{
		WorkflowID: flow.ID, From: workflow.CompetitorProcessing, To: workflow.CompetitorCompleted, Version: &token,
	})
	if fault.KindOf(err) != fault.StaleState || b.state(t, flow.ID) != workflow.CompetitorFailed {
		t.Errorf("complete with a lost token: got %v in %s, want STALE_STATE", err, b.state(t, flow.ID))
	}
	b.Sound(t)
}
