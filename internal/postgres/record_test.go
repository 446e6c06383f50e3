package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// unrecorded are the tables with money or decisions that are not among the records, with the reason.
var unrecorded = map[string]string{
	"ai_usage_ledger":      "the export of the ledger",
	"workflow_transitions": "the export of the journal",
	"intent_workflows":     "the journal has each state, and the first row the author",
	"usage_days":           "sums of the ledger",
	"idempotency_keys":     "the change that a key repeats has a row of its own",
	"api_keys":             "organization_changes has the creation and the revocation; the row has a digest of the secret",
	"alert_reads":          "a mark of one reader",
	"verifications":        "a report about other rows",
}

// weighty returns the tables of organizations that have an amount, an author, a choice or a verdict.
func weighty(t *testing.T, on interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) []string {
	t.Helper()
	rows, err := on.Query(context.Background(), `SELECT DISTINCT c.table_name::text FROM information_schema.columns AS c
		JOIN information_schema.columns AS o
			ON o.table_schema = c.table_schema AND o.table_name = c.table_name AND o.column_name = 'organization_id'
		WHERE c.table_schema = 'public' AND (c.domain_name IN ('actor', 'pico', 'amount_pico')
			OR c.domain_name ~ '(_verdict|_choice)$')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// forgotten returns the tables that are in neither list.
func forgotten(tables []string) []string {
	return slices.DeleteFunc(slices.Clone(tables), func(table string) bool {
		return slices.Contains(postgres.RecordTables(), table) || unrecorded[table] != ""
	})
}

func TestRecords_HaveEveryTableWithMoneyOrDecisions(t *testing.T) {
	t.Parallel()
	db, ctx := testdb.New(t), context.Background()
	tables := weighty(t, db.Super)
	if lost := forgotten(tables); len(lost) > 0 {
		t.Errorf("%q have money or decisions and are not in an export", lost)
	}
	for _, table := range postgres.RecordTables() {
		if unrecorded[table] != "" {
			t.Errorf("%s is in both lists", table)
		}
	}
	for table := range unrecorded {
		if !slices.Contains(tables, table) {
			t.Errorf("%s has neither money nor decisions", table)
		}
	}
	tx, err := db.Super.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `CREATE TABLE later_choices (organization_id uuid, chosen_by actor)`); err != nil {
		t.Fatal(err)
	}
	if lost := forgotten(weighty(t, tx)); !slices.Equal(lost, []string{"later_choices"}) {
		t.Errorf("got %q, want the table that a later migration makes", lost)
	}
}

// recorded returns the records of an organization by table, each as its JSON.
func recorded(t *testing.T, store *postgres.Store, who caller.Caller, within cost.Period) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := store.EachRecord(context.Background(), who, within, func(r postgres.RecordRow) error {
		var row struct {
			Table          string    `json:"table"`
			OrganizationID uuid.UUID `json:"organization_id"`
		}
		if err := json.Unmarshal(r.Row, &row); err != nil {
			return err
		}
		if row.Table != r.Table || row.OrganizationID != who.OrganizationID {
			t.Errorf("%s: got a row of %s and of organization %s", r.Table, row.Table, row.OrganizationID)
		}
		all[r.Table] = append(all[r.Table], string(r.Row))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEachRecord_ReadsAllRowsOfOneOrganizationWithoutSecrets(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t)
	always := cost.Period{Start: time.Unix(0, 0), End: testdb.Now().Add(time.Hour)}
	// The owner of the tables bypasses row-level security.
	for name, store := range map[string]*postgres.Store{"server": n.store, "owner": n.db.Books()} {
		got := recorded(t, store, n.who, always)
		for _, table := range postgres.RecordTables() {
			where := fmt.Sprintf("organization_id = '%s'", n.who.OrganizationID)
			if want := n.rows(t, n.db.Super, where, table); want == 0 || len(got[table]) != want {
				t.Errorf("%s: got %d rows of %s, want %d", name, len(got[table]), table, want)
			}
		}
		for _, secret := range []string{`"secret"`, `"webhook_url"`, "https://example.com\""} {
			if strings.Contains(strings.Join(got["publish_target_versions"], "")+
				strings.Join(got["organization_changes"], ""), secret) {
				t.Errorf("%s: the records have %s", name, secret)
			}
		}
	}
	before := cost.Period{Start: time.Unix(0, 0), End: testdb.Now().AddDate(-1, 0, 0)}
	for table, rows := range recorded(t, n.store, n.who, before) {
		if table != "usage_accounts" {
			t.Errorf("got %d rows of %s from before the period", len(rows), table)
		}
	}
}

// Three pages and the begin of another are read in order, by a key of several columns.
func TestEachRecord_ReadsPageByPage(t *testing.T) {
	t.Parallel()
	db, ctx := testdb.New(t), context.Background()
	who := testdb.Caller(t, db)
	const rows = 1_507
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO model_prices (organization_id, model, component, min_prompt_tokens, unit_pico, valid_from, source, actor,
				recorded_at)
			SELECT '` + who.OrganizationID.String() + `', 'm' || n, 'PROMPT', n % 11, n, now() + n * interval '1 s', 's',
				'a', now() FROM generate_series(1, ` + fmt.Sprint(rows) + `) AS n`,
		`RESET session_replication_role`,
	} {
		if _, err := db.Super.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	got := recorded(t, db.Store(), who, cost.Period{Start: time.Unix(0, 0), End: testdb.Now().Add(time.Hour)})
	prices := got["model_prices"]
	if all := slices.Compact(slices.Sorted(slices.Values(prices))); len(all) != rows || len(prices) != rows {
		t.Errorf("got %d rows, %d of them different, want %d", len(prices), len(all), rows)
	}
}
