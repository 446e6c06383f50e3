package e2e

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/embedded"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// pair is a database with a synchronous replica: it has every commit before the client gets the answer.
type pair struct{ leader, replica *embedded.Server }

// database starts a PostgreSQL for one test. It does not sync to the disk.
func database(t *testing.T, o embedded.Options) *embedded.Server {
	t.Helper()
	o.Ephemeral = true
	server, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func newPair(t *testing.T) pair {
	t.Helper()
	// This test needs commits on the replica, not on the disk.
	acknowledged := map[string]string{"synchronous_commit": "on"}
	p := pair{leader: database(t, embedded.Options{Settings: acknowledged})}
	p.replica = database(t, embedded.Options{ReplicaOf: p.leader, Settings: acknowledged})
	super := open(t, p.leader.URL("postgres"), "")
	for _, statement := range []string{`ALTER SYSTEM SET synchronous_standby_names = '*'`, `SELECT pg_reload_conf()`} {
		if _, err := super.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the replica is synchronous", func() bool {
		var synchronous int
		err := super.QueryRow(t.Context(),
			`SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'`).Scan(&synchronous)
		return err == nil && synchronous == 1
	})
	return p
}

func open(t *testing.T, address, role string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Connect(context.Background(), address, role, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// address names both servers. A client connects to the one that accepts writes.
func (p pair) address(t *testing.T) string {
	t.Helper()
	var hosts string
	for _, s := range []*embedded.Server{p.leader, p.replica} {
		one, err := url.Parse(s.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		hosts += "," + one.Query().Get("host")
	}
	return "postgres://postgres@/postgres?target_session_attrs=read-write&port=5432,5432&host=" + hosts[1:]
}

// newWorldAt is newWorld with a given database.
func newWorldAt(t *testing.T, address string) world {
	t.Helper()
	w := world{provider: newProvider(t)}
	if got := invoke(t, map[string]string{"DATABASE_URL": address}, "migrate", "up"); got.code != 0 {
		t.Fatalf("migrate up: %s", got.stderr)
	}
	w.db = &testdb.DB{URL: address, Super: open(t, address, ""), Pool: open(t, address, postgres.AppRole)}
	w.who = testdb.Caller(t, w.db)
	return w
}

// acknowledgements records the answers that clients got from the servers.
type acknowledgements struct {
	mu        sync.Mutex
	workflows map[string]int // the greatest version by id
	calls     map[string]cost.Pico
	refused   int // attempts without an answer
}

func (k *acknowledgements) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.workflows) + len(k.calls)
}

// insist repeats a mutation with one idempotency key until there is an answer.
func (k *acknowledgements) insist(
	ctx context.Context, c client, mutation string, input map[string]any,
) (payload, bool) {
	input["idempotencyKey"] = uuid.NewString()
	for ctx.Err() == nil {
		got, err := c.try(ctx, mutation, input)
		if ctx.Err() != nil {
			break
		}
		if err != nil || len(got.UserErrors) > 0 && got.UserErrors[0].Code == "UNAVAILABLE" {
			k.mu.Lock()
			k.refused++
			k.mu.Unlock()
			select { // A refused client waits a little before its next attempt.
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
			continue
		}
		if len(got.UserErrors) > 0 || got.Workflow == nil {
			return got, false
		}
		k.mu.Lock()
		k.workflows[got.Workflow.ID] = max(k.workflows[got.Workflow.ID], got.Workflow.Version)
		k.mu.Unlock()
		return got, true
	}
	return payload{}, true
}

// spend creates workflows, pays for a call of each and cancels them, until the context ends.
func (k *acknowledgements) spend(ctx context.Context, c client) error {
	for ctx.Err() == nil {
		made, fine := k.insist(ctx, c, "createWorkflow", map[string]any{
			"name": uuid.NewString(), "company": map[string]any{"name": "Example", "url": "https://example.com"},
		})
		if !fine || ctx.Err() != nil {
			return refusal(made)
		}
		held, fine := k.insist(ctx, c, "reserveUsage", map[string]any{"workflowId": made.Workflow.ID, "amount": "0.0002"})
		if !fine || ctx.Err() != nil {
			return refusal(held)
		}
		paid, fine := k.insist(ctx, c, "settleUsage", map[string]any{
			"callId": held.Call.ID, "model": "perplexity/sonar", "promptTokens": 1, "completionTokens": 1, "cost": "0.0001",
		})
		if !fine || ctx.Err() != nil {
			return refusal(paid)
		}
		k.mu.Lock()
		k.calls[held.Call.ID] = cost.Dollar / 10_000
		k.mu.Unlock()
		over, fine := k.insist(ctx, c, "cancelWorkflow", map[string]any{"workflowId": made.Workflow.ID})
		if !fine {
			return refusal(over)
		}
	}
	return nil
}

func refusal(p payload) error {
	if len(p.UserErrors) == 0 {
		return nil
	}
	return fmt.Errorf("refused: %+v", p.UserErrors)
}

// areKept compares the answers that clients got with the database.
func (k *acknowledgements) areKept(t *testing.T, w world) {
	t.Helper()
	for id, version := range k.workflows {
		got := ask[int](t, w, `SELECT version FROM intent_workflows WHERE id = $1`, plain(t, id))
		if len(got) != 1 || got[0] < version {
			t.Errorf("%s: got the versions %v, want at least %d, which was acknowledged", id, got, version)
		}
	}
	for id, want := range k.calls {
		got := ask[cost.Pico](t, w, `SELECT cost_pico FROM ai_calls WHERE id = $1 AND state = 'SETTLED'`, plain(t, id))
		if diff := cmp.Diff([]cost.Pico{want}, got); diff != "" {
			t.Errorf("%s was acknowledged (-want +got):\n%s", id, diff)
		}
	}
}

func TestFailover_LosesNoAcknowledgedChange(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	w := newWorldAt(t, p.address(t))
	one, two := w.serve(t, quick...), w.serve(t, quick...)
	// The provider is slow, so the steps of one organization are in flight while another organization spends money.
	var flows []uuid.UUID
	for range 4 {
		company, _ := w.provider.company(sandbox.Slow(2 * time.Second))
		flows = append(flows, w.begin(t, w.client(t, one, w.who), company))
	}
	spender := caller.Caller{Actor: "sam", OrganizationID: uuid.New(), Role: caller.Admin}
	k := &acknowledgements{workflows: map[string]int{}, calls: map[string]cost.Pico{}}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 6 {
		c := w.client(t, []*process{one, two}[i%2], spender)
		clients.Go(func() {
			if err := k.spend(ctx, c); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "the clients have answers", func() bool { return k.count() > 50 })
	if err := p.leader.Kill(); err != nil {
		t.Fatal(err)
	}
	// A pool of the engine refuses a standby.
	promoted, err := pgx.Connect(t.Context(), p.replica.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = promoted.Close(context.Background()) }()
	if _, err := promoted.Exec(t.Context(), `SELECT pg_promote()`); err != nil {
		t.Fatal(err)
	}
	before := k.count()
	eventually(t, "the clients have answers again", func() bool { return k.count() > before+50 })
	stop()
	clients.Wait()

	for _, flow := range flows {
		w.reaches(t, flow, "ICP_COMPLETED")
	}
	k.areKept(t, w)
	eventually(t, "every call of the steps has an outcome", func() bool {
		w.tamper(t, `UPDATE ai_calls AS c SET check_at = now() FROM workflow_runs AS r
			WHERE c.state IN ('DISPATCHED', 'UNKNOWN') AND r.workflow_id = c.workflow_id AND r.token = c.run_token
				AND r.ended_at IS NOT NULL`)
		return ask[int](t, w, `SELECT count(*)::int FROM ai_calls
			WHERE ended_at IS NULL AND organization_id = $1`, w.who.OrganizationID)[0] == 0
	})
	for generation, charged := range w.provider.charges() {
		paid := ask[cost.Pico](t, w, `SELECT cost_pico FROM ai_calls WHERE generation_id = $1`, generation)
		if diff := cmp.Diff([]cost.Pico{charged}, paid); diff != "" {
			t.Errorf("generation %s (-charged +booked):\n%s", generation, diff)
		}
	}
	if got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, "verify"); got.code != 0 {
		t.Errorf("verify: %s%s", got.stdout, got.stderr)
	}
	t.Logf("%d acknowledged before and %d after the failover, %d attempts without an answer",
		before, k.count()-before, k.refused)
	one.stop(t)
	two.stop(t)
}
