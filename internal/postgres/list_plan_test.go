package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// listed is the number of workflows, and of calls, of each of two organizations. Every thousandth is rare: it has
// another name, state, creator, model, provider and outcome.
const listed = 4000

var plantListed = []string{
	`SET session_replication_role = replica`,
	`INSERT INTO organizations (id, version, time_zone, workflow_limit_pico, month_limit_pico, created_at)
		SELECT o, 0, 'UTC', 1, 1, now() FROM unnest(ARRAY['{large}'::uuid, md5('other')::uuid]) AS o`,
	`INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, graph_version, version, state,
			previous_hash, hash, created_by, created_at, updated_at)
		SELECT o, md5(o::text || n)::uuid, CASE n % 1000 WHEN 0 THEN 'Весна 水産 ' ELSE 'Autumn ' END || n, 'c', 'u', 1, 0,
			CASE n % 1000 WHEN 0 THEN 'CANCELLED' ELSE 'CREATED' END, '', sha256(''),
			CASE n % 1000 WHEN 0 THEN 'rare' ELSE 'a' END, timestamptz '2026-01-01Z' + n * interval '1 minute',
			timestamptz '2026-03-01Z' - n * interval '1 minute'
		FROM unnest(ARRAY['{large}'::uuid, md5('other')::uuid]) AS o, generate_series(1, {listed}) AS n
		ORDER BY md5(n::text)`,
	`INSERT INTO workflow_names (organization_id, workflow_id, name)
		SELECT w.organization_id, w.id, w.name FROM intent_workflows AS w`,
	`INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models, prompt_bytes,
			max_completion_tokens, web_searches, hold_pico, cost_pico, provider, answered_model, failure_code, actor,
			reserved_at, ended_at, admitted_on)
		SELECT o, md5(o::text || n)::uuid, md5(o::text || n % 100)::uuid, '{large}', 'ICP',
			CASE n % 1000 WHEN 0 THEN 'RELEASED' ELSE 'SETTLED' END, ARRAY['m'], 0, 0, 0, 1,
			CASE n % 1000 WHEN 0 THEN NULL ELSE 1 END,
			CASE n % 1000 WHEN 0 THEN 'rare' ELSE 'p' END, CASE n % 1000 WHEN 0 THEN 'rare' ELSE 'm' END,
			CASE n % 1000 WHEN 0 THEN 'TIMEOUT' END, 'a', timestamptz '2026-01-01Z' + n * interval '1 minute',
			timestamptz '2026-01-01Z' + n * interval '1 minute',
			(timestamptz '2026-01-01Z' + n * interval '1 minute')::date
		FROM unnest(ARRAY['{large}'::uuid, md5('other')::uuid]) AS o, generate_series(1, {listed}) AS n
		ORDER BY md5(n::text)`,
	`RESET session_replication_role`,
	`VACUUM ANALYZE`,
}

// newListed returns a store with a large organization.
func newListed(t *testing.T) (*postgres.Store, caller.Caller) {
	t.Helper()
	ctx, db := context.Background(), testdb.New(t)
	who := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Viewer}
	conn, err := db.Super.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	values := strings.NewReplacer("{large}", who.OrganizationID.String(), "{listed}", "4000")
	for _, statement := range plantListed {
		if _, err := conn.Exec(ctx, values.Replace(statement)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return db.Store(), who
}

// reads returns how many rows of tables a function reads.
func reads(t *testing.T, store *postgres.Store, do func(*postgres.Store) error, tables ...string) (n int) {
	t.Helper()
	ctx := context.Background()
	const read = `SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint FROM pg_stat_xact_user_tables
		WHERE relname = ANY($1)`
	err := store.InTx(ctx, func(tx *postgres.Store) error {
		before := 0 // The session has not reported its last transactions yet.
		if err := tx.Tx().QueryRow(ctx, read, tables).Scan(&before); err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		err := tx.Tx().QueryRow(ctx, read, tables).Scan(&n)
		n -= before
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	distant = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	// longAgo is when the last ten workflows have changed.
	longAgo = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(-(listed - 9) * time.Minute)
)

// No order and filter of a list of workflows reads all of them, as long as PostgreSQL's estimates are right. The order
// by spend, and the filters by spend and by activity do: their complexity says so.
func TestWorkflows_NoListReadsAll(t *testing.T) {
	t.Parallel()
	store, who := newListed(t)
	ctx := context.Background()
	for name, c := range map[string]struct {
		change func(*postgres.WorkflowFilter)
		want   int
	}{
		"all":            {func(*postgres.WorkflowFilter) {}, 20},
		"by state":       {func(f *postgres.WorkflowFilter) { f.States = []workflow.State{workflow.Cancelled} }, 4},
		"by creator":     {func(f *postgres.WorkflowFilter) { f.CreatedBy = "rare" }, 4},
		"by creation":    {func(f *postgres.WorkflowFilter) { f.CreatedTo = newYear.Add(4 * time.Minute) }, 3},
		"by update":      {func(f *postgres.WorkflowFilter) { f.UpdatedBefore = longAgo }, 9},
		"by name":        {func(f *postgres.WorkflowFilter) { f.NameContains = "вес" }, 4},
		"by two letters": {func(f *postgres.WorkflowFilter) { f.NameContains = "水産" }, 4},
		"by no name":     {func(f *postgres.WorkflowFilter) { f.NameContains = "zz" }, 0},
		"by most names":  {func(f *postgres.WorkflowFilter) { f.NameContains = "AUTUMN" }, 20},
	} {
		for _, order := range []postgres.WorkflowOrder{
			postgres.WorkflowsByCreated, postgres.WorkflowsByUpdated, postgres.WorkflowsByName,
		} {
			for _, descending := range []bool{false, true} {
				page := postgres.WorkflowPage{Order: order, Descending: descending, First: 20}
				page.Filter.CreatedTo, page.Filter.UpdatedBefore = distant, distant
				if descending {
					page.AfterAt, page.AfterID, page.FromEnd = distant, uuid.Max, true
				}
				c.change(&page.Filter)
				read := reads(t, store, func(tx *postgres.Store) error {
					flows, err := tx.Workflows(ctx, who, page)
					if len(flows) != c.want {
						t.Errorf("%s, order %d, descending %t: got %d workflows, want %d", name, order, descending, len(flows),
							c.want)
					}
					return err
				}, "intent_workflows", "workflow_names")
				if read > listed/4 {
					t.Errorf("%s, order %d, descending %t: %d rows are read", name, order, descending, read)
				}
			}
		}
	}
}

// A count of the workflows with a rare text reads those.
func TestWorkflows_CountsOfARareNameReadFew(t *testing.T) {
	t.Parallel()
	store, who := newListed(t)
	ctx := context.Background()
	filter := postgres.WorkflowFilter{NameContains: "весна 水", CreatedTo: distant, UpdatedBefore: distant}
	for name, count := range map[string]func(*postgres.Store) (int, error){
		"CountWorkflows": func(tx *postgres.Store) (int, error) { return tx.CountWorkflows(ctx, who, filter) },
		"CountByState": func(tx *postgres.Store) (int, error) {
			counts, err := tx.CountByState(ctx, who, filter)
			return counts[workflow.Cancelled], err
		},
		"SelectWorkflows": func(tx *postgres.Store) (int, error) {
			flows, err := tx.SelectWorkflows(ctx, who, filter, 100)
			return len(flows), err
		},
	} {
		read := reads(t, store, func(tx *postgres.Store) error {
			n, err := count(tx)
			if n != 4 {
				t.Errorf("%s: got %d, want 4", name, n)
			}
			return err
		}, "intent_workflows", "workflow_names")
		if read > listed/4 {
			t.Errorf("%s: %d rows are read", name, read)
		}
	}
}

// A search finds what a comparison with all names finds, whichever letters it looks up.
func TestWorkflows_SearchFindsWhatAComparisonFinds(t *testing.T) {
	t.Parallel()
	store, who := newListed(t)
	ctx := context.Background()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		number := random.IntN(listed) + 1
		name := []rune(fmt.Sprintf("Autumn %d", number))
		if number%50 == 0 {
			name = []rune(fmt.Sprintf("Весна 水産 %d", number/1000*1000))
		}
		from := random.IntN(len(name) - 1)
		fragment := string(name[from : from+2+random.IntN(len(name)-from-1)])
		var want int
		err := store.InTx(ctx, func(tx *postgres.Store) error {
			return tx.Tx().QueryRow(ctx, `SELECT count(*) FROM generate_series(1, 4000) AS n
				WHERE strpos(lower(CASE n % 1000 WHEN 0 THEN 'Весна 水産 ' ELSE 'Autumn ' END || n), lower($1)) > 0`,
				fragment).Scan(&want)
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.CountWorkflows(ctx, who, postgres.WorkflowFilter{
			NameContains: fragment, CreatedTo: distant, UpdatedBefore: distant,
		})
		if err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", fragment, got, err, want)
		}
	}
}

// A count by state reads no workflow.
func TestWorkflows_CountsByStateReadNone(t *testing.T) {
	t.Parallel()
	store, who := newListed(t)
	ctx := context.Background()
	filter := postgres.WorkflowFilter{
		States: []workflow.State{workflow.Cancelled}, CreatedTo: distant, UpdatedBefore: distant,
	}
	for name, count := range map[string]func(*postgres.Store) error{
		"CountWorkflows": func(tx *postgres.Store) error {
			_, err := tx.CountWorkflows(ctx, who, filter)
			return err
		},
		"CountByState": func(tx *postgres.Store) error {
			_, err := tx.CountByState(ctx, who, filter)
			return err
		},
	} {
		if read := reads(t, store, count, "intent_workflows"); read > 0 {
			t.Errorf("%s: %d rows are read", name, read)
		}
	}
}

// No filter of the list of calls reads all of them.
func TestCalls_NoListReadsAll(t *testing.T) {
	t.Parallel()
	store, who := newListed(t)
	ctx := context.Background()
	for name, c := range map[string]struct {
		filter postgres.CallFilter
		want   int
	}{
		"all":         {postgres.CallFilter{}, 20},
		"by state":    {postgres.CallFilter{States: []cost.CallState{cost.CallReleased}}, 4},
		"by failure":  {postgres.CallFilter{Failures: []workflow.FailureCode{workflow.FailureTimeout}}, 4},
		"by model":    {postgres.CallFilter{Models: []string{"rare"}}, 4},
		"by provider": {postgres.CallFilter{Providers: []string{"rare"}}, 4},
		"by time":     {postgres.CallFilter{To: newYear.Add(4 * time.Minute)}, 3},
	} {
		for _, ascending := range []bool{false, true} {
			page := postgres.CallPage{Filter: c.filter, Ascending: ascending, Size: 20}
			if !ascending {
				page.At, page.ID = distant, uuid.Max
			}
			if page.Filter.To.IsZero() {
				page.Filter.To = distant
			}
			read := reads(t, store, func(tx *postgres.Store) error {
				calls, err := tx.AllCalls(ctx, who, page)
				if len(calls) != c.want {
					t.Errorf("%s, ascending %t: got %d calls, want %d", name, ascending, len(calls), c.want)
				}
				return err
			}, "ai_calls")
			if read > listed/4 {
				t.Errorf("%s, ascending %t: %d rows are read", name, ascending, read)
			}
		}
	}
}
