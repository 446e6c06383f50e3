package live_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// follow subscribes to a workflow's journal until the end of the test.
func follow(t *testing.T, s server, flow workflow.Workflow, after int) *live.Journal[live.TransitionEvent] {
	t.Helper()
	j, err := s.hub.Transitions(flow, after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return j
}

func TestHubTransitions_DeliversEachVersionOnceWithFiftyWriters(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	near, far := serve(t, db), serve(t, db)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	const writers, each = 50, 4
	last := flow.Version + writers*each

	type seen struct {
		versions []int
		err      error
	}
	all := make(chan seen)
	for i := range 20 {
		go func() {
			var versions []int
			var err error
			for turn, after := i, -1; err == nil && after < last; turn++ {
				var j *live.Journal[live.TransitionEvent]
				if j, err = []server{near, far}[turn%2].hub.Transitions(flow, after); err != nil {
					break
				}
				until := last
				if i%4 == 0 { // One in four reconnects after each seven versions, to the other server.
					until = min(last, after+7)
				}
				var more []int
				more, err = collect(ctx, j, until)
				j.Close()
				versions = append(versions, more...)
				if err == nil {
					after = versions[len(versions)-1]
				}
			}
			all <- seen{versions, err}
		}()
	}
	errs := testdb.Together(writers, func(i int) error {
		return toggle(ctx, []server{near, far}[i%2].store, who, flow.ID, each)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		got := <-all
		if diff := cmp.Diff(versionRange(0, last), got.versions); diff != "" || got.err != nil {
			t.Errorf("versions (-want +got): %v\n%s", got.err, diff)
		}
	}
}

func TestNotifier_ReachesOtherServersWithinMilliseconds(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	// Neither polls, so only a notification can wake the subscriber.
	near, far := serve(t, db, pollEvery(time.Hour)), serve(t, db, pollEvery(time.Hour))
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	j := follow(t, far, flow, flow.Version)
	told := make(chan error, 1)
	go func() {
		_, err := collect(ctx, j, flow.Version+1)
		told <- err
	}()
	awaitListeners(t, db, 2)
	began := time.Now()
	if err := toggle(ctx, near.store, who, flow.ID, 1); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	t.Logf("from the commit on one server to the subscriber of the other: %s", time.Since(began))
}

// awaitListeners waits until so many servers listen.
func awaitListeners(t *testing.T, db *testdb.DB, n int) {
	t.Helper()
	ctx := testContext(t)
	const listening = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'infin8 live' AND query LIKE 'LISTEN%' AND state = 'idle'`
	for found := -1; found != n; {
		if err := db.Super.QueryRow(ctx, listening).Scan(&found); err != nil {
			t.Fatalf("wait for %d listeners, there are %d: %v", n, found, err)
		}
	}
}

func TestListener_CatchesUpAfterALostConnection(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	near, far := serve(t, db, pollEvery(time.Hour)), serve(t, db, pollEvery(time.Hour))
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	j := follow(t, far, flow, flow.Version)
	told := make(chan []int, 1)
	const moves = 40
	go func() {
		versions, _ := collect(ctx, j, flow.Version+moves)
		told <- versions
	}()
	awaitListeners(t, db, 2)
	for range moves / 4 {
		if err := toggle(ctx, near.store, who, flow.ID, 2); err != nil {
			t.Fatal(err)
		}
		cutLive(t, db)
		if err := toggle(ctx, near.store, who, flow.ID, 2); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(versionRange(flow.Version+1, flow.Version+moves), <-told); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestHubTransitions_SurvivesTerminatedConnections(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	near, far := serve(t, db), serve(t, db)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	j := follow(t, far, flow, flow.Version)
	for range 10 {
		_, err := db.Super.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Fatal(err)
		}
		// Its connection may be terminated too. Then the number of its transitions is unknown.
		_ = toggle(ctx, near.store, who, flow.ID, 2)
	}
	for toggle(ctx, near.store, who, flow.ID, 1) != nil && ctx.Err() == nil {
		continue // until a connection works
	}
	now, _, err := db.Store().Workflow(ctx, who, flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := collect(ctx, j, now.Version)
	if diff := cmp.Diff(versionRange(flow.Version+1, now.Version), got); diff != "" || err != nil {
		t.Errorf("versions (-want +got): %v\n%s", err, diff)
	}
}

// cutLive terminates all connections for LISTEN and NOTIFY.
func cutLive(t *testing.T, db *testdb.DB) {
	t.Helper()
	_, err := db.Super.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'infin8 live'`)
	if err != nil {
		t.Fatal(err)
	}
}

func TestPoll_FindsTransitionsWithoutNotification(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	s := serve(t, db, pollEvery(50*time.Millisecond))
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	j := follow(t, s, flow, flow.Version-1)
	if got, err := collect(ctx, j, flow.Version); err != nil || len(got) != 1 {
		t.Fatalf("present state: got versions %v, %v", got, err)
	}
	// This store announces no commit, as psql would not.
	if err := toggle(ctx, db.Store(), who, flow.ID, 3); err != nil {
		t.Fatal(err)
	}
	got, err := collect(ctx, j, flow.Version+3)
	if diff := cmp.Diff(versionRange(flow.Version+1, flow.Version+3), got); diff != "" || err != nil {
		t.Errorf("versions (-want +got): %v\n%s", err, diff)
	}
}

func TestHubTransitions_CarriesTheWorkflowAfterEachTransition(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	s := serve(t, db)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPCompleted})
	events, err := follow(t, s, flow, -1).Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range events {
		if a.Transition.Version != i || a.Workflow.Version != i || a.Workflow.State != a.Transition.To ||
			a.Workflow.Name != flow.Name || !a.Workflow.UpdatedAt.Equal(a.Transition.At) {
			t.Errorf("event %d: got %+v", i, a)
		}
	}
	if diff := cmp.Diff(flow, events[len(events)-1].Workflow); diff != "" {
		t.Errorf("the last one (-want +got):\n%s", diff)
	}
}

func TestHubTransitions_SlowSubscriberDelaysNoOther(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	s := serve(t, db)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	slow, quick := follow(t, s, flow, -1), follow(t, s, flow, -1)
	if _, err := slow.Next(ctx); err != nil {
		t.Fatal(err)
	}
	const moves = 400 // more than are kept in memory
	if err := toggle(ctx, s.store, who, flow.ID, moves); err != nil {
		t.Fatal(err)
	}
	if got, err := collect(ctx, quick, flow.Version+moves); err != nil || len(got) != flow.Version+moves+1 {
		t.Fatalf("the quick one: got %d versions, %v", len(got), err)
	}
	got, err := collect(ctx, slow, flow.Version+moves)
	if diff := cmp.Diff(versionRange(flow.Version+1, flow.Version+moves), got); diff != "" || err != nil {
		t.Errorf("the slow one (-want +got): %v\n%s", err, diff)
	}
}

func TestHub_RefusesSubscriptionsBeyondItsMaximum(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who := testdb.Caller(t, db)
	s := serve(t, db, func(o *live.Options) { o.MaxSubscriptions = 2 })
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
	first := follow(t, s, flow, -1)
	follow(t, s, flow, -1)
	if _, err := s.hub.Organization(who.OrganizationID); !errors.Is(err, live.ErrFull) {
		t.Errorf("the third: got %v, want ErrFull", err)
	}
	first.Close()
	first.Close() // Twice counts once.
	follow(t, s, flow, -1)
	if _, err := s.hub.Entries(flow, -1); !errors.Is(err, live.ErrFull) {
		t.Errorf("after one has gone and another come: got %v, want ErrFull", err)
	}
}
