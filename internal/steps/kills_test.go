package steps_test

import (
	"context"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	seosandbox "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	killSeed = 12
	// killedName is the name of the killed processes among the connections of the database.
	killedName = "killed"
)

// mostTurns is far more attempts and pauses than the workflow needs.
const mostTurns = 200

// kills is how many workers are killed, and mostKills how many of them in the steps before the last one.
const kills = 20

var mostKills = map[workflow.StepKey]int{workflow.StepCompetitor: 4, workflow.StepClustering: 8}

// killing is a workflow whose workers are killed at random moments.
type killing struct {
	bundle
	box    *seosandbox.Sandbox
	random *rand.Rand
	killed map[workflow.StepKey]int
	// inFlight are the calls that were open at a kill.
	inFlight map[uuid.UUID]bool
}

// A worker is killed twenty times on the way from step 2 to the article plan. The workflow reaches its plan, a paid
// answer is lost only if its call was in flight at a kill, and the ledger has what both providers charged.
func TestKilledWorker_TwentyTimesOnTheWayToThePlan(t *testing.T) {
	t.Parallel()
	k := &killing{
		bundle: setup(t, options{
			drives:    fourSteps(),
			crawls:    true,
			embedding: embeddingModel,
			website:   "https://acme-robotics.example",
			simulated: true,
		}),
		random:   rand.New(rand.NewPCG(killSeed, 0)), //nolint:gosec // No secret.
		killed:   map[workflow.StepKey]int{},
		inFlight: map[uuid.UUID]bool{},
	}
	k.box = k.searching(t)
	k.box.Always(seosandbox.Injection{Kind: seosandbox.InjectionSlow, Delay: 5 * time.Millisecond})
	k.next(t) // Step 1.
	for flow, turns := k.read(t), 0; flow.State != workflow.ValidationCompleted; flow, turns = k.read(t), turns+1 {
		if turns == mostTurns {
			t.Fatalf("the workflow is still %s after %d kills", flow.State, k.total())
		}
		if flow.State == workflow.SeedReviewPending {
			k.approveBest(t, 10)
			continue
		}
		k.attempt(t)
	}
	k.settleAll(t)
	for _, step := range []workflow.StepKey{workflow.StepCompetitor, workflow.StepClustering, workflow.StepValidation} {
		if k.killed[step] == 0 {
			t.Errorf("no worker was killed in the step %s", step)
		}
	}
	if k.total() != kills {
		t.Errorf("got %d kills, want %d", k.total(), kills)
	}
	if len(k.plan(t).Items) == 0 {
		t.Error("the workflow has no plan")
	}
	k.compare(t)
	t.Logf("killed %v; %d calls were in flight", k.killed, len(k.inFlight))
}

func (k *killing) read(t *testing.T) workflow.Workflow {
	t.Helper()
	flow, err := k.engine.Workflow(t.Context(), k.who, k.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	return flow
}

// attempt makes one attempt in a process of its own, and kills it after a few requests while there are kills left.
func (k *killing) attempt(t *testing.T) {
	t.Helper()
	taken, err := k.engine.Take(t.Context(), k.who, k.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	if taken.Run == nil {
		k.goOn(t)
		return
	}
	after := k.sent.Load() + 1 + k.random.Int64N(8)
	if taken.Run.Step == workflow.StepCompetitor {
		after = k.sent.Load() + 1 + k.random.Int64N(3)
	}
	jitter := time.Duration(k.random.Int64N(int64(8 * time.Millisecond)))
	worker := startChild(t, child{
		Database: named(t, k.db.URL),
		Search:   k.search,
		Models:   k.models,
		Later:    time.Duration(k.later.Load()),
		Who:      k.who,
		Run:      *taken.Run,
	})
	ended := make(chan error, 1)
	go func() { ended <- worker.Wait() }()
	if most, some := mostKills[taken.Run.Step]; k.total() == kills || some && k.killed[taken.Run.Step] == most {
		if err := <-ended; err != nil {
			t.Fatalf("the worker failed: %v", err)
		}
		return
	}
	for k.sent.Load() < after {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the worker failed: %v", err)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
	select {
	case <-ended:
	case <-time.After(jitter):
		k.kill(t, worker, ended, taken.Run.Step)
	}
}

// named gives the connections of a database a name.
func named(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("application_name", killedName)
	u.RawQuery = query.Encode()
	return u.String()
}

// kill kills a worker and remembers what it had in flight.
func (k *killing) kill(t *testing.T, worker *exec.Cmd, ended chan error, step workflow.StepKey) {
	t.Helper()
	if err := worker.Process.Kill(); err != nil { // SIGKILL.
		t.Fatal(err)
	}
	<-ended
	k.killed[step]++
	// The database may still commit what the worker sent last.
	wait(t, "the end of the worker's connections", func() bool {
		var n int
		err := k.db.Super.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = $1`, killedName).Scan(&n)
		return err == nil && n == 0
	})
	rows, err := k.db.Super.Query(t.Context(), `SELECT id FROM ai_calls WHERE state IN ('RESERVED', 'DISPATCHED')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		k.inFlight[id] = true
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
}

func (k *killing) total() (n int) {
	for _, of := range k.killed {
		n += of
	}
	return n
}

// goOn lets time pass, so that leases end and lost calls are found, and repeats a step that stays failed.
func (k *killing) goOn(t *testing.T) {
	t.Helper()
	k.later.Add(int64(time.Minute))
	if _, err := k.engine.SweepRuns(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.look(t)
	if flow := k.read(t); flow.State.Status() == workflow.StatusFailed {
		_, err := k.engine.RetryStep(t.Context(), k.who, engine.RetryStepInput{WorkflowID: flow.ID})
		if err != nil {
			t.Logf("retry: %v", err)
		}
	}
}

// look looks lost calls up, as the sweeper does.
func (k *killing) look(t *testing.T) {
	t.Helper()
	if _, err := k.engine.SweepCallsBy(t.Context(), engine.LookUps{Ask: k.gateway.Ask, Find: k.finds}); err != nil {
		t.Logf("sweep: %v", err)
	}
}

// settleAll lets time pass until no call is open. A question to a model whose answer has no id is assumed after a day.
func (k *killing) settleAll(t *testing.T) {
	t.Helper()
	for _, pause := range []time.Duration{time.Minute, 10 * time.Minute, 10 * time.Minute, 25 * time.Hour, time.Minute} {
		k.later.Add(int64(pause))
		k.look(t)
	}
}

func (k *killing) approveBest(t *testing.T, n int) {
	t.Helper()
	var ids []uuid.UUID
	for _, keyword := range k.keywords(t)[:n] {
		ids = append(ids, keyword.ID)
	}
	decided, err := k.engine.DecideKeywords(t.Context(), k.who, engine.DecideKeywordsInput{
		WorkflowID: k.flow.ID, IDs: ids, Choice: content.ChoiceSelected,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.engine.ApproveSeeds(t.Context(), k.who, engine.ApproveSeedsInput{
		WorkflowID:      k.flow.ID,
		ExpectedVersion: decided.Workflow.Version,
		SelectionDigest: decided.Selection.Digest[:],
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compare compares the books of both providers with the ledger, call by call.
func (k *killing) compare(t *testing.T) {
	t.Helper()
	var assumed, known cost.Pico
	charged := map[string]cost.Pico{}
	for id, charge := range k.sandbox.Charges() {
		charged[id] = charge.Cost
	}
	for _, charge := range k.box.Charges() {
		charged[charge.ID] = charge.Cost
	}
	for _, call := range k.everyCall(t) {
		switch {
		case call.State.Open():
			t.Errorf("the call %s is still %s", call.ID, call.State)
		case call.State == cost.CallAssumed:
			assumed += call.Hold
		case call.State == cost.CallSettled:
			if known += *call.Cost; *call.Cost != charged[call.GenerationID] {
				t.Errorf("the call %s has $%s, the provider charged $%s", call.ID, call.Cost, charged[call.GenerationID])
			}
			delete(charged, call.GenerationID)
		}
		if call.Cost != nil && *call.Cost > 0 && !k.inFlight[call.ID] && !k.isKept(t, call.ID) &&
			call.Step != string(workflow.StepICP) {
			t.Errorf("the call %s of %s is paid, and was neither kept nor in flight at a kill", call.ID, call.Step)
		}
	}
	var unnamed cost.Pico
	for _, amount := range charged {
		unnamed += amount
	}
	if unnamed > assumed {
		t.Errorf("the providers charged $%s for calls without an id, the ledger assumes only $%s", unnamed, assumed)
	}
	accounts, err := k.engine.Accounts(t.Context(), k.who, []uuid.UUID{k.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	if got := accounts[k.flow.ID].Balance; got.Held != 0 || got.Settled != known+assumed {
		t.Errorf("got %+v, want $%s settled and nothing held", got, known+assumed)
	}
	if want := k.sandbox.Total() + k.box.Total() - unnamed; known != want {
		t.Errorf("the ledger has $%s without assumptions, the providers charged $%s", known, want)
	}
	findings, err := k.auditor.Verify(context.Background())
	for _, f := range findings {
		if !testdb.SimulatesTime(f.What) {
			t.Errorf("verify: %s", f.What)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (k *killing) everyCall(t *testing.T) (all []cost.Call) {
	t.Helper()
	in := engine.CallsInput{Workflows: []uuid.UUID{k.flow.ID}, First: 100}
	for {
		page, err := k.engine.Calls(t.Context(), k.who, in)
		if err != nil {
			t.Fatal(err)
		}
		calls := page[k.flow.ID]
		all = append(all, calls...)
		if len(calls) < in.First {
			return all
		}
		last := calls[len(calls)-1]
		in.After = &engine.Cursor{At: last.ReservedAt, ID: last.ID}
	}
}

func (k *killing) isKept(t *testing.T, call uuid.UUID) (kept bool) {
	t.Helper()
	err := k.db.Super.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM step_parts WHERE call_id = $1)`, call).Scan(&kept)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}
