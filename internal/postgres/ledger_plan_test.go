package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
)

// One account has thousands of entries, and most others have one. The check of a foreign key from a call to one of its
// entries must not read them all.
func TestLedger_FindsTheEntryOfACallByItsOwnIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := testdb.New(t)
	conn, err := db.Super.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, statement := range []string{
		`DROP TRIGGER ai_usage_ledger_reached ON ai_usage_ledger`, // The entries alone matter here.
		`SET session_replication_role = replica`,
		`INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before,
				settled_delta, settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after,
				stopped_before, stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
			SELECT e.organization, e.account, e.n, e.kind, e.call, e.hold, 0, 0, 0, 0, coalesce(e.hold, 0),
				coalesce(e.hold, 0), e.was, 9 - e.was, 9, false, false, false, 'a', '', e.at, e.previous,
				entry_hash(e.previous, e.organization, e.account, e.n, e.kind, e.call, 0, coalesce(e.hold, 0), 9 - e.was,
					0, coalesce(e.hold, 0), 9, false, false, 'a', '', e.at)
			FROM (
				SELECT md5((a % 100)::text)::uuid AS organization, md5('account' || a)::uuid AS account, 0 AS n,
					'OPEN' AS kind, NULL::uuid AS call, NULL::bigint AS hold, 0 AS was, now() AS at, ''::bytea AS previous
				FROM generate_series(1, 13000) AS a
				UNION ALL
				SELECT md5('0')::uuid, md5('account0')::uuid, n, 'RESERVE', gen_random_uuid(), 1, 9, now(), sha256('')
				FROM generate_series(1, 9000) AS n
			) AS e
			ORDER BY e.organization, e.account, e.n`,
		`RESET session_replication_role`,
		`ANALYZE ai_usage_ledger`,
		`SET plan_cache_mode = force_generic_plan`,
		`PREPARE check_of_key (uuid, uuid, uuid, text) AS SELECT 1 FROM ONLY ai_usage_ledger AS x
			WHERE organization_id = $1 AND call_id = $2 AND account_id = $3 AND call_event = $4 FOR KEY SHARE OF x`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	const none = `'00000000-0000-0000-0000-000000000000'`
	rows, err := conn.Query(ctx, `EXPLAIN EXECUTE check_of_key (`+none+`, `+none+`, `+none+`, 'HOLD')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		line := ""
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, line)
	}
	if text := strings.Join(plan, "\n"); !strings.Contains(text, "using ai_usage_ledger_one_hold_one_outcome") {
		t.Errorf("got the plan\n%s\nwant one with the index of the calls' entries", text)
	}
}
