package attack

import "fmt"

// bare is the beginning of an attack on an organization without a month: the server's role names it itself.
const bare = `SELECT set_config('infin8.organization_id', {bare}::text, true);`

// openMonth opens a month of an organization with its first ledger entry. The arguments are SQL.
func openMonth(organization, start, end, limit string) string {
	return fmt.Sprintf(`
WITH m AS (
	INSERT INTO usage_accounts (organization_id, id, kind, period_start, period_end, time_zone, sequence, settled_pico,
		held_pico, limit_pico, stopped, previous_hash, hash)
	VALUES (%[1]s, {new}, 'MONTH', %[2]s, %[3]s, 'UTC', 0, 0, 0, %[4]s, false, '', entry_hash('', %[1]s, {new}, 0, 'OPEN',
		NULL, 0, 0, %[4]s, 0, 0, %[4]s, false, false, 'mallory', '', now()))
	RETURNING *
)
INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after,
	held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage,
	actor, reason, occurred_at, previous_hash, hash)
SELECT organization_id, id, 0, 'OPEN', 0, 0, 0, 0, 0, 0, 0, limit_pico, limit_pico, false, false, false, 'mallory', '',
	now(), '', hash FROM m;`, organization, start, end, limit)
}

// limit is the limit of a month that every organization of the target has.
const limit = "25000000000000"

func months() []Attack {
	const (
		isNow    = "usage_accounts_month_is_now"
		length   = "usage_accounts_month_length"
		settings = "usage_accounts_month_settings"
		last     = "usage_accounts_balance_is_last_entry"
	)
	return []Attack{
		byBoth("a month of the past is opened",
			openMonth("{org}", "'1999-01-01'", "'1999-02-01'", limit), refused(isNow)),
		byBoth("a month of the future is opened",
			openMonth("{org}", "'2099-01-01'", "'2099-02-01'", limit), refused(isNow)),
		byBoth("a second month of today is opened",
			openMonth("{org}", "now()", "now() + interval '30 days'", limit), refused("usage_accounts_months_apart")),
		byBoth("a month of an hour is opened",
			bare+openMonth("{bare}", "now()", "now() + interval '1 hour'", limit), refused(length)),
		byBoth("a month of a year is opened",
			bare+openMonth("{bare}", "now()", "now() + interval '1 year'", limit), refused(length)),
		byBoth("a month is opened with a limit of its own",
			bare+openMonth("{bare}", "now()", "now() + interval '30 days'", "99000000000000"), refused(settings)),
		byOwner("the period of a month is changed",
			`UPDATE usage_accounts SET period_end = period_end + interval '1 day' WHERE id = {month}`,
			refused("usage_accounts_kept")),
		byOwner("the time zone of a month is changed",
			`UPDATE usage_accounts SET time_zone = 'Asia/Tokyo' WHERE id = {month}`, refused("usage_accounts_kept")),
		byOwner("a month becomes a workflow's account",
			`UPDATE usage_accounts SET kind = 'WORKFLOW' WHERE id = {month}`, refused("usage_accounts_kept")),
		byOwner("an account is deleted",
			`DELETE FROM usage_accounts WHERE id = {flow}`, refused("usage_accounts_never_deleted")),
		byBoth("less is settled", `UPDATE usage_accounts SET settled_pico = 0 WHERE id = {month}`, refused(last)),
		byBoth("the limit is raised", `UPDATE usage_accounts SET limit_pico = limit_pico * 2 WHERE id = {month}`,
			refused(last)),
		byBoth("an account repeats another hash of the entry before",
			`UPDATE usage_accounts SET previous_hash = sha256('x') WHERE id = {flow}`, named("usage_accounts")),
		byBoth("an account repeats another stop of the entry before",
			`UPDATE usage_accounts SET previous_stopped = true WHERE id = {flow}`, named("usage_accounts")),
		byBoth("an account names another entry that set its limit",
			`UPDATE usage_accounts SET limit_sequence = 1 WHERE id = {flow}`, named("usage_accounts")),
	}
}

// newCall writes a call without a hold. The arguments are SQL.
func newCall(month, at string) string {
	return fmt.Sprintf(`INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models,
		prompt_bytes, max_completion_tokens, web_searches, hold_pico, actor, reserved_at, admitted_on, check_at)
		VALUES ({org}, {new}, {flow}, %s, 'ICP', 'RESERVED', '{}', 0, 0, 0, 1, 'mallory', %[2]s,
		((%[2]s) AT TIME ZONE 'UTC')::date, now())`, month, at)
}

func calls() []Attack {
	const (
		month   = "ai_calls_month"
		kept    = "ai_calls_kept"
		forward = "ai_calls_only_move_forward"
		checked = "ai_calls_when_checked"
		reports = "What a server reports"
	)
	all := []Attack{
		byBoth("a call is charged to another workflow's account", newCall("{running}", "now()"), refused(month)),
		byBoth("a call is charged to another organization's month", newCall("{theirMonth}", "now()"), refused(month)),
		byBoth("a call of another month is charged to this one",
			newCall("{month}", "now() - interval '40 days'"), refused(month)),
		byBoth("a call is reserved at another time of the month", newCall("{month}",
			`CASE WHEN now() - interval '10 minutes' >= date_trunc('month', now(), 'UTC')
				THEN now() - interval '10 minutes' ELSE now() + interval '10 minutes' END`), refused("ai_calls_now")),
		byBoth("a call is without a hold", newCall("{month}", "now()"), refused("ai_calls_held_by_workflow")),
		byOwner("a call is deleted", `DELETE FROM ai_calls WHERE id = {settled}`, refused("ai_calls_never_deleted")),
		byBoth("a settled call becomes cheaper", `UPDATE ai_calls SET cost_pico = 0 WHERE id = {settled}`,
			refused(forward)),
		byBoth("a settled call is released",
			`UPDATE ai_calls SET state = 'RELEASED', cost_pico = NULL WHERE id = {settled}`, refused(forward)),
		byBoth("a settled call was sent at another time",
			`UPDATE ai_calls SET dispatched_at = now() WHERE id = {settled}`, refused("ai_calls_times_final")),
		byBoth("a call is settled without the ledger",
			`UPDATE ai_calls SET state = 'SETTLED', cost_pico = 1, ended_at = now(), check_at = NULL
			WHERE id = {reserved}`, refused("ai_calls_ended_in_workflow")),
		byBoth("a call that was sent names another provider",
			`UPDATE ai_calls SET provider = 'other' WHERE id = {dispatched}`, unseen(reports)),
		byBoth("a call that was sent names another answer",
			`UPDATE ai_calls SET generation_id = 'gen-other' WHERE id = {unknown}`, unseen(reports)),
	}
	for _, column := range []string{
		"actor = 'mallory'", "models = '{}'", "prompt_bytes = 1", "max_completion_tokens = 1", "web_searches = 1",
		"items_reserved = 1",
		"hold_pico = 1", "month_id = {theirMonth}", "workflow_id = {running}", "step = 'PUBLISH'", "run_token = 1",
		"recorded = true", "reserved_at = now()", "admitted_on = admitted_on", "organization_id = {other}",
	} {
		all = append(all, byOwner("a settled call is changed: "+column,
			`UPDATE ai_calls SET `+column+` WHERE id = {settled}`, refused(kept)))
	}
	for name, assignment := range map[string]string{
		"an open call is never checked": `check_at = NULL WHERE id = {unknown}`,
		"an ended call is checked":      `check_at = now() WHERE id = {settled}`,
	} {
		all = append(all, Attack{
			Name:   name,
			SQL:    `UPDATE ai_calls SET ` + assignment,
			Server: refused(checked), Sweeper: refused(checked), Owner: refused(checked),
		})
	}
	later := unseen("When the sweepers look")
	return append(append(all, articles()...), Attack{
		Name:   "the check of an open call is put off",
		SQL:    `UPDATE ai_calls SET check_at = '2999-01-01' WHERE id = {unknown}`,
		Server: later, Sweeper: later, Owner: later,
	})
}

// entry is the next ledger entry of an account, with the account moved onto it. The arguments are SQL.
func entry(account, kind, call, hold, settled, held, raised string) string {
	return fmt.Sprintf(`
INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before,
	settled_delta, settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after,
	stopped_before, stopped_after, overage, actor, reason, occurred_at, previous_hash, hash, limit_sequence)
SELECT a.organization_id, a.id, a.sequence + 1, %[2]s, %[3]s, %[4]s, a.settled_pico, %[5]s, a.settled_pico + %[5]s,
	a.held_pico, %[6]s, a.held_pico + %[6]s, a.limit_pico, %[7]s, a.limit_pico + %[7]s, a.stopped, a.stopped, false,
	'mallory', '', now(), a.hash, entry_hash(a.hash, a.organization_id, a.id, a.sequence + 1, %[2]s, %[3]s, %[5]s, %[6]s,
	%[7]s, a.settled_pico + %[5]s, a.held_pico + %[6]s, a.limit_pico + %[7]s, a.stopped, false, 'mallory', '', now()),
	a.limit_sequence
FROM usage_accounts AS a WHERE a.id = %[1]s;
UPDATE usage_accounts AS a SET sequence = l.sequence, settled_pico = l.settled_after, held_pico = l.held_after,
	limit_pico = l.limit_after, previous_hash = a.hash, hash = l.hash
FROM ai_usage_ledger AS l WHERE a.id = %[1]s AND l.account_id = a.id AND l.sequence = a.sequence + 1;`,
		account, kind, call, hold, settled, held, raised)
}

func ledgers() []Attack {
	const ledger = "ai_usage_ledger"
	dear := fmt.Sprint(26_000_000_000_000)
	return append(
		onlyGrows(ledger, "reason", ledger+"_only_grows"),
		byBoth("$26 are held under $25",
			`INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models, prompt_bytes,
				max_completion_tokens, web_searches, hold_pico, actor, reserved_at, check_at)
			VALUES ({org}, {new}, {flow}, {month}, 'ICP', 'RESERVED', '{}', 0, 0, 0, `+dear+`, 'mallory', now(), now());`+
				entry("{month}", "'RESERVE'", "{new}", dear, "0", dear, "0"), refused(ledger+"_cap")),
		byBoth("an adjustment frees a hold",
			entry("{month}", "'ADJUST'", "{settled}", "10000000000", "0", "-1", "0"), refused(ledger+"_shape")),
		byBoth("an adjustment of one account only",
			entry("{month}", "'ADJUST'", "{settled}", "10000000000", "-1", "0", "0"), named("ai_calls call_")),
		byBoth("a call is released that is open",
			entry("{month}", "'RELEASE'", "{unknown}", "10000000000", "0", "-10000000000", "0"),
			refused(ledger+"_reached")),
		byBoth("a limit is raised with an entry", entry("{month}", "'LIMIT'", "NULL", "NULL", "0", "0", "1"),
			unseen("What an entry says openly")),
		byBoth("the day counts fewer calls", `UPDATE usage_days SET calls = 0`, named("usage_days")),
		byBoth("a day of usage is made up", `INSERT INTO usage_days SELECT organization_id, account_id, account_kind,
			day - 40, step, model, outcome, 1, 0, 0, 0, 0, 0, 0 FROM usage_days LIMIT 1`, named("usage_days")),
		byOwner("a day of usage is deleted", `DELETE FROM usage_days`, refused("usage_days_never_deleted")),
		byOwner("a day of usage is moved", `UPDATE usage_days SET day = day - 1`, refused("usage_days_kept")),
	)
}

// newPrice is an own price. The arguments are SQL.
func newPrice(model, from, recorded string) string {
	return fmt.Sprintf(`INSERT INTO model_prices (organization_id, model, component, min_prompt_tokens, unit_pico,
		valid_from, source, actor, recorded_at) VALUES ({org}, %s, 'PROMPT', 0, 1, %s, 'test', 'mallory', %s)`,
		model, from, recorded)
}

func prices() []Attack {
	const (
		now   = "model_prices_now"
		grow  = "model_prices_only_grow"
		ends  = "model_prices_only_end"
		begun = "model_prices_announced"
	)
	return []Attack{
		byBoth("an own price is backdated", newPrice("'n'", "'2020-01-01'", "'2020-01-01'"), refused(now)),
		byBoth("an own price is dated ten minutes back",
			newPrice("'n'", "now() - interval '10 minutes'", "now() - interval '10 minutes'"), refused(now)),
		byBoth("an own price begins before it is written", newPrice("'n'", "'2020-01-01'", "now()"), refused(begun)),
		byBoth("an own price overlaps another one",
			newPrice("'m'", "now() + interval '1 hour'", "now()"), refused("model_prices_no_overlap")),
		byBoth("an own price ends without a successor",
			`UPDATE model_prices SET valid_to = now() + interval '1 hour' WHERE organization_id = {org}`,
			refused("model_prices_ends_by_successor")),
		byOwner("a price is changed", `UPDATE model_prices SET unit_pico = 1`, refused(ends)),
		byOwner("a price is deleted", `DELETE FROM model_prices`, refused(grow)),
		byOwner("the prices are truncated", `TRUNCATE model_prices CASCADE`, refused(grow)),
		{
			Name: "the operator's price is backdated",
			SQL: `INSERT INTO model_prices (model, component, unit_pico, valid_from, source, actor, recorded_at)
				VALUES ('n', 'PROMPT', 1, '2020-01-01', 'test', 'mallory', '2020-01-01')`,
			Server: refused(NoRight), Owner: refused(now),
		},
	}
}
