package live_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// watch subscribes to the organization of a caller and waits for the first Resync.
func watch(t *testing.T, s server, who caller.Caller) *live.Stream {
	t.Helper()
	stream, err := s.hub.Organization(who.OrganizationID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stream.Close)
	if got := next(t, stream, 1); !got[0].Resync {
		t.Fatalf("the first event: got %+v, want a resync", got[0])
	}
	return stream
}

// next returns the next events of a stream, at least n.
func next(t *testing.T, stream *live.Stream, n int) (events []live.OrganizationEvent) {
	t.Helper()
	ctx := testContext(t)
	for len(events) < n {
		more, err := stream.Next(ctx)
		if err != nil {
			t.Fatalf("waited for %d events, there are %d: %v", n, len(events), err)
		}
		events = append(events, more...)
	}
	return events
}

// versions returns the versions of each workflow, in the order of arrival.
func versions(events []live.OrganizationEvent) map[uuid.UUID][]int {
	byWorkflow := map[uuid.UUID][]int{}
	for _, e := range events {
		byWorkflow[e.Workflow.ID] = append(byWorkflow[e.Workflow.ID], e.Transition.Version)
	}
	return byWorkflow
}

func TestHubOrganization_DeliversEachTransitionOnceOnTwoServers(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	other := testdb.Caller(t, db)
	near, far := serve(t, db, pollEvery(20*time.Millisecond)), serve(t, db)
	const flows, moves = 25, 8
	want := map[uuid.UUID][]int{}
	var all []workflow.Workflow
	for range flows {
		flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
		all = append(all, flow)
		want[flow.ID] = versionRange(flow.Version+1, flow.Version+2*moves)
	}
	foreign := testdb.Workflow(t, db, other, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	streams := []*live.Stream{watch(t, near, who), watch(t, far, who)}
	awaitListeners(t, db, 2)
	errs := testdb.Together(2*flows+1, func(i int) error {
		if i == 2*flows {
			return toggle(ctx, near.store, other, foreign.ID, moves)
		}
		return toggle(ctx, []server{near, far}[i%2].store, who, all[i/2].ID, moves)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, stream := range streams {
		if diff := cmp.Diff(want, versions(next(t, stream, 2*flows*moves))); diff != "" {
			t.Errorf("stream %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestHubOrganization_BeginsWithTheCreationOfAWorkflow(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	s := serve(t, db, pollEvery(time.Hour))
	stream := watch(t, s, who)
	flow, _, err := s.store.CreateWorkflow(ctx, who, postgres.NewWorkflow{
		ID:      uuid.New(),
		Name:    "New",
		Company: workflow.Company{Name: "Example", URL: "https://example.com"},
		At:      testdb.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	testdb.Move(t, s.store, who, flow, workflow.ICPPending)
	got := next(t, stream, 2)
	if diff := cmp.Diff(map[uuid.UUID][]int{flow.ID: {0, 1}}, versions(got)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got[0].Workflow.State != workflow.Created || got[0].Workflow.Name != "New" {
		t.Errorf("the first: got %+v, want the workflow as it was created", got[0].Workflow)
	}
}

func TestHubOrganization_DeliversATransitionThatCommitsLate(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	var ahead atomic.Int64 // how far the clock is ahead
	now := func() time.Time { return testdb.Now().Add(time.Duration(ahead.Load())) }
	s := serve(t, db, pollEvery(10*time.Millisecond), func(o *live.Options) { o.Now = now })
	// No commit is announced to this hub: it finds all transitions by polling.
	late := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPPending})
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
	stream := watch(t, s, who)

	begun, commit, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- db.Store().InTx(ctx, func(tx *postgres.Store) error {
			testdb.Move(t, tx, who, late, workflow.Cancelled)
			close(begun)
			<-commit
			return nil
		})
	}()
	<-begun
	// An hour passes while the transaction is open, and other transactions commit.
	path := testdb.Path(workflow.CompetitorCompleted)
	for _, to := range path {
		ahead.Add(int64(time.Hour) / int64(len(path)))
		flow = moveAt(t, db, who, flow, to, now())
		if got := next(t, stream, 1); len(got) != 1 || got[0].Workflow.ID != flow.ID || got[0].Workflow.State != to {
			t.Fatalf("events: got %+v, want the step to %s", got, to)
		}
	}
	close(commit)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID][]int{late.ID: {late.Version + 1}}
	if diff := cmp.Diff(want, versions(next(t, stream, 1))); diff != "" {
		t.Errorf("the late transition (-want +got):\n%s", diff)
	}
}

// moveAt makes one transition with a date of the test.
func moveAt(
	t *testing.T, db *testdb.DB, who caller.Caller, flow workflow.Workflow, to workflow.State, at time.Time,
) workflow.Workflow {
	t.Helper()
	kind, err := workflow.CheckEdge(flow.State, to)
	if err != nil {
		t.Fatal(err)
	}
	move := postgres.Move{
		WorkflowID: flow.ID,
		From:       flow.State,
		To:         to,
		Kind:       kind,
		At:         at,
	}
	if step := to.Step(); step != nil && to == step.Processing {
		move.Run = &postgres.NewRun{
			Step:           step.Key,
			Worker:         "worker:test",
			Attempt:        1,
			LeaseExpiresAt: at.Add(time.Minute),
		}
	}
	moved, _, won, err := db.Store().Transition(context.Background(), who, move)
	if err != nil || !won {
		t.Fatalf("move to %s: won %t, %v", to, won, err)
	}
	return moved
}

func TestHubOrganization_SlowSubscriberGetsAResync(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	s := serve(t, db)
	slow, quick := watch(t, s, who), watch(t, s, who)
	const flows, moves = 30, 40 // more events than the feed keeps
	var all []workflow.Workflow
	for range flows {
		all = append(all, testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing}))
	}
	told := make(chan int)
	go func() {
		count := 0
		for last := map[uuid.UUID]int{}; count < flows*moves; {
			events, err := quick.Next(ctx)
			if err != nil {
				break
			}
			for _, e := range events {
				if before, known := last[e.Workflow.ID]; !e.Resync && e.Transition.Version > all[0].Version &&
					(!known || e.Transition.Version == before+1) {
					last[e.Workflow.ID] = e.Transition.Version
					count++
				}
			}
		}
		told <- count
	}()
	errs := testdb.Together(flows, func(i int) error { return toggle(ctx, s.store, who, all[i].ID, moves) })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != flows*moves {
		t.Fatalf("the fast subscriber got %d transitions, want %d", got, flows*moves)
	}
	if got := next(t, slow, 1); len(got) != 1 || !got[0].Resync {
		t.Fatalf("the slow subscriber: got %d events, want one resync", len(got))
	}
	// After the Resync it gets each transition again.
	if err := toggle(ctx, s.store, who, all[0].ID, 1); err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID][]int{all[0].ID: {all[0].Version + moves + 1}}
	if diff := cmp.Diff(want, versions(next(t, slow, 1))); diff != "" {
		t.Errorf("after the resync (-want +got):\n%s", diff)
	}
}
