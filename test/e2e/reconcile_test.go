package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// yesterday is an engine and a sandbox whose clocks are one day late, so that their day can be compared today. ago is
// how late the clocks are.
type yesterday struct {
	world
	ago     *atomic.Int64
	box     *sandbox.Sandbox
	address string
	engine  *engine.Engine
	client  *llm.Client
	day     string // the day of its work in UTC
}

func newYesterday(t *testing.T) yesterday {
	t.Helper()
	y := yesterday{world: world{db: testdb.NewSimulated(t)}, ago: &atomic.Int64{}}
	y.ago.Store(int64(24 * time.Hour))
	y.who = testdb.Caller(t, y.db)
	y.day = y.now().UTC().Format(time.DateOnly)
	y.box = sandbox.New(sandbox.Options{Prices: cost.StartPrices(), Now: y.now})
	server := httptest.NewServer(y.box)
	t.Cleanup(server.Close)
	y.address = server.URL + "/api/v1"
	var err error
	if y.client, err = llm.New(llm.Options{BaseURL: y.address, Key: providerKey}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(y.client.Close)
	y.engine, err = engine.New(engine.Options{
		Store:         y.db.Store(),
		Jobs:          noJobs{},
		Drives:        steps.Keys(),
		Now:           y.now,
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
	})
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func (y yesterday) now() time.Time { return time.Now().Add(-time.Duration(y.ago.Load())) }

// noJobs enqueues no job.
type noJobs struct{}

func (noJobs) Drive(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (noJobs) Batch(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (noJobs) Verify(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Unpublish does nothing.
func (noJobs) Unpublish(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

func (noJobs) CheckTarget(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// Unit does nothing.
func (noJobs) Unit(context.Context, postgres.Tx, workflow.Unit, time.Time) error { return nil }

func (noJobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// work runs the first step of a new workflow like a worker, with these injections.
func (y yesterday) work(t *testing.T, injections ...sandbox.Injection) {
	t.Helper()
	y.box.Next(injections...)
	flow := testdb.Workflow(t, y.db, y.who, testdb.WorkflowOpts{State: workflow.ICPPending})
	taken, err := y.engine.Take(t.Context(), y.who, flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: got %v, %v, want a run", taken.Run, err)
	}
	executor := steps.New(steps.Options{
		Engine: y.engine, Gateway: steps.Gateway{Client: y.client, Name: sandbox.Provider}, Now: y.now,
	})[0]
	if err := executor.Run(t.Context(), y.who, taken.Workflow, *taken.Run); err != nil {
		t.Fatal(err)
	}
}

// reconcile compares with the clock of today, and checks that nothing is written.
func (y yesterday) reconcile(t *testing.T, args ...string) outcome {
	t.Helper()
	y.ago.Store(0)
	before := y.everything(t)
	got := invoke(t, map[string]string{"DATABASE_URL": y.db.URL, "OPENROUTER_MANAGEMENT_KEY": providerKey}, append(
		[]string{"reconcile", "--from=" + y.day, "--provider=sandbox", "--provider-url=" + y.address}, args...)...)
	if diff := cmp.Diff(before, y.everything(t)); diff != "" {
		t.Errorf("a comparison has written (-before +after):\n%s", diff)
	}
	return got
}

// everything returns digests of the ledger, the calls and the accounts.
func (y yesterday) everything(t *testing.T) (digests []string) {
	t.Helper()
	for _, table := range []string{"ai_usage_ledger", "ai_calls", "usage_accounts", "usage_days"} {
		digests = append(digests, ask[string](t, y.world, `
			SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM `+table+` AS t`)...)
	}
	return digests
}

func TestReconcile_FindsNoDifferenceAfterNormalWork(t *testing.T) {
	t.Parallel()
	y := newYesterday(t)
	y.work(t)
	y.work(t)
	y.work(t, sandbox.Overcharge(3))
	y.work(t, sandbox.UnreadableJSON())
	y.work(t, sandbox.Status(http.StatusTooManyRequests, "1"))
	y.work(t, sandbox.FirstModelDown())
	got := y.reconcile(t)
	want := fmt.Sprintf("2 models and days compared: $%s booked here, $%s charged there\n", y.box.Total(), y.box.Total())
	if diff := cmp.Diff(outcome{stdout: want}, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("reconcile (-want +got):\n%s", diff)
	}
	if y.box.Total() == 0 {
		t.Error("the provider has charged nothing: there was nothing to compare")
	}
}

func TestReconcile_PrintsAChargeOfAnotherClient(t *testing.T) {
	t.Parallel()
	y := newYesterday(t)
	y.work(t)
	booked := y.box.Total()
	body, err := (llm.Request{
		Models:    []string{"openai/gpt-4o-mini"},
		Messages:  []llm.Message{{Role: "user", Content: "Behind the engine's back."}},
		MaxTokens: 500,
		Ceiling:   cost.Ceiling{Prompt: cost.Dollar, Completion: cost.Dollar},
	}).Body()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := y.client.Complete(t.Context(), body, func(context.Context, string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	got, extra := y.reconcile(t), y.box.Total()-booked
	if got.code != 1 || !strings.Contains(got.stderr, "1 differences; nothing was booked") {
		t.Errorf("reconcile: got %+v, want status 1 for one difference", got)
	}
	lines := strings.Split(got.stdout, "\n")
	want := []string{
		"DAY UTC MODEL CALLS HERE CALLS THERE USD HERE USD THERE DIFFERENCE",
		fmt.Sprintf("%s openai/gpt-4o-mini 0 1 0 %s %s", y.day, extra, extra),
		fmt.Sprintf("2 models and days compared: $%s booked here, $%s charged there", booked, y.box.Total()), "",
	}
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	if limited := y.reconcile(t, "--tolerance=1"); limited.code != 1 {
		t.Errorf("an extra call within the tolerance: got %+v, want status 1", limited)
	}
	// The operator gets one alert, however often the comparison runs.
	told := invoke(t, map[string]string{"DATABASE_URL": y.db.URL}, "alerts", "list")
	if strings.Count(told.stdout, "RECONCILIATION_DIFFERENCE") != 1 || !strings.Contains(told.stdout, fmt.Sprintf(
		"For openai/gpt-4o-mini on %s sandbox has charged $%s for 1 calls, and $0 for 0 are booked.", y.day, extra)) {
		t.Errorf("alerts list: got %+v, want the difference once", told)
	}
	y.mustCount(t, 0, "alerts", "true")
}

func TestReconcile_CountsACallWithoutAnOutcomeSeparately(t *testing.T) {
	t.Parallel()
	y := newYesterday(t)
	y.work(t, sandbox.CutStream(2))
	got := y.reconcile(t)
	if got.code != 1 || !strings.Contains(got.stdout, "1 calls of these days have no outcome yet and hold $") {
		t.Errorf("reconcile: got %+v, want the open call", got)
	}
	// A later correction belongs to the day of its call.
	gateway := steps.Gateway{Client: y.client, Name: sandbox.Provider}
	if swept, err := y.engine.SweepCalls(t.Context(), gateway.Ask); err != nil || swept != 1 {
		t.Fatalf("sweep: got %d, %v, want 1", swept, err)
	}
	if got := y.reconcile(t); got.code != 0 {
		t.Errorf("after the sweep: got %+v, want no difference", got)
	}
}

func TestReconcile_ComparesOneOrganizationOnly(t *testing.T) {
	t.Parallel()
	y := newYesterday(t)
	y.work(t)
	if got := y.reconcile(t, "--organization="+y.who.OrganizationID.String()); got.code != 0 {
		t.Errorf("own organization: got %+v, want no difference", got)
	}
	other := testdb.Caller(t, y.db)
	for range 2 { // The second time there is no new alert.
		if got := y.reconcile(t, "--organization="+other.OrganizationID.String()); got.code != 1 {
			t.Errorf("another organization: got %+v, want the provider's charge as a difference", got)
		}
	}
	y.mustCount(t, 1, "alerts", "kind = 'RECONCILIATION_DIFFERENCE' AND organization_id = '"+
		other.OrganizationID.String()+"'")
	y.mustCount(t, 1, "alerts", "true")
	if got := y.reconcile(t, "--organization="+uuid.NewString()); got.code != 1 ||
		!strings.Contains(got.stderr, "no such organization") {
		t.Errorf("unknown organization: got %+v, want an error", got)
	}
}

func TestReconcile_RefusesWrongFlags(t *testing.T) {
	t.Parallel()
	y := newYesterday(t)
	today := cost.NewDay(time.Now().UTC())
	for _, test := range []struct{ flag, want string }{
		{"--from=yesterday", "--from: A day is a date"},
		{"--from=" + (today - 31).String(), "--from: the provider keeps the last 30 days"},
		{"--to=" + (today + 1).String(), "--to: " + today.String() + " is not over by UTC"},
		{"--to=" + (today - 3).String(), "--to: The range ends before it begins"},
		{"--organization=acme", `--organization: "acme" is no UUID`},
		{"--tolerance=-1", "--tolerance:"},
		{"--provider-url=ftp://example.com", "base URL"},
	} {
		got := y.reconcile(t, test.flag)
		if got.code != 1 || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: got %+v, want %q", test.flag, got, test.want)
		}
	}
	got := invoke(t, map[string]string{"DATABASE_URL": y.db.URL}, "reconcile", "--from="+y.day)
	if got.code != 1 || !strings.Contains(got.stderr, "OPENROUTER_MANAGEMENT_KEY is not set") {
		t.Errorf("without a key: got %+v", got)
	}
}
