package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

// Two thousand organizations have five workflows each, and one has two thousand. However often its list is asked for,
// only the page is read.
func TestWorkflows_ReadsOnePage(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := testdb.New(t)
	large := uuid.New()
	const first, times = 20, 10
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO organizations (id, version, time_zone, workflow_limit_pico, month_limit_pico, created_at)
			SELECT CASE n WHEN 0 THEN '` + large.String() + `' ELSE gen_random_uuid() END, 0, 'UTC', 1, 1, now()
			FROM generate_series(0, 2000) AS n`,
		`INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, graph_version, version, state,
				previous_hash, hash, created_by, created_at, updated_at)
			SELECT o.id, gen_random_uuid(), n::text, 'c', 'u', 1, 0, 'CREATED', '', sha256(''), 'a',
				now() - random() * interval '1 day', now() - random() * interval '1 day'
			FROM organizations AS o, generate_series(1, 2000) AS n WHERE n <= 5 OR o.id = '` + large.String() + `'`,
		`RESET session_replication_role`,
		`ANALYZE`,
	} {
		if _, err := db.Super.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	who := caller.Caller{Actor: "alice", OrganizationID: large, Role: caller.Viewer}
	for name, page := range map[string]postgres.WorkflowPage{
		"ByCreated":           {},
		"ByCreatedDescending": {Descending: true, AfterAt: time.Now().AddDate(1, 0, 0), AfterID: uuid.Max},
		"ByUpdated":           {Order: postgres.WorkflowsByUpdated},
		"ByUpdatedDescending": {
			Order: postgres.WorkflowsByUpdated, Descending: true, AfterAt: time.Now().AddDate(1, 0, 0), AfterID: uuid.Max,
		},
		"ByName":           {Order: postgres.WorkflowsByName},
		"ByNameDescending": {Order: postgres.WorkflowsByName, Descending: true, FromEnd: true},
	} {
		later := time.Now().AddDate(1, 0, 0)
		page.First, page.Filter.CreatedTo, page.Filter.UpdatedBefore = first, later, later
		err := db.Store().InTx(ctx, func(tx *postgres.Store) error {
			before := rowsRead(t, tx)
			for range times {
				if flows, err := tx.Workflows(ctx, who, page); err != nil || len(flows) != first {
					t.Errorf("%s: got %d workflows, %v, want %d", name, len(flows), err, first)
				}
			}
			if read := rowsRead(t, tx) - before; read > times*first {
				t.Errorf("%s: %d lists of %d workflows have read %d", name, times, first, read)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// rowsRead is how many rows of the table the session has read that it has not reported yet, which it does between
// transactions.
func rowsRead(t *testing.T, tx *postgres.Store) (n int) {
	t.Helper()
	const read = `SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'intent_workflows'`
	if err := tx.Tx().QueryRow(context.Background(), read).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
