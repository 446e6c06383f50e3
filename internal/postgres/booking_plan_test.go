package postgres_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/testdb"
)

// A thousand organizations have three workflows and calls each, and one has thousands. The statements that book calls
// find each row by its key. PostgreSQL has counted the tables, or has not yet.
func TestBooking_FindsEachRowByItsKey(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := testdb.New(t)
	conn, err := db.Super.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	const owners = ` FROM (
			SELECT md5((n % 1000)::text)::uuid AS organization FROM generate_series(1, 3000) AS n
			UNION ALL SELECT md5('large')::uuid FROM generate_series(1, 4000)
		) AS o`
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, linkedin_url, graph_version,
			version, state, previous_hash, hash, created_by, created_at, updated_at)
			SELECT o.organization, gen_random_uuid(), gen_random_uuid()::text, 'c', 'https://example.com', '', 1, 1, 'CREATED',
				sha256(''), sha256(''), 'a', now(), now()` + owners,
		`INSERT INTO usage_accounts (organization_id, id, kind, sequence, settled_pico, held_pico, limit_pico, stopped,
			previous_hash, hash)
			SELECT w.organization_id, w.id, 'WORKFLOW', 0, 0, 0, 1, false, ''::bytea, sha256('') FROM intent_workflows AS w`,
		`INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models, prompt_bytes,
			max_completion_tokens, web_searches, hold_pico, actor, reserved_at, check_at)
			SELECT w.organization_id, gen_random_uuid(), w.id, gen_random_uuid(), 'ICP', 'RESERVED', '{}', 0, 0, 0, 1, 'a',
				now(), now() FROM intent_workflows AS w`,
		`RESET session_replication_role`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, count := range []string{`SELECT`, `ANALYZE`} {
		if _, err := conn.Exec(ctx, count); err != nil {
			t.Fatal(err)
		}
		for name, values := range map[string]string{
			"hold":       `'[]', 7, '{}', 'RESERVED', 'RESERVE'`,
			"settlement": `'[]', 7, '{}', '{80}', 'SETTLED', 'SETTLE'`,
		} {
			plan := bookingPlan(t, conn, name, values)
			for _, table := range []string{"usage_accounts", "ai_calls|intent_workflows"} {
				if !regexp.MustCompile(`Scan using \w+ on (` + table + `) `).MatchString(strings.Join(plan, "\n")) {
					t.Errorf("the plan of the %s scans no %s by an index:\n%s", name, table, strings.Join(plan, "\n"))
				}
			}
			if found := withoutKey(plan); len(found) > 0 {
				t.Errorf("after %s the %s finds rows without their key: %q\n%s", count, name, found, strings.Join(plan, "\n"))
			}
		}
	}
}

// bookingPlan returns the plan of a statement in the role and with the settings of bookings.
func bookingPlan(t *testing.T, conn *pgxpool.Conn, name, values string) (lines []string) {
	t.Helper()
	ctx := context.Background()
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, postgres.EnterBooker, uuid.NewString(), ""); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "PREPARE "+name+" AS "+bookingSQL(ctx, name)); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "EXPLAIN EXECUTE "+name+"("+values+")")
		if err != nil {
			return err
		}
		if lines, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "DEALLOCATE "+name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

var scanned = regexp.MustCompile(`(?:Scan using (\w+) on|Seq Scan on|Bitmap Heap Scan on) (\w+)`)

// withoutKey returns the scans of filled tables that do not look for the key of a row.
func withoutKey(plan []string) (found []string) {
	for i, line := range plan {
		scan := scanned.FindStringSubmatch(line)
		if scan == nil {
			continue
		}
		for _, table := range []string{"intent_workflows", "usage_accounts", "ai_calls"} {
			if scan[2] != table || i+1 < len(plan) && keyed.MatchString(plan[i+1]) {
				continue
			}
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// keyed is the condition of an index for a key, or for the month of a time.
var keyed = regexp.MustCompile(
	`Index Cond: \(\(organization_id = \w+\.organization_id\) AND \(?(id = \w+\.\w+|period_start <= )`)

// bookingSQL returns the text of a statement as it is sent.
func bookingSQL(ctx context.Context, name string) string {
	sent := &recorder{}
	q := dbsqlc.New(sent)
	if name == "hold" {
		_, _ = q.CallHoldCreate(ctx, dbsqlc.CallHoldCreateParams{})
	} else {
		_, _ = q.CallSettlementCreate(ctx, dbsqlc.CallSettlementCreateParams{})
	}
	return sent.sql
}

// recorder keeps the text of a query, and sends nothing.
type recorder struct {
	dbsqlc.DBTX
	sql string
}

func (r *recorder) Query(_ context.Context, sql string, _ ...any) (pgx.Rows, error) {
	r.sql = sql
	return nil, pgx.ErrNoRows
}
