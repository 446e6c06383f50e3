package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// units is a parked run of the step ARTICLE with its units.
type units struct {
	testengine.Fixture
	flow  workflow.Workflow
	run   workflow.Run
	visit int
	ids   []uuid.UUID
}

// newUnitFixture returns a fixture whose engine drives the step ARTICLE.
func newUnitFixture(t *testing.T) testengine.Fixture {
	t.Helper()
	return testengine.NewWith(t, func(o *engine.Options) {
		o.Drives = []workflow.StepKey{workflow.StepArticle}
	})
}

func workerOf(who caller.Caller, name string) caller.Caller {
	return caller.Caller{Actor: "worker:" + name, OrganizationID: who.OrganizationID, Role: caller.Operator}
}

// park returns a workflow whose run of the step ARTICLE is parked over n units.
func park(t *testing.T, f testengine.Fixture, n int) units {
	t.Helper()
	u := units{Fixture: f}
	u.flow = testdb.Workflow(t, f.DB, f.Who, testdb.WorkflowOpts{State: workflow.ArticlePending})
	worker := workerOf(f.Who, "driver")
	taken, err := f.Engine.Take(t.Context(), worker, u.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: %+v, %v", taken, err)
	}
	u.flow, u.run = taken.Workflow, *taken.Run
	visit, err := f.Engine.OpenVisit(t.Context(), worker, u.run)
	if err != nil {
		t.Fatal(err)
	}
	u.visit = visit.Number
	var planned []engine.NewUnit
	for i := range n {
		u.ids = append(u.ids, uuid.Must(uuid.NewV7()))
		planned = append(planned, engine.NewUnit{ID: u.ids[i], Label: fmt.Sprintf("Article %d", i+1)})
	}
	in := engine.ParkInput{Run: u.run, Visit: u.visit, Units: planned}
	if err := f.Engine.Park(t.Context(), worker, in); err != nil {
		t.Fatalf("park: %v", err)
	}
	return u
}

// claim claims an attempt at the unit with an index.
func (u units) claim(t *testing.T, who caller.Caller, i int) *workflow.Unit {
	t.Helper()
	taken, err := u.Engine.ClaimUnit(t.Context(), who, u.ids[i])
	if err != nil {
		t.Fatalf("claim unit %d: %v", i, err)
	}
	return taken.Unit
}

// end ends an attempt at a unit, with a failure code or without.
func (u units) end(t *testing.T, who caller.Caller, unit *workflow.Unit, code workflow.FailureCode) {
	t.Helper()
	var err error
	if code == "" {
		err = u.Engine.FinishUnit(t.Context(), who, engine.FinishUnitInput{Unit: *unit})
	} else {
		err = u.Engine.FailUnit(t.Context(), who, engine.FailUnitInput{Unit: *unit, Failure: code})
	}
	if err != nil {
		t.Fatalf("end unit %s: %v", unit.ID, err)
	}
}

// failStep ends the run of the step because units have failed.
func (u units) failStep(t *testing.T, who caller.Caller) {
	t.Helper()
	taken, err := u.Engine.Take(t.Context(), who, u.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: %+v, %v", taken, err)
	}
	if _, err := u.Engine.FailRun(t.Context(), who, engine.FailRunInput{
		Run: *taken.Run, Failure: workflow.FailureUnitsFailed,
	}); err != nil {
		t.Fatal(err)
	}
}

// states returns the states of the units in their order.
func (u units) states(t *testing.T) (states []workflow.UnitState) {
	t.Helper()
	all, err := u.Engine.UnitsOf(t.Context(), u.Who, u.run, u.visit)
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range all {
		states = append(states, unit.State)
	}
	return states
}

// jobsOf counts the jobs for an id.
func (u units) jobsOf(id uuid.UUID) (n int) {
	for _, job := range u.Jobs.All() {
		if job.ID == id {
			n++
		}
	}
	return n
}

func TestUnits_ParkedRunWaitsForTheLastUnit(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 4)
	worker := workerOf(u.Who, "one")
	placed := 0
	for _, id := range u.ids {
		placed += u.jobsOf(id)
	}
	if placed != 3 {
		t.Errorf("got %d jobs at first, want one for each place of the workflow", placed)
	}
	u.Clock.Advance(time.Hour) // No sweeper ends a parked run.
	if _, err := u.Engine.SweepRuns(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range u.ids {
		if taken, err := u.Engine.Take(t.Context(), worker, u.flow.ID); err != nil || taken.Run != nil {
			t.Fatalf("before unit %d: got run %+v, %v", i, taken.Run, err)
		}
		driven := u.jobsOf(u.flow.ID)
		u.end(t, worker, u.claim(t, worker, i), "")
		if got, want := u.jobsOf(u.flow.ID)-driven, map[bool]int{i == 3: 1}[true]; got != want {
			t.Errorf("after unit %d: got %d jobs for the workflow, want %d", i, got, want)
		}
	}
	if u.jobsOf(u.ids[3]) == 0 {
		t.Error("the end of a unit gave its place to no other")
	}
	taken, err := u.Engine.Take(t.Context(), worker, u.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("the end of the run: got %+v, %v", taken, err)
	}
	moved, err := u.Engine.Finish(t.Context(), worker, engine.FinishInput{
		Run: *taken.Run, Result: engine.Result{Content: []byte(`{}`)},
	})
	if err != nil || moved.Workflow.State != workflow.ArticleCompleted {
		t.Errorf("got %s, %v", moved.Workflow.State, err)
	}
}

func TestUnits_RunCannotEndWithAnOpenUnit(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 1)
	worker := workerOf(u.Who, "one")
	u.end(t, worker, u.claim(t, worker, 0), "")
	taken, err := u.Engine.Take(t.Context(), worker, u.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: %+v, %v", taken, err)
	}
	if _, err := u.Engine.ReopenUnit(t.Context(), u.Who, engine.ReopenUnitInput{UnitID: u.ids[0]}); err != nil {
		t.Fatal(err)
	}
	_, err = u.Engine.Finish(t.Context(), worker, engine.FinishInput{
		Run: *taken.Run, Result: engine.Result{Content: []byte(`{}`)},
	})
	if !errors.Is(err, engine.ErrUnitsOpen) {
		t.Errorf("got %v, want ErrUnitsOpen", err)
	}
}

func TestClaimUnit_OneOfTwentyWorkersWins(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 1)
	var won sync.Map
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			who := workerOf(u.Who, fmt.Sprint(i))
			taken, err := u.Engine.ClaimUnit(t.Context(), who, u.ids[0])
			if err != nil {
				t.Errorf("claim: %v", err)
			}
			if taken.Unit != nil {
				won.Store(i, taken.Unit)
			}
		})
	}
	all.Wait()
	winners := 0
	won.Range(func(any, any) bool { winners++; return true })
	if winners != 1 {
		t.Errorf("got %d winners, want 1", winners)
	}
}

func TestClaimUnit_KeepsTheLimits(t *testing.T) {
	t.Parallel()
	f := newUnitFixture(t)
	flows := []units{park(t, f, 5), park(t, f, 5), park(t, f, 5)}
	worker := workerOf(f.Who, "one")
	var running []*workflow.Unit
	for _, u := range flows {
		for i := range u.ids {
			if unit := u.claim(t, worker, i); unit != nil {
				running = append(running, unit)
			}
		}
	}
	perFlow := map[uuid.UUID]int{}
	for _, unit := range running {
		perFlow[unit.WorkflowID]++
	}
	if len(running) != 6 || perFlow[flows[0].flow.ID] != 3 || perFlow[flows[1].flow.ID] != 3 {
		t.Fatalf("got %d running units, %v", len(running), perFlow)
	}
	before := len(f.Jobs.All())
	flows[0].end(t, worker, running[0], "")
	if got := len(f.Jobs.All()) - before; got != 1 {
		t.Errorf("got %d jobs for the free place, want 1", got)
	}
}

func TestFailUnit_FollowsThePolicyOfItsStep(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 2)
	worker := workerOf(u.Who, "one")
	for attempt := 1; attempt <= 3; attempt++ {
		unit := u.claim(t, worker, 0)
		if unit == nil || unit.Attempt != attempt {
			t.Fatalf("attempt %d: got %+v", attempt, unit)
		}
		u.end(t, worker, unit, workflow.FailureTimeout)
		u.Clock.Advance(time.Minute)
	}
	u.end(t, worker, u.claim(t, worker, 1), workflow.FailureAuth)
	want := []workflow.UnitState{workflow.UnitFailed, workflow.UnitFailed}
	if diff := cmp.Diff(want, u.states(t)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestUnits_RetryOfTheStepTriesTheFailedOnesAgain(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 2)
	worker := workerOf(u.Who, "one")
	u.end(t, worker, u.claim(t, worker, 0), "")
	u.end(t, worker, u.claim(t, worker, 1), workflow.FailureAuth)
	u.failStep(t, worker)
	in := engine.RetryStepInput{WorkflowID: u.flow.ID, IdempotencyKey: "again"}
	moved, err := u.Engine.RetryStep(t.Context(), u.Who, in)
	if err != nil || moved.Workflow.State != workflow.ArticleProcessing {
		t.Fatalf("got %s, %v", moved.Workflow.State, err)
	}
	if again, err := u.Engine.RetryStep(t.Context(), u.Who, in); err != nil || !again.Replayed {
		t.Errorf("the same request: got %+v, %v", again, err)
	}
	if diff := cmp.Diff([]workflow.UnitState{workflow.UnitDone, workflow.UnitPending}, u.states(t)); diff != "" {
		t.Fatalf("states (-want +got):\n%s", diff)
	}
	unit := u.claim(t, worker, 1)
	if unit == nil || unit.Token != moved.Workflow.Version || unit.Attempt != 2 || unit.Tries != 1 {
		t.Fatalf("got %+v", unit)
	}
	u.end(t, worker, unit, "")
	if taken, err := u.Engine.Take(t.Context(), worker, u.flow.ID); err != nil || taken.Run == nil {
		t.Errorf("the end of the run: got %+v, %v", taken, err)
	}
}

func TestUnits_CancelTakesThemFromTheirWorkers(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 2)
	worker := workerOf(u.Who, "one")
	unit := u.claim(t, worker, 0)
	run := unit.Run()
	hold := cost.Dollar / 100
	charged, err := u.Engine.Reserve(t.Context(), worker, engine.ReserveInput{
		WorkflowID: u.flow.ID, Unit: run.Unit, Amount: &hold, IdempotencyKey: "one",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Engine.Cancel(t.Context(), u.Who, engine.CancelInput{WorkflowID: u.flow.ID}); err != nil {
		t.Fatal(err)
	}
	var lost *engine.LostRunError
	checks := map[string]error{
		"watch":     u.Engine.WatchUnit(t.Context(), worker, *unit),
		"heartbeat": u.Engine.HeartbeatUnit(t.Context(), worker, *unit),
		"dispatch":  u.Engine.Dispatch(t.Context(), worker, charged.Call.ID, "sandbox"),
		"part": u.Engine.KeepPart(t.Context(), worker, engine.KeepPartInput{
			Run: run, Visit: u.visit, Part: engine.Part{Key: "outline", Content: []byte(`{}`)},
		}),
		"finish": u.Engine.FinishUnit(t.Context(), worker, engine.FinishUnitInput{Unit: *unit}),
		"fail": u.Engine.FailUnit(t.Context(), worker, engine.FailUnitInput{
			Unit: *unit, Failure: workflow.FailureLeaseExpired,
		}),
	}
	for name, err := range checks {
		if !errors.As(err, &lost) {
			t.Errorf("%s: got %v, want a lost run", name, err)
		}
	}
	if unit := u.claim(t, worker, 1); unit != nil {
		t.Errorf("a unit of a cancelled workflow was claimed: %+v", unit)
	}
}

func TestSweepUnits_EndsAttemptsWithoutALease(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 1)
	dead, next := workerOf(u.Who, "dead"), workerOf(u.Who, "next")
	unit := u.claim(t, dead, 0)
	u.Clock.Advance(time.Minute)
	jobs := u.jobsOf(u.ids[0])
	if swept, err := u.Engine.SweepUnits(t.Context()); err != nil || swept != 1 {
		t.Fatalf("swept %d, %v", swept, err)
	}
	if u.jobsOf(u.ids[0]) != jobs+1 {
		t.Error("the unit has no new job")
	}
	var lost *engine.LostRunError
	if err := u.Engine.HeartbeatUnit(t.Context(), dead, *unit); !errors.As(err, &lost) {
		t.Errorf("the dead worker renews: %v", err)
	}
	again := u.claim(t, next, 0)
	if again == nil || again.Attempt != 2 {
		t.Fatalf("got %+v", again)
	}
	if err := u.Engine.FinishUnit(t.Context(), dead, engine.FinishUnitInput{Unit: *unit}); !errors.As(err, &lost) {
		t.Errorf("the dead worker finishes: %v", err)
	}
	u.end(t, next, again, "")
}

func TestSweepUnits_InsertsALostJobAgain(t *testing.T) {
	t.Parallel()
	u := park(t, newUnitFixture(t), 1)
	jobs := u.jobsOf(u.ids[0])
	u.Clock.Advance(time.Minute)
	if swept, err := u.Engine.SweepUnits(t.Context()); err != nil || swept != 1 {
		t.Fatalf("swept %d, %v", swept, err)
	}
	if got := u.jobsOf(u.ids[0]); got != jobs+1 {
		t.Errorf("got %d jobs, want %d", got, jobs+1)
	}
	if swept, err := u.Engine.SweepUnits(t.Context()); err != nil || swept != 0 {
		t.Errorf("swept %d at once again, %v", swept, err)
	}
}
