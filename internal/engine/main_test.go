package engine_test

import (
	"context"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

const cent = cost.Dollar / 100

// bundle is a fixture with the checks that only these tests make.
type bundle struct{ testengine.Fixture }

func setup(t *testing.T) bundle {
	t.Helper()
	return bundle{testengine.New(t)}
}

// setupWith is setup with an engine of other options.
func setupWith(t *testing.T, change func(*engine.Options)) bundle {
	t.Helper()
	return bundle{testengine.NewWith(t, change)}
}

// servers returns the engine and a second one on a pool of its own, as another server would have.
func (b bundle) servers(t *testing.T) [2]*engine.Engine {
	t.Helper()
	return [2]*engine.Engine{b.Engine, b.NewEngine(t, postgres.New(b.DB.Second), func(*engine.Options) {})}
}

// state returns where a workflow stands.
func (b bundle) state(t *testing.T, id uuid.UUID) workflow.State {
	t.Helper()
	flow, err := b.Engine.Workflow(context.Background(), b.Who, id)
	if err != nil {
		t.Fatal(err)
	}
	return flow.State
}

// journal returns all rows of a workflow.
func (b bundle) journal(t *testing.T, id uuid.UUID) []workflow.Transition {
	t.Helper()
	rows, err := b.Engine.Transitions(context.Background(), b.Who, engine.TransitionsInput{
		Workflows: []uuid.UUID{id}, After: -1, First: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows[id]
}

// ledger returns all entries of an account.
func (b bundle) ledger(t *testing.T, account uuid.UUID) []cost.Entry {
	t.Helper()
	entries, err := b.Engine.Entries(context.Background(), b.Who, engine.EntriesInput{
		Accounts: []uuid.UUID{account}, After: -1, First: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries[account]
}

// balances checks the accounts of a workflow and of the running month.
func (b bundle) balances(t *testing.T, flow uuid.UUID, want cost.Balance, wantMonth cost.Balance) {
	t.Helper()
	ctx := context.Background()
	accounts, err := b.Engine.Accounts(ctx, b.Who, []uuid.UUID{flow})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, accounts[flow].Balance); diff != "" {
		t.Errorf("the workflow's account (-want +got):\n%s", diff)
	}
	organization, err := b.Engine.Organization(ctx, b.Who)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantMonth, organization.Month.Balance); diff != "" {
		t.Errorf("the month's account (-want +got):\n%s", diff)
	}
}

// paid checks that a workflow has spent and holds so much, of $1, and the month the same, of $25.
func (b bundle) paid(t *testing.T, flow uuid.UUID, settled, held cost.Pico) {
	t.Helper()
	b.balances(t, flow, cost.Balance{Settled: settled, Held: held, Limit: cost.Limit(cost.Dollar)},
		cost.Balance{Settled: settled, Held: held, Limit: cost.Limit(25 * cost.Dollar)})
}

// rows counts the rows of every table that a request may write to, and the workers that were asked for.
func (b bundle) rows(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{"jobs": len(b.Jobs.All())}
	for _, table := range []string{
		"intent_workflows", "workflow_transitions", "workflow_runs", "step_results", "usage_accounts", "ai_calls",
		"ai_usage_ledger", "idempotency_keys", "alerts", "alert_deliveries", "model_prices", "model_price_proposals",
	} {
		counts[table] = b.Count(t, "SELECT count(*) FROM "+table)
	}
	return counts
}

// kinds says how often each kind of fault occurred; "" counts the successes.
func kinds(errs []error) map[fault.Kind]int {
	counts := map[fault.Kind]int{}
	for _, err := range errs {
		counts[fault.KindOf(err)]++
	}
	return counts
}
