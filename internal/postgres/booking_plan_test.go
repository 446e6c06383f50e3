package postgres_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/testdb"
)

// A thousand organizations have three workflows and calls each, and one has thousands. The statements that book calls
// must not read all rows of an organization for those in their list.
func TestBooking_ReadsListedRowsOnly(t *testing.T) {
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
		`ANALYZE`,
		`SET plan_cache_mode = force_generic_plan`,
		`SET enable_seqscan = off`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	const none = `'00000000-0000-0000-0000-000000000000'`
	for name, values := range map[string]string{
		"hold":       `'[]', 7, ` + none + `, '{}', 'RESERVED', 'RESERVE'`,
		"settlement": none + `, '[]', 7, '{}', '{80}', 'SETTLED', 'SETTLE'`,
	} {
		if _, err := conn.Exec(ctx, "PREPARE "+name+" AS "+bookingSQL(ctx, name)); err != nil {
			t.Fatal(err)
		}
		rows, err := conn.Query(ctx, "EXPLAIN EXECUTE "+name+"("+values+")")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if table := wholeTable(lines); table != "" {
			t.Errorf("the %s reads all rows of an organization in %s:\n%s", name, table, strings.Join(lines, "\n"))
		}
	}
}

var (
	scanned = regexp.MustCompile(` on (\w+)`)
	whole   = regexp.MustCompile(`Index Cond: \(organization_id = \$\d+\)$`)
)

// wholeTable returns a filled table of which a plan reads all rows of an organization.
func wholeTable(plan []string) string {
	scan := ""
	for _, line := range plan {
		if found := scanned.FindStringSubmatch(line); found != nil {
			scan = found[1] // of a table, or of an index whose name begins with its table's
		}
		for _, table := range []string{"intent_workflows", "usage_accounts", "ai_calls"} {
			if whole.MatchString(line) && strings.HasPrefix(scan, table) {
				return table
			}
		}
	}
	return ""
}

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
