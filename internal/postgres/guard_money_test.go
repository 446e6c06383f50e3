package postgres_test

import (
	"fmt"
	"slices"
	"testing"
)

// entry is a ledger entry: the next one of {flow}'s account, an adjustment of {settled} by one picodollar with a right
// hash, unless a field says otherwise. Fields are SQL, in which a is the account.
type entry struct {
	organization, account, sequence, kind, call, hold string
	settledBefore, settled, held, limit               string // before, and the three deltas
	settledAfter, stoppedAfter, previous, hash        string
}

func (e entry) sql() string {
	for _, f := range []struct {
		field *string
		usual string
	}{
		{&e.organization, "{org}"},
		{&e.account, "{flow}"},
		{&e.sequence, "a.sequence + 1"},
		{&e.kind, "'ADJUST'"},
		{&e.call, "{settled}"},
		{&e.hold, "10000000000"},
		{&e.settledBefore, "a.settled_pico"},
		{&e.settled, "1"},
		{&e.held, "0"},
		{&e.limit, "0"},
		{&e.stoppedAfter, "a.stopped"},
		{&e.previous, "a.hash"},
	} {
		if *f.field == "" {
			*f.field = f.usual
		}
	}
	if e.settledAfter == "" {
		e.settledAfter = fmt.Sprintf("(%s + %s)", e.settledBefore, e.settled)
	}
	heldAfter, limitAfter := fmt.Sprintf("(a.held_pico + %s)", e.held), fmt.Sprintf("(a.limit_pico + %s)", e.limit)
	overage := fmt.Sprintf("(%s = 'SETTLE' AND %s > coalesce(%s, 0))", e.kind, e.settled, e.hold)
	if e.hash == "" {
		e.hash = fmt.Sprintf("entry_hash(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'mallory', '', now())",
			e.previous, e.organization, e.account, e.sequence, e.kind, e.call, e.settled, e.held, e.limit, e.settledAfter,
			heldAfter, limitAfter, e.stoppedAfter, overage)
	}
	return fmt.Sprintf(`INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, call_id, call_hold_pico,
		settled_before, settled_delta, settled_after, held_before, held_delta, held_after, limit_before, limit_delta,
		limit_after, stopped_before, stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
		SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, a.held_pico, %s, %s, a.limit_pico, %s, %s, a.stopped, %s, %s, 'mallory',
		'', now(), %s, %s FROM usage_accounts AS a WHERE a.id = %s;`,
		e.organization, e.account, e.sequence, e.kind, e.call, e.hold, e.settledBefore, e.settled, e.settledAfter,
		e.held, heldAfter, e.limit, limitAfter, e.stoppedAfter, overage, e.previous, e.hash, e.account)
}

// moved forges an entry and moves its account onto it.
func (e entry) moved() string {
	sql := e.sql()
	account := e.account
	if account == "" {
		account = "{flow}"
	}
	return sql + fmt.Sprintf(`UPDATE usage_accounts AS a SET sequence = l.sequence, settled_pico = l.settled_after,
		held_pico = l.held_after, limit_pico = l.limit_after, stopped = l.stopped_after, hash = l.hash
		FROM ai_usage_ledger AS l WHERE a.id = %s AND l.account_id = a.id AND l.sequence = a.sequence + 1;`, account)
}

// newCall is a call written down without any hold, of the given workflow, month and hold.
func newCall(flow, month, hold string) string {
	return fmt.Sprintf(`INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models,
		prompt_bytes, max_completion_tokens, web_searches, hold_pico, actor, reserved_at, check_at) VALUES ({org},
		'11111111-1111-1111-1111-111111111111', %s, %s, 'ICP', 'RESERVED', '{}', 0, 0, 0, %s, 'mallory', now(), now());`,
		flow, month, hold)
}

// fresh is the call of newCall.
const fresh = "'11111111-1111-1111-1111-111111111111'::uuid"

func TestGuards_Balance(t *testing.T) {
	t.Parallel()
	const (
		last   = "usage_accounts_balance_is_last_entry"
		grows  = "usage_accounts_sequence_grows"
		passed = "usage_accounts_entries_passed"
	)
	set := func(name, assignment, by, always string) forgery {
		return forgery{name, `UPDATE usage_accounts SET ` + assignment + ` WHERE id = {flow}`, by, by, always}
	}
	newTarget(t).repel(t, []forgery{
		set("less is settled", `settled_pico = 0`, last, ""),
		set("less is held", `held_pico = 0`, last, ""),
		set("the limit is raised", `limit_pico = limit_pico * 2`, last, ""),
		set("the account is stopped", `stopped = true`, last, ""),
		set("an entry ahead", `sequence = sequence + 1`, last, ""),
		set("an entry jumped over", `sequence = sequence + 2`, last, passed),
		set("another hash", `hash = sha256('x')`, last, ""),
		set("less than nothing is held", `held_pico = -1`, "amount_pico_not_negative", "amount_pico_not_negative"),
		{
			"the balance of an older entry", `UPDATE usage_accounts AS a SET sequence = l.sequence,
				settled_pico = l.settled_after, held_pico = l.held_after, hash = l.hash FROM ai_usage_ledger AS l
				WHERE a.id = {flow} AND l.account_id = a.id AND l.sequence = 0`, grows, grows, grows,
		},
		{
			"an account without a ledger", `INSERT INTO usage_accounts (organization_id, id, kind, period_start, period_end,
				sequence, settled_pico, held_pico, limit_pico, stopped, previous_hash, hash) VALUES ({org}, gen_random_uuid(),
				'MONTH', '2000-01-01', '2000-02-01', 0, 0, 0, 1, false, '', sha256('x'))`, last, last, "",
		},
		{
			"an account of another organization's workflow", `INSERT INTO usage_accounts (organization_id, id, kind, sequence,
				settled_pico, held_pico, limit_pico, stopped, previous_hash, hash)
				SELECT {org}, {theirs}, 'WORKFLOW', 0, 0, 0, 1, false, '', sha256('x')`,
			"usage_accounts_workflow", "usage_accounts_workflow", "",
		},
		{
			"the same month again", `INSERT INTO usage_accounts (organization_id, id, kind, period_start, period_end, sequence,
				settled_pico, held_pico, limit_pico, stopped, previous_hash, hash)
				SELECT organization_id, gen_random_uuid(), kind, period_start, period_end, 0, 0, 0, 1, false, '', hash
				FROM usage_accounts WHERE id = {month}`,
			"usage_accounts_one_for_each_month", "usage_accounts_one_for_each_month", "usage_accounts_one_for_each_month",
		},
		{
			"an account deleted", `DELETE FROM usage_accounts WHERE id = {flow}`,
			noRight, "usage_accounts_never_deleted", "usage_accounts_never_deleted",
		},
		{
			"all accounts truncated", `TRUNCATE usage_accounts CASCADE`,
			noRight, "usage_accounts_never_deleted", "usage_accounts_never_deleted",
		},
	})
}

func TestGuards_Ledger(t *testing.T) {
	t.Parallel()
	same := func(name, sql, by, always string) forgery { return forgery{name, sql, by, by, always} }
	const (
		ledger  = "ai_usage_ledger"
		reached = ledger + "_reached"
		broken  = ledger + "_unbroken"
		shape   = ledger + "_shape"
	)
	over := entry{kind: "'RESERVE'", call: fresh, hold: "2000000000000", settled: "0", held: "2000000000000"}
	stray := entry{kind: "'RESERVE'", call: "{reserved}", account: "{running}", settled: "0", held: "10000000000"}
	newTarget(t).repel(t, slices.Concat(onlyGrows(ledger, "reason", ledger+"_only_grows"), []forgery{
		same("an entry that has not happened", entry{}.sql(), reached, reached),
		same("a hold over the cap", newCall("{flow}", "{month}", over.hold)+over.moved(), ledger+"_cap", ledger+"_cap"),
		same("a balance that does not add up", entry{settledAfter: "0"}.moved(), ledger+"_arithmetic", ledger+"_arithmetic"),
		same("a lie about the balance before", entry{settledBefore: "0"}.moved(), broken, ""),
		same("a chain of its own", entry{previous: "sha256('x')"}.moved(), broken, ""),
		same("a hash of something else", entry{hash: "sha256('x')"}.moved(), ledger+"_hash", ledger+"_hash"),
		same("a gap", entry{sequence: "a.sequence + 2"}.sql(), broken, reached),
		same("a fork", entry{sequence: "a.sequence"}.sql(), ledger+"_pkey", ledger+"_pkey"),
		same("a second opening", entry{
			sequence: "0::bigint", kind: "'OPEN'", call: "NULL", hold: "NULL", settled: "0", previous: "''::bytea",
		}.sql(), ledger+"_first", ledger+"_first"),
		same("an adjustment that frees a hold", entry{held: "-1"}.moved(), shape, shape),
		same("an adjustment that raises the limit", entry{limit: "1"}.moved(), shape, shape),
		same("a limit that spends", entry{kind: "'LIMIT'", call: "NULL", hold: "NULL"}.moved(), shape, shape),
		same("an adjustment of nothing", entry{call: "NULL", hold: "NULL"}.moved(),
			ledger+"_call_named", ledger+"_call_named"),
		same("a limit that names a call", entry{kind: "'LIMIT'", settled: "0", limit: "1"}.moved(),
			ledger+"_call_named", ledger+"_call_named"),
		same("a settlement of a call that is open", entry{
			kind: "'SETTLE'", call: "{reserved}", settled: "1", held: "-10000000000",
		}.moved(), reached, reached),
		same("a release of a call that is open", entry{
			kind: "'RELEASE'", call: "{dispatched}", settled: "0", held: "-10000000000",
		}.moved(), reached, reached),
		same("an assumption about a call that is open", entry{
			kind: "'ASSUME'", call: "{unknown}", settled: "10000000000", held: "-10000000000",
		}.moved(), reached, reached),
		same("an adjustment of a call that is open", entry{call: "{reserved}"}.moved(), reached, reached),
		same("a second settlement", entry{kind: "'SETTLE'", settled: "1", held: "-10000000000"}.moved(),
			ledger+"_one_hold_one_outcome", ledger+"_one_hold_one_outcome"),
		same("a second hold", entry{kind: "'RESERVE'", call: "{reserved}", settled: "0", held: "10000000000"}.moved(),
			ledger+"_one_hold_one_outcome", ledger+"_one_hold_one_outcome"),
		same("a hold of another amount than the call's", entry{
			kind: "'RESERVE'", call: "{reserved}", hold: "5", account: "{running}", settled: "0", held: "5",
		}.moved(), ledger+"_call", reached),
		same("a hold on an account that does not pay", stray.moved(), reached, reached),
		same("an adjustment of another organization's call", entry{call: "{theirCall}"}.moved(), ledger+"_call", reached),
		{
			"an entry of another organization's account", entry{account: "{theirs}"}.sql(),
			hidden, ledger + "_account", reached,
		},
		same("a stop without an overage", entry{stoppedAfter: "true"}.moved(), ledger+"_stopped", ledger+"_stopped"),
		same("an entry before the first", entry{sequence: "-1::bigint"}.sql(), ledger+"_first", ledger+"_first"),
	}))
}

func TestGuards_Call(t *testing.T) {
	t.Parallel()
	const (
		forward = "ai_calls_only_move_forward"
		kept    = "ai_calls_kept"
	)
	set := func(name, assignment, call, by, always string) forgery {
		return forgery{name, fmt.Sprintf(`UPDATE ai_calls SET %s WHERE id = %s`, assignment, call), by, by, always}
	}
	const settle = `state = 'SETTLED', cost_pico = 1, ended_at = now(), check_at = NULL`
	newTarget(t).repel(t, []forgery{
		set("dispatched, then not", `state = 'RESERVED'`, "{dispatched}", forward, forward),
		set("unknown, then dispatched", `state = 'DISPATCHED'`, "{unknown}", forward, forward),
		set("settled, then unknown", `state = 'UNKNOWN', cost_pico = NULL, ended_at = NULL`, "{settled}", forward, forward),
		set("settled, then released", `state = 'RELEASED', cost_pico = NULL`, "{settled}", forward, forward),
		set("settled, then cheaper", `cost_pico = 0`, "{settled}", forward, forward),
		set("settled, then by another model", `answered_model = 'other'`, "{settled}", forward, forward),
		set("settled, then of other tokens", `prompt_tokens = 77`, "{settled}", forward, forward),
		set("assumed without having been unknown", `state = 'ASSUMED', ended_at = now()`, "{reserved}", forward, forward),
		set("settled without the ledger", settle, "{reserved}", "ai_calls_ended_in_workflow", ""),
		set("settled without an end", `state = 'SETTLED', cost_pico = 1`, "{reserved}",
			"ai_calls_outcome", "ai_calls_outcome"),
		set("settled without a cost", `state = 'SETTLED', ended_at = now(), check_at = NULL`, "{reserved}",
			"ai_calls_cost", "ai_calls_cost"),
		set("a cost before the end", `cost_pico = 1`, "{reserved}", "ai_calls_cost", "ai_calls_cost"),
		set("an overage that is none", `overage = true`, "{reserved}", "ai_calls_overage", "ai_calls_overage"),
		{"another hold", `UPDATE ai_calls SET hold_pico = 1 WHERE id = {reserved}`, noRight, kept, kept},
		{
			"another month", `UPDATE ai_calls SET month_id = {theirMonth} WHERE id = {reserved}`,
			noRight, kept, kept,
		},
		{
			"another organization", `UPDATE ai_calls SET organization_id = {other} WHERE id = {reserved}`,
			noRight, kept, kept,
		},
		{
			"a call deleted", `DELETE FROM ai_calls WHERE id = {settled}`,
			noRight, "ai_calls_never_deleted", "ai_calls_never_deleted",
		},
		{
			"a call without a hold", newCall("{flow}", "{month}", "1"),
			"ai_calls_held_by_workflow", "ai_calls_held_by_workflow", "",
		},
		{
			"a call of another organization's workflow", newCall("{theirs}", "{month}", "1"),
			"ai_calls_workflow", "ai_calls_workflow", "",
		},
		{
			"a call charged to one account twice", newCall("{flow}", "{flow}", "1"),
			"ai_calls_two_accounts", "ai_calls_two_accounts", "ai_calls_two_accounts",
		},
		{
			"a key that names another organization's workflow", `INSERT INTO idempotency_keys VALUES
				({org}, 'new', sha256('x'), {theirs}, NULL, NULL, NULL, NULL, 'mallory', now())`,
			"idempotency_keys_workflow", "idempotency_keys_workflow", "",
		},
		{
			"a key that names another organization's call", `INSERT INTO idempotency_keys VALUES
				({org}, 'new', sha256('x'), {flow}, NULL, {theirCall}, NULL, NULL, 'mallory', now())`,
			"idempotency_keys_call", "idempotency_keys_call", "",
		},
		{
			"a key that names a transition to come", `UPDATE idempotency_keys SET version = 5 WHERE key = 'key'`,
			"idempotency_keys_transition", "idempotency_keys_transition", "",
		},
		{
			"a limit of an organization that no change explains",
			`UPDATE organizations SET month_limit_pico = 0 WHERE id = {org}`,
			"organizations_settings_are_last_change", "organizations_settings_are_last_change", "",
		},
		{
			"an edited change of an organization's settings", `UPDATE organization_changes SET actor = 'mallory'`,
			noRight, "organization_changes_only_grow", "organization_changes_only_grow",
		},
		{
			"a recorded call that was reserved", `UPDATE ai_calls SET recorded = true WHERE id = {reserved}`,
			noRight, kept, kept,
		},
	})
}
