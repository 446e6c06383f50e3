package postgres_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// lone returns a pool of one connection and how often something was sent on it.
func lone(t *testing.T, db *testdb.DB) (*pgxpool.Pool, *atomic.Int64) {
	t.Helper()
	config, sent := db.Pool.Config(), &atomic.Int64{}
	config.MaxConns = 1
	config.ConnConfig.TLSConfig, config.ConnConfig.Fallbacks = nil, nil
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return meter{conn, sent}, err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, sent
}

// meter counts what is sent. The driver sends all that it has to say and then reads the answer.
type meter struct {
	net.Conn
	sent *atomic.Int64
}

func (m meter) Write(b []byte) (int, error) {
	m.sent.Add(1)
	return m.Conn.Write(b)
}

// acts are statements of every kind that a store makes outside of a transaction. Each is one round trip.
func acts(who caller.Caller, flow workflow.Workflow) map[string]func(context.Context, *postgres.Store) error {
	return map[string]func(context.Context, *postgres.Store) error{
		"one row": func(ctx context.Context, s *postgres.Store) error {
			_, found, err := s.Workflow(ctx, who, flow.ID)
			return errors.Join(err, missing(found))
		},
		"no row": func(ctx context.Context, s *postgres.Store) error {
			_, _, err := s.Workflow(ctx, who, uuid.New())
			return err
		},
		"many rows": func(ctx context.Context, s *postgres.Store) error {
			made, err := s.Transitions(ctx, who, []uuid.UUID{flow.ID}, -1, 10)
			return errors.Join(err, missing(len(made) == 1))
		},
		"a list that is planned each time": func(ctx context.Context, s *postgres.Store) error {
			flows, err := s.Workflows(ctx, who, postgres.WorkflowPage{
				First: 10, Filter: postgres.WorkflowFilter{CreatedTo: testdb.Now(), UpdatedBefore: testdb.Now()},
			})
			return errors.Join(err, missing(len(flows) == 1))
		},
		"a change": func(ctx context.Context, s *postgres.Store) error {
			return s.CreateOrganization(ctx, who, postgres.Organization{
				ID: who.OrganizationID, TimeZone: "UTC", CreatedAt: testdb.Now(),
			})
		},
		"all organizations": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.WakeWorkflows(ctx, postgres.WakeInput{At: testdb.Now(), First: 1})
			return err
		},
		"no organization": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.LegalTransitions(ctx, 1)
			return err
		},
	}
}

func missing(found bool) error {
	if !found {
		return errors.New("a row is missing")
	}
	return nil
}

// leftBehind says what a connection remembers of the transactions before: nothing.
func leftBehind(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	var organization, role, plans, security string
	err := pool.QueryRow(context.Background(), `SELECT coalesce(current_setting('infin8.organization_id', true), ''),
		current_user, current_setting('plan_cache_mode'), current_setting('row_security')`).
		Scan(&organization, &role, &plans, &security)
	if err != nil || organization != "" || role != postgres.AppRole || plans != "auto" || security != "on" {
		t.Errorf("left behind: got organization %q, role %s, plans %s, row security %s, %v",
			organization, role, plans, security, err)
	}
}

func TestStore_SetupCostsNoRoundTripAndLeavesNothing(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
	pool, sent := lone(t, b.db)
	store := postgres.New(pool)
	for name, act := range acts(b.who, flow) {
		for i := range 8 { // The first prepares, and from the sixth on a plan may be kept.
			before := sent.Load()
			if err := act(ctx, store); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if trips := sent.Load() - before; i > 0 && trips != 1 {
				t.Errorf("%s: got %d round trips, want 1", name, trips)
			}
			leftBehind(t, pool)
		}
	}
	refused := errors.New("refused")
	for i, want := range []error{nil, refused, nil} {
		before := sent.Load()
		err := store.InTx(ctx, func(tx *postgres.Store) error {
			for name, act := range acts(b.who, flow) {
				if err := act(ctx, tx); err != nil {
					t.Errorf("%s in a transaction: %v", name, err)
				}
			}
			return want
		})
		trips, expected := sent.Load()-before, int64(len(acts(b.who, flow))+2)
		if !errors.Is(err, want) || i > 0 && trips != expected { // The first prepares.
			t.Errorf("a transaction: got %v in %d round trips, want %v in %d", err, trips, want, expected)
		}
		leftBehind(t, pool)
	}
	if err := store.KeepResult(ctx, b.who, postgres.StepResult{WorkflowID: flow.ID}); err == nil {
		t.Error("a result of no run was kept")
	}
	leftBehind(t, pool)
}

// Statements that one organization has prepared are run for the next one on the same connection, with a plan that was
// kept.
func TestStore_OneConnectionServesOrganizationsInTurn(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	pool, _ := lone(t, b.db)
	store, other := postgres.New(pool), testdb.Caller(t, b.db)
	flows := map[uuid.UUID]workflow.Workflow{}
	for _, who := range []caller.Caller{b.who, other} {
		flows[who.OrganizationID] = testdb.Workflow(t, b.db, who, testdb.WorkflowOpts{})
	}
	for range 10 {
		for _, who := range []caller.Caller{b.who, other} {
			for organization, flow := range flows {
				_, found, err := store.Workflow(ctx, who, flow.ID)
				if err != nil || found != (organization == who.OrganizationID) {
					t.Errorf("got found %t, %v", found, err)
				}
			}
		}
	}
}

func TestInTx_IsOfOneOrganization(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	other := testdb.Caller(t, b.db)
	flow, theirs := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{}), testdb.Workflow(t, b.db, other,
		testdb.WorkflowOpts{})
	both := func(tx *postgres.Store) error {
		if _, found, err := tx.Workflow(ctx, b.who, flow.ID); err != nil || !found {
			return errors.Join(err, missing(found))
		}
		_, found, err := tx.Workflow(ctx, other, theirs.ID)
		return errors.Join(err, missing(found))
	}
	if err := b.store.InTx(ctx, both); err == nil {
		t.Error("a transaction went from one organization to another")
	}
	undone := errors.New("undone")
	err := b.store.InTx(ctx, func(tx *postgres.Store) error {
		if _, err := tx.ExpiredRuns(ctx, testdb.Now(), 1); err != nil {
			return err
		}
		if err := both(tx); err != nil {
			return err
		}
		// The database forgets what a savepoint that is undone has set, and so does the store.
		err := tx.Savepoint(ctx, func(tx *postgres.Store) error {
			_, found, err := tx.Workflow(ctx, b.who, flow.ID)
			return errors.Join(err, missing(found), undone)
		})
		if !errors.Is(err, undone) {
			return err
		}
		if err := both(tx); err != nil {
			return err
		}
		// What was said in one that is kept goes on to hold, also for the checks at the end.
		if err := tx.Savepoint(ctx, both); err != nil {
			return err
		}
		testdb.Move(t, tx, b.who, flow, workflow.Cancelled)
		testdb.Move(t, tx, other, theirs, workflow.Cancelled)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStore_AuditFailsWithoutAllRows(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
	visit := func(postgres.Head) error { return nil }
	if err := b.store.EachHead(ctx, visit); refusal(err) != noRight {
		t.Errorf("as the server: got %v, want %s", err, noRight)
	}
	seen := 0
	err := b.db.Books().EachHead(ctx, func(postgres.Head) error { seen++; return nil })
	if err != nil || seen != 1 {
		t.Errorf("as the owner: got %d workflows, %v, want 1", seen, err)
	}
}

// Only the methods of tenant.go return the queries of a store. Each of them sets a scope.
func TestStore_EveryStatementHasAScope(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	// The pool is for beginning transactions in store.go, and is no store's in the files that ask the catalog.
	may := map[string]string{
		"tenant.go":  "dbsqlc.New s.pool s.tx",
		"store.go":   "s.pool s.tx",
		"migrate.go": "",
		"role.go":    "",
		"change.go":  "s.tx",
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, _ := selector.X.(*ast.Ident)
			if of == nil {
				return true
			}
			switch what := of.Name + "." + selector.Sel.Name; what {
			case "dbsqlc.New", "s.pool", "s.tx":
				if !strings.Contains(may[file], what) {
					t.Errorf("%s uses %s: its statement would say nothing of whose rows it is about", file, what)
				}
			}
			return true
		})
	}
}

// Every key of a tenant's table contains the tenant, so that no row can point into another organization and nothing is
// unique across them, where one could find out about another.
func TestTenantIsolation_EveryKeyContainsTheOrganization(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	// The graph and its edges belong to no tenant: each organization's journal points to the same.
	exceptions := map[string]bool{
		"workflow_transitions_edge": true, "intent_workflows_graph": true, "step_unit_events_move": true,
		"publication_events_move": true,
	}
	rows, _ := db.Super.Query(context.Background(), `
		SELECT t.relname, k.name FROM (
			SELECT conrelid AS table_id, conname AS name, conkey AS columns FROM pg_constraint
			WHERE contype IN ('p', 'u', 'f')
			UNION ALL
			SELECT indrelid, indexrelid::regclass::text, indkey::int2[] FROM pg_index WHERE indisunique
			UNION ALL -- the other side
			SELECT confrelid, conname, confkey FROM pg_constraint WHERE contype = 'f'
		) AS k
		JOIN pg_class AS t ON t.oid = k.table_id AND t.relnamespace = 'public'::regnamespace
		WHERE t.relname = ANY($1) AND NOT EXISTS (
			SELECT FROM pg_attribute AS a
			WHERE a.attrelid = t.oid AND a.attnum = ANY(k.columns) AND (a.attname = 'organization_id'
				-- the organization of a price list, and nil for the operator's
				OR a.attname = 'list_id'
				OR a.attname = 'id' AND t.relname = 'organizations')
		)`, tenantNames(t, db))
	table, key := "", ""
	_, err := pgx.ForEachRow(rows, []any{&table, &key}, func() error {
		if !exceptions[key] {
			t.Errorf("%s: the key %s does not contain the tenant", table, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func tenantNames(t *testing.T, db *testdb.DB) (names []string) {
	t.Helper()
	for table := range tenants(t, db) {
		names = append(names, table)
	}
	return names
}

// A statement outside of a transaction is one of its own, which ends after the rows have come: what is refused then, by
// a deferred constraint, must not look like a success.
func TestStore_ErrorAtTheEndOfAStatementIsReturned(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
	for _, statement := range []string{
		`UPDATE intent_workflows SET wake_at = now() - interval '1 day'`,
		`CREATE FUNCTION too_late() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'too late' USING ERRCODE = 'P0001'; END $$`,
		`CREATE CONSTRAINT TRIGGER late AFTER INSERT ON organizations DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION too_late()`,
		`CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON intent_workflows DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION too_late()`,
		`CREATE CONSTRAINT TRIGGER late AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION too_late()`,
	} {
		if _, err := b.db.Super.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	other := caller.Caller{Actor: "late", OrganizationID: uuid.New(), Role: caller.Admin}
	for name, act := range map[string]func() error{
		"without rows": func() error {
			return b.store.CreateOrganization(ctx, other, postgres.Organization{
				ID: other.OrganizationID, TimeZone: "UTC", CreatedAt: testdb.Now(),
			})
		},
		"a number of rows": func() error {
			record := postgres.IdempotencyRecord{Key: "late", Fingerprint: make([]byte, 32)}
			_, err := b.store.ClaimIdempotencyKey(ctx, b.who, record, testdb.Now())
			return err
		},
		"one row": func() error {
			_, _, _, err := b.store.Transition(ctx, b.who, postgres.Move{
				WorkflowID: flow.ID, From: flow.State, To: workflow.Cancelled, Kind: workflow.Cancel, At: testdb.Now(),
			})
			return err
		},
		"many rows": func() error {
			_, err := b.store.WakeWorkflows(ctx, postgres.WakeInput{At: testdb.Now(), First: 1})
			return err
		},
	} {
		if got := refusal(act()); got != "P0001" {
			t.Errorf("%s: got %q, want the refusal at the end", name, got)
		}
	}
}
