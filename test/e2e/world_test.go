package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/web"
)

const (
	authSecret  = "signs the tokens of the tests, with 32 bytes or more"
	providerKey = "pays-for-the-models-of-the-tests"
)

// quick are settings that detect a dead worker within seconds. Their ratios are those of the defaults.
var quick = []string{"--lease=3s", "--heartbeat=1s", "--watch=100ms", "--sweep=300ms"}

// world is the environment of a server: a migrated database and a model provider. who is an administrator of an
// organization.
type world struct {
	db       *testdb.DB
	provider *provider
	who      caller.Caller
	direct   string // address of the database if db.URL leads through a pooler
}

// migrated makes databases that the real program has migrated.
var migrated = testdb.NewKind(func(t testing.TB, db *testdb.DB) {
	t.Helper()
	if got := invoke(t, map[string]string{"DATABASE_URL": db.URL}, "migrate", "up"); got.code != 0 {
		t.Fatalf("migrate up: %s", got.stderr)
	}
})

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{db: migrated.New(t), provider: newProvider(t)}
	w.who = testdb.Caller(t, w.db)
	return w
}

// environment returns the environment variables of a server.
func (w world) environment() []string {
	return []string{
		"DATABASE_URL=" + w.db.URL, "DATABASE_DIRECT_URL=" + w.direct, "AUTH_SECRET=" + authSecret,
		"OPENROUTER_API_KEY=" + providerKey, "OPENROUTER_BASE_URL=" + w.provider.address,
		"INFIN8_STEPS=ICP", // Most tests end with the first step.
	}
}

// serve starts a server.
func (w world) serve(t *testing.T, args ...string) *process {
	t.Helper()
	fixed := []string{"serve", "--listen=127.0.0.1:0", "--connections=12"}
	return start(t, w.environment(), append(fixed, args...)...).listens(t)
}

// serveTwice starts two servers without workers.
func (w world) serveTwice(t *testing.T, args ...string) []client {
	t.Helper()
	args = append(args, "--workers=false")
	return []client{w.client(t, w.serve(t, args...), w.who), w.client(t, w.serve(t, args...), w.who)}
}

// client returns a client of a server for a caller.
func (w world) client(t *testing.T, p *process, who caller.Caller) client {
	t.Helper()
	return client{address: p.address, token: token(t, who)}
}

func token(t *testing.T, who caller.Caller) string {
	t.Helper()
	auth, err := web.NewAuthenticator([]byte(authSecret), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := auth.Token(who, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// begin creates a workflow for a company over the API, starts its first step, and returns its UUID.
func (w world) begin(t *testing.T, c client, company string) uuid.UUID {
	t.Helper()
	made := c.do(t, "createWorkflow", map[string]any{
		"name": "About " + company, "company": map[string]any{"name": company, "url": "https://example.com"},
	})
	c.do(t, "generateIcp", map[string]any{"workflowId": made.Workflow.ID})
	return plain(t, made.Workflow.ID)
}

// plain returns the UUID in an id of the API.
func plain(t *testing.T, id string) uuid.UUID {
	t.Helper()
	_, text, _ := strings.Cut(id, "_")
	read, err := uuid.Parse(text)
	if err != nil {
		t.Fatalf("the id %q: %v", id, err)
	}
	return read
}

// ask reads rows of one column as a superuser.
func ask[T any](t *testing.T, w world, query string, args ...any) []T {
	t.Helper()
	rows, err := w.db.Super.Query(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	return all
}

// tamper changes the database as a superuser.
func (w world) tamper(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := w.db.Super.Exec(context.Background(), statement); err != nil {
			t.Fatalf("%v in %s", err, statement)
		}
	}
}

// state returns the state of a workflow.
func (w world) state(t *testing.T, flow uuid.UUID) string {
	t.Helper()
	return ask[string](t, w, `SELECT state FROM intent_workflows WHERE id = $1`, flow)[0]
}

// reaches waits until a workflow is in a state.
func (w world) reaches(t *testing.T, flow uuid.UUID, state string) {
	t.Helper()
	eventually(t, fmt.Sprintf("workflow %s becomes %s", flow, state), func() bool { return w.state(t, flow) == state })
}

// path returns all states of a workflow in the order of its journal.
func (w world) path(t *testing.T, flow uuid.UUID) string {
	t.Helper()
	return strings.Join(ask[string](t, w,
		`SELECT to_state FROM workflow_transitions WHERE workflow_id = $1 ORDER BY version`, flow), " ")
}

// contents returns digests of all rows of an organization, and the number of its jobs.
func (w world) contents(t *testing.T, organization uuid.UUID) map[string]string {
	t.Helper()
	digests := testdb.Contents(t, w.db, organization)
	digests["river_job"] = ask[string](t, w,
		`SELECT count(*)::text FROM river.river_job WHERE args->>'organization_id' = $1`, organization.String())[0]
	return digests
}

// booksAgree waits until every call has an outcome. Then it compares the provider's charges with the calls, the sums of
// both kinds of account with the provider's total, and runs verify.
func (w world) booksAgree(t *testing.T) {
	t.Helper()
	eventually(t, "every call has an outcome", func() bool {
		open := ask[int](t, w, `SELECT count(*)::int FROM ai_calls WHERE ended_at IS NULL`)
		return open[0] == 0 && w.provider.isIdle()
	})
	charges := w.provider.charges()
	paid, total := map[string]cost.Pico{}, cost.Pico(0)
	for _, id := range ask[string](t, w, `SELECT generation_id FROM ai_calls WHERE state = 'SETTLED'`) {
		paid[id] = ask[cost.Pico](t, w, `SELECT cost_pico FROM ai_calls WHERE generation_id = $1`, id)[0]
	}
	if diff := cmp.Diff(charges, paid); diff != "" {
		t.Errorf("cost of each generation (-charged +booked):\n%s", diff)
	}
	for _, amount := range charges {
		total += amount
	}
	for _, kind := range []cost.AccountKind{cost.AccountWorkflow, cost.AccountMonth} {
		sums := ask[cost.Pico](t, w, `
			SELECT unnest(ARRAY[coalesce(sum(l.settled_delta), 0), coalesce(sum(l.held_delta), 0)])::bigint
			FROM ai_usage_ledger AS l JOIN usage_accounts AS a ON a.id = l.account_id WHERE a.kind = $1`, kind)
		if sums[0] != total || sums[1] != 0 {
			t.Errorf("%s accounts: got %s settled and %s held, the provider has charged %s", kind, sums[0], sums[1], total)
		}
	}
	w.verify(t)
}

// verify fails the test if the command verify finds anything.
func (w world) verify(t *testing.T) {
	t.Helper()
	got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, "verify", "--quiet")
	if diff := cmp.Diff(outcome{}, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("verify (-want +got):\n%s", diff)
	}
}
