package postgres_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// tenants returns every table with rows of organizations and the column that says whose each is, read off the catalog,
// so that none can be forgotten.
func tenants(t *testing.T, db *testdb.DB) map[string]string {
	t.Helper()
	rows, _ := db.Super.Query(context.Background(), `SELECT c.relname, a.attname FROM pg_class AS c
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
			AND a.attname = CASE c.relname WHEN 'organizations' THEN 'id' ELSE 'organization_id' END
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`)
	columns, table, column := map[string]string{}, "", ""
	_, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		columns[table] = column
		return nil
	})
	if err != nil || len(columns) < 14 {
		t.Fatalf("the tables of tenants: %v, %v", columns, err)
	}
	return columns
}

// neighbours is a database in which one organization has a row in every table of tenants, and another one looks over
// the fence.
type neighbours struct {
	bundle
	tables map[string]string
	other  caller.Caller
	// stranger is the server's pool with the other organization named, unscoped the same with none.
	stranger, unscoped *pgxpool.Pool
}

func newNeighbours(t *testing.T) neighbours {
	t.Helper()
	g, ctx := newTarget(t), context.Background()
	n := neighbours{bundle: g.bundle, tables: tenants(t, g.db), other: testdb.Caller(t, g.db), unscoped: g.db.Pool}
	n.stranger = n.db.PoolOf(t, n.other.OrganizationID)
	testdb.Workflow(t, n.db, n.other, testdb.WorkflowOpts{})
	n.key(t, "a")
	_, err := n.store.TakeCost(ctx, n.who.OrganizationID, postgres.TakeRequest{
		AmountMicro: 1, CapacityMicro: 2, MicroPerSecond: 1, At: testdb.Now(),
	})
	prices := postgres.NewPrices{Source: "test", At: testdb.Now(), Changes: []cost.PriceChange{{
		ListedPrice: cost.ListedPrice{Model: "m", Component: cost.ComponentPrompt, Unit: 1}, Begins: testdb.Now(),
		Doubt: cost.DoubtTooFar,
	}}}
	proposal := uuid.New()
	err = errors.Join(err, n.store.AddPrices(ctx, n.who, prices),
		n.store.ProposePrices(ctx, n.who, prices, []uuid.UUID{proposal}))
	if err != nil {
		t.Fatal(err)
	}
	own, _, err := n.store.Organization(ctx, n.who)
	own.WebhookURL, own.WebhookVersion = "https://example.com", own.Version+1
	_, changed, failed := n.store.ChangeOrganization(ctx, n.who, own, "", testdb.Now())
	addressed, unwritten := n.store.WriteAlert(ctx, cost.Alert{
		OrganizationID: n.who.OrganizationID, ID: uuid.New(), Kind: cost.AlertQuarantined, At: testdb.Now(),
		ProposalID: &proposal,
	}, testdb.Now())
	err = errors.Join(err, failed, unwritten, missing(changed && addressed))
	if err != nil {
		t.Fatal(err)
	}
	testdb.Units(t, n.db, n.who, testdb.Workflow(t, n.db, n.who, testdb.WorkflowOpts{}))
	testdb.Verification(t, n.db, n.who)
	testdb.Article(t, n.db, n.who, testdb.Workflow(t, n.db, n.who, testdb.WorkflowOpts{}).ID, cost.Dollar)
	reviewed := testdb.Review(t, n.db, n.who)
	testdb.Gates(t, n.db, n.who, false)
	testdb.OutsideSteps(t, n.db, n.who, workflow.StepArticle)
	name := postgres.OrganizationName{Name: "Okapi", At: testdb.Now()}
	if _, err := n.store.SetOrganizationName(ctx, n.who, name); err != nil {
		t.Fatal(err)
	}
	market := postgres.MarketSettings{Market: content.DefaultMarket(), At: testdb.Now()}
	if set, err := n.store.SetMarket(ctx, n.who, market); err != nil || !set {
		t.Fatalf("set the market: %t, %v", set, err)
	}
	brand := postgres.BrandSettings{Brand: content.Brand{Tone: "plain"}, At: testdb.Now()}
	if set, err := n.store.SetBrand(ctx, n.who, brand); err != nil || !set {
		t.Fatalf("set the brand voice: %t, %v", set, err)
	}
	if err := testdb.Approve(ctx, n.store, n.who, reviewed, n.who.Actor); err != nil {
		t.Fatal(err)
	}
	testdb.PublishTarget(t, n.db, n.who)
	testdb.Batch(t, n.db, n.who)
	until := testdb.Now().Add(time.Hour)
	read := postgres.ReadAlerts{Until: &until, At: testdb.Now()}
	if marked, err := n.store.MarkAlertsRead(ctx, n.who, read); err != nil || marked == 0 {
		t.Fatalf("mark alerts: %d, %v", marked, err)
	}
	clustered := testdb.Cluster(t, n.db, n.who, reviewed)
	testdb.Attach(t, n.db, n.who, clustered)
	planned := testdb.Plan(t, n.db, n.who, clustered)
	testdb.DecidePlan(t, n.db, n.who, planned)
	testdb.Publish(t, n.db, n.who, planned)
	testdb.DecideText(t, n.db, n.who, written(t, n.bundle))
	for table, column := range n.tables {
		if n.rows(t, n.db.Super, fmt.Sprintf(`%s = '%s'`, column, n.who.OrganizationID), table) == 0 {
			t.Errorf("no organization has a row in %s, so nothing is tried there: newNeighbours has to make one", table)
		}
	}
	return n
}

// rows counts the rows of a table that a pool sees.
func (n neighbours) rows(t *testing.T, pool *pgxpool.Pool, where, table string) (count int) {
	t.Helper()
	err := pool.QueryRow(context.Background(), `SELECT count(*) FROM `+table+` WHERE `+where).Scan(&count)
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	return count
}

// isRefusedByPolicy reports whether row-level security has refused a row. A missing right has the same code.
func isRefusedByPolicy(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && strings.Contains(refused.Message, "row-level security policy")
}

// isForbidden reports whether the server's role has no right to what it tried.
func isForbidden(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && strings.Contains(refused.Message, "permission denied")
}

func TestTenantIsolation_CoversEveryTable(t *testing.T) {
	t.Parallel()
	n, ctx := newNeighbours(t), context.Background()
	for _, table := range slices.Sorted(maps.Keys(n.tables)) {
		column := n.tables[table]
		theirs := fmt.Sprintf(`%s = '%s'`, column, n.who.OrganizationID)
		for name, c := range map[string]struct {
			pool *pgxpool.Pool
			own  uuid.UUID
		}{"of another organization": {n.stranger, n.other.OrganizationID}, "of no organization": {n.unscoped, uuid.Nil}} {
			if seen := n.rows(t, c.pool, theirs, table); seen > 0 {
				t.Errorf("%s, in the name %s: got %d rows, want none to be seen. A table of tenants needs in its migration:\n"+
					"ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;\nCREATE POLICY %[1]s_of_the_named ON %[1]s TO infin8_app "+
					"USING (organization_id = named_organization());", table, name, seen)
			}
			// Every organization may read the operator's prices, which have no organization.
			if seen := n.rows(t, c.pool, fmt.Sprintf(`%s <> '%s'`, column, c.own), table); seen > 0 {
				t.Errorf("%s, in the name %s: got %d rows without a WHERE, want none to be seen", table, name, seen)
			}
			for _, updated := range n.granted(t, table, "UPDATE") {
				done, err := c.pool.Exec(ctx, fmt.Sprintf(`UPDATE %s SET %s = %[2]s WHERE %s`, table, updated, theirs))
				if err != nil || done.RowsAffected() > 0 {
					t.Errorf("%s.%s, in the name %s: got %d rows changed, %v, want none", table, updated, name,
						done.RowsAffected(), err)
				}
			}
			err := n.forge(t, c.pool, table, theirs)
			isRefused := isRefusedByPolicy
			if len(n.granted(t, table, "INSERT")) == 0 {
				isRefused = isForbidden
			}
			if !isRefused(err) {
				t.Errorf("a new row in %s, in the name %s: got %v, want row security to refuse it", table, name, err)
			}
		}
	}
}

// granted returns the columns of a table that the server's role has a right to.
func (n neighbours) granted(t *testing.T, table, right string) []string {
	t.Helper()
	rows, _ := n.db.Super.Query(context.Background(), `SELECT attname FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
			AND has_column_privilege('infin8_app', attrelid, attnum, $2)`, table, right)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// forge tries to write one of the rows once more.
func (n neighbours) forge(t *testing.T, pool *pgxpool.Pool, table, theirs string) error {
	t.Helper()
	var row string
	err := n.db.Super.QueryRow(context.Background(),
		fmt.Sprintf(`SELECT to_jsonb(r)::text FROM %s AS r WHERE %s LIMIT 1`, table, theirs)).Scan(&row)
	if err != nil {
		t.Fatal(err)
	}
	columns := cmp.Or(strings.Join(n.granted(t, table, "INSERT"), ", "), "organization_id")
	_, err = pool.Exec(context.Background(), fmt.Sprintf(
		`INSERT INTO %s (%s) SELECT %[2]s FROM jsonb_populate_record(NULL::%[1]s, $1::jsonb)`, table, columns), row)
	return err
}

func TestTenantIsolation_OperatorsPricesAreReadOnly(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t)
	operators := n.rows(t, n.db.Super, "organization_id IS NULL", "model_prices")
	for name, pool := range map[string]*pgxpool.Pool{
		"of another organization": n.stranger, "of no organization": n.unscoped,
	} {
		if seen := n.rows(t, pool, "true", "model_prices"); operators == 0 || seen != operators {
			t.Errorf("in the name %s: got %d prices, want the operator's %d", name, seen, operators)
		}
		if err := n.forge(t, pool, "model_prices", "organization_id IS NULL"); !isRefusedByPolicy(err) {
			t.Errorf("in the name %s: got %v, want row security to refuse it", name, err)
		}
	}
}

// Row-level security suffices alone. Without the condition on organization_id, queries find only rows of their own
// organization. Without row-level security as well, they find rows of others.
func TestTenantIsolation_HoldsWithoutTheQuerysCondition(t *testing.T) {
	t.Parallel()
	n, ctx := newNeighbours(t), context.Background()
	const condition, any = "w.organization_id = $1", "$1::uuid IS NOT NULL"
	q := dbsqlc.New(sabotage{n.stranger, condition, any})
	theirs, err := n.store.Workflows(ctx, n.who, postgres.WorkflowPage{
		First: 100, Filter: postgres.WorkflowFilter{CreatedTo: testdb.Now(), UpdatedBefore: testdb.Now()},
	})
	if err != nil || len(theirs) == 0 {
		t.Fatal(theirs, err)
	}
	flow := theirs[0]
	list := func() (strangers int) {
		rows, err := q.WorkflowListByCreated(ctx, dbsqlc.WorkflowListByCreatedParams{
			OrganizationID: n.other.OrganizationID,
			States:         []string{},
			CreatedTo:      testdb.Now(),
			UpdatedBefore:  testdb.Now(),
			RunActivities:  []string{},
			PageSize:       100,
		})
		if err != nil || len(rows) == 0 {
			t.Fatalf("list: got %d rows, %v, want its own", len(rows), err)
		}
		for _, r := range rows {
			if r.OrganizationID != n.other.OrganizationID {
				strangers++
			}
		}
		return strangers
	}
	get := func() error {
		_, err := q.WorkflowGet(ctx, dbsqlc.WorkflowGetParams{OrganizationID: n.other.OrganizationID, ID: flow.ID})
		return err
	}
	if strangers := list(); strangers > 0 {
		t.Errorf("list: got %d rows of another organization, want none", strangers)
	}
	if err := get(); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("get: got %v, want no row", err)
	}
	if _, err := n.db.Owner.Exec(ctx, `ALTER TABLE intent_workflows DISABLE ROW LEVEL SECURITY`); err != nil {
		t.Fatal(err)
	}
	if strangers, err := list(), get(); strangers < len(theirs) || err != nil {
		t.Errorf("the checks would not find that row-level security is off: %d rows, %v", strangers, err)
	}
}

// The sweeper role serves all organizations and has rights to a few columns only.
func TestTenantIsolation_SweeperRoleHasOnlyItsStatementsRights(t *testing.T) {
	t.Parallel()
	db, ctx := testdb.New(t), context.Background()
	rows, _ := db.Super.Query(ctx, `SELECT p.privilege || ' ' || c.relname || coalesce('.' || a.attname, '')
		FROM pg_class AS c
		CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
		LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			AND p.privilege IN ('SELECT', 'INSERT', 'UPDATE')
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT IN
				('workflow_runs', 'ai_calls') -- which it reads as a whole
			AND CASE WHEN a.attnum IS NULL THEN has_table_privilege('infin8_sweeper', c.oid, p.privilege)
				ELSE has_column_privilege('infin8_sweeper', c.oid, a.attnum, p.privilege) END
		UNION ALL
		SELECT p.privilege || ' ' || a.attrelid::regclass || '.' || a.attname FROM pg_attribute AS a
		CROSS JOIN (VALUES ('INSERT'), ('UPDATE')) AS p (privilege)
		WHERE a.attrelid IN ('workflow_runs'::regclass, 'ai_calls'::regclass) AND a.attnum > 0 AND NOT a.attisdropped
			AND has_column_privilege('infin8_sweeper', a.attrelid, a.attnum, p.privilege)
		ORDER BY 1`)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	want := []string{
		"SELECT alert_deliveries.alert_id", "SELECT alert_deliveries.organization_id", "SELECT alert_deliveries.wake_at",
		"SELECT batches.done", "SELECT batches.id", "SELECT batches.organization_id", "SELECT batches.wake_at",
		"SELECT intent_workflows.graph_version", "SELECT intent_workflows.id", "SELECT intent_workflows.organization_id",
		"SELECT intent_workflows.state", "SELECT intent_workflows.updated_at", "SELECT intent_workflows.version",
		"SELECT intent_workflows.wake_at", "SELECT outside_steps.organization_id", "SELECT outside_steps.steps",
		"SELECT outside_steps.version", "SELECT publications.changed_at", "SELECT publications.id",
		"SELECT publications.organization_id", "SELECT publications.state", "SELECT step_unit_heads.organization_id",
		"SELECT step_unit_heads.sequence",
		"SELECT step_unit_heads.workflow_id", "SELECT step_units.id", "SELECT step_units.lease_expires_at",
		"SELECT step_units.organization_id", "SELECT step_units.token", "SELECT step_units.waits",
		"SELECT step_units.wake_at", "SELECT step_units.workflow_id", "SELECT usage_accounts.id",
		"SELECT usage_accounts.organization_id",
		"SELECT usage_accounts.sequence", "SELECT verifications.id", "SELECT verifications.organization_id",
		"SELECT verifications.wake_at", "UPDATE ai_calls.check_at", "UPDATE ai_calls.checks",
		"UPDATE alert_deliveries.wake_at", "UPDATE batches.wake_at", "UPDATE intent_workflows.wake_at",
		"UPDATE verifications.wake_at",
	}
	if slices.Sort(got); err != nil || !slices.Equal(got, want) {
		t.Errorf("rights: got\n%s, %v, want\n%s", strings.Join(got, "\n"), err, strings.Join(want, "\n"))
	}
}

// A view, and a function with the rights of its owner, would see the rows of all organizations whatever the policies
// say. The only functions of the kind are the deferred checks of the journals, of the units and of the gates, which
// return nothing. The only view has the condition of the policies itself.
func TestTenantIsolation_NoFunctionOrViewBypassesIt(t *testing.T) {
	t.Parallel()
	rows, _ := testdb.New(t).Super.Query(context.Background(), `
		SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')
			AND relname <> 'searched_names'
		UNION ALL
		SELECT proname FROM pg_proc
		WHERE pronamespace = 'public'::regnamespace AND prosecdef AND NOT (prorettype = 'trigger'::regtype
			AND proconfig = ARRAY['search_path=pg_catalog, pg_temp'])
		UNION ALL
		SELECT tgname FROM pg_trigger JOIN pg_proc AS p ON p.oid = tgfoid
		WHERE p.prosecdef AND tgname NOT IN ('workflow_transitions_reached', 'ai_usage_ledger_reached',
			'gate_decisions_agree', 'step_unit_events_reached', 'publication_events_reached',
			'publication_events_asked', 'keyword_decisions_open',
			'plan_decisions_open', 'step_parts_paid')`)
	if found, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(found) > 0 {
		t.Errorf("got %v, %v, want none", found, err)
	}
}

// The view that searches names reads as its owner.
func TestTenantIsolation_HoldsForTheSearchOfNames(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), testdb.New(t)
	who, other := testdb.Caller(t, db), testdb.Caller(t, db)
	testdb.Workflow(t, db, who, testdb.WorkflowOpts{Name: "Okapi"})
	for name, c := range map[string]struct {
		pool *pgxpool.Pool
		want int
	}{
		"their own": {db.PoolOf(t, who.OrganizationID), 1},
		"another's": {db.PoolOf(t, other.OrganizationID), 0},
		"no name":   {db.Pool, 0},
	} {
		got := 0
		err := c.pool.QueryRow(ctx, "SELECT count(*) FROM searched_names").Scan(&got)
		if err != nil || got != c.want {
			t.Errorf("%s: got %d names, %v, want %d", name, got, err, c.want)
		}
	}
}
