package audit_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

const cent = cost.Dollar / 100

// unguarded switches off all that a superuser can switch off, and drops what remains, so that any row can be changed.
const unguarded = `
ALTER TABLE workflow_transitions DISABLE TRIGGER ALL, DROP CONSTRAINT workflow_transitions_hash,
	DROP CONSTRAINT workflow_transitions_first;
ALTER TABLE legal_transitions DISABLE TRIGGER ALL;
ALTER TABLE intent_workflows DISABLE TRIGGER ALL;
ALTER TABLE ai_usage_ledger DISABLE TRIGGER ALL, DROP CONSTRAINT ai_usage_ledger_hash,
	DROP CONSTRAINT ai_usage_ledger_arithmetic, DROP CONSTRAINT ai_usage_ledger_cap,
	DROP CONSTRAINT ai_usage_ledger_shape, DROP CONSTRAINT ai_usage_ledger_overage,
	DROP CONSTRAINT ai_usage_ledger_first, DROP CONSTRAINT ai_usage_ledger_call_named;
ALTER TABLE usage_accounts DISABLE TRIGGER ALL;
ALTER TABLE ai_calls DISABLE TRIGGER ALL, DROP CONSTRAINT ai_calls_cost, DROP CONSTRAINT ai_calls_outcome,
	DROP CONSTRAINT ai_calls_overage;
`

// rehash gives a row the hash of its content, as one would who knows how it is made.
const (
	rehashTransition = `; UPDATE workflow_transitions SET hash = transition_hash(previous_hash, organization_id,
		workflow_id, version, graph_version, kind, from_state, to_state, actor, reason, occurred_at)
		WHERE workflow_id = {flow};`
	rehashEntry = `; UPDATE ai_usage_ledger SET hash = entry_hash(previous_hash, organization_id, account_id, sequence,
		kind, call_id, settled_delta, held_delta, limit_delta, settled_after, held_after, limit_after, stopped_after, overage,
		actor, reason, occurred_at) WHERE account_id = {flow};`
	// followEntry lets the account repeat its last entry.
	followEntry = `; UPDATE usage_accounts AS a SET settled_pico = l.settled_after, held_pico = l.held_after,
		limit_pico = l.limit_after, stopped = l.stopped_after, hash = l.hash FROM ai_usage_ledger AS l
		WHERE l.account_id = a.id AND l.sequence = a.sequence AND a.id = {flow};`
	// rechained hashes all entries anew, one after the other, and lets the account follow.
	rechained = `; DO $$ DECLARE last bytea := ''; n bigint; BEGIN
		FOR n IN SELECT sequence FROM ai_usage_ledger WHERE account_id = {flow} ORDER BY sequence LOOP
			UPDATE ai_usage_ledger SET previous_hash = last, hash = entry_hash(last, organization_id, account_id, sequence,
				kind, call_id, settled_delta, held_delta, limit_delta, settled_after, held_after, limit_after, stopped_after,
				overage, actor, reason, occurred_at) WHERE account_id = {flow} AND sequence = n RETURNING hash INTO last;
		END LOOP; END $$` + followEntry
	followTransition = `; UPDATE intent_workflows AS w SET state = t.to_state, hash = t.hash FROM workflow_transitions AS t
		WHERE t.workflow_id = w.id AND t.version = w.version AND w.id = {flow};`
)

func TestVerify_NamesTheChangedRow(t *testing.T) {
	t.Parallel()
	const journal, ledger = "workflow_transitions wf_{flow} version ", "ai_usage_ledger account {flow} entry "
	for name, c := range map[string]struct{ sql, row, what string }{
		"AReasonEdited": {
			`UPDATE workflow_transitions SET reason = 'x' WHERE workflow_id = {flow} AND version = 2`,
			journal + "2", "hash of its content",
		},
		"AReasonEditedAndTheHashMadeGood": {
			`UPDATE workflow_transitions SET reason = 'x' WHERE workflow_id = {flow} AND version = 2` + rehashTransition,
			journal + "3", "previous hash",
		},
		"TheLastRowEditedAndTheHashMadeGood": {
			`UPDATE workflow_transitions SET reason = 'x' WHERE workflow_id = {flow} AND version = 3` + rehashTransition,
			"intent_workflows wf_{flow}", "ICP_COMPLETED at version 3",
		},
		"ARowDeleted": {
			`DELETE FROM workflow_transitions WHERE workflow_id = {flow} AND version = 1`, journal + "2", "version 1 is missing",
		},
		"TheFirstRowDeleted": {
			`DELETE FROM workflow_transitions WHERE workflow_id = {flow} AND version = 0`, journal + "1", "version 0 is missing",
		},
		"TheLastRowDeleted": {
			`DELETE FROM workflow_transitions WHERE workflow_id = {flow} AND version = 3`,
			"intent_workflows wf_{flow}", "ends with ICP_PROCESSING at 2",
		},
		"TheJournalDeleted": {
			`DELETE FROM workflow_transitions WHERE workflow_id = {flow}`, "intent_workflows wf_{flow}", "no journal",
		},
		"TheWorkflowDeleted": {
			`DELETE FROM intent_workflows WHERE id = {flow}`, "intent_workflows wf_{flow}", "not there",
		},
		"TheStateChanged": {
			`UPDATE intent_workflows SET state = 'COMPLETED' WHERE id = {flow}`, "intent_workflows wf_{flow}", "COMPLETED",
		},
		"TheVersionChanged": {
			`UPDATE intent_workflows SET version = 9 WHERE id = {flow}`, "intent_workflows wf_{flow}", "version 9",
		},
		"TheGraphChanged": {
			`UPDATE intent_workflows SET graph_version = 2 WHERE id = {flow}`, "intent_workflows wf_{flow}", "",
		},
		"AnEdgeThatIsNone": {
			`UPDATE workflow_transitions SET to_state = 'PUBLISH_COMPLETED' WHERE workflow_id = {flow} AND version = 3` +
				rehashTransition + followTransition, journal + "3", "no edge",
		},
		"ALieAboutTheStateBefore": {
			`UPDATE workflow_transitions SET from_state = 'ICP_PENDING' WHERE workflow_id = {flow} AND version = 3` +
				rehashTransition + followTransition, journal + "3", "it leaves ICP_PENDING",
		},
		"ABeginningElsewhere": {
			`UPDATE workflow_transitions SET to_state = 'PUBLISH_PENDING' WHERE workflow_id = {flow} AND version = 0` +
				rehashTransition, journal + "0", "begins with CREATED",
		},
		"AnEdgeAdded": {
			`INSERT INTO legal_transitions VALUES (1, 'COMPLETED', 'CREATED', 'RESET')`, "legal_transitions", "not in the graph",
		},
		"AnEdgeRemoved": {
			`DELETE FROM legal_transitions WHERE from_state = 'CREATED' AND kind = 'CANCEL'`, "legal_transitions", "is missing",
		},

		"AnAmountEdited": {
			`UPDATE ai_usage_ledger SET settled_delta = 1 WHERE account_id = {flow} AND sequence = 4`,
			ledger + "4", "hash of its content",
		},
		"AnAmountEditedAndTheHashMadeGood": {
			`UPDATE ai_usage_ledger SET settled_delta = 1 WHERE account_id = {flow} AND sequence = 4` + rehashEntry,
			ledger + "4", "the balance after entry 4",
		},
		"ABalanceAndItsHashMadeGood": {
			`UPDATE ai_usage_ledger SET settled_delta = 1, settled_after = settled_before + 1
				WHERE account_id = {flow} AND sequence = 4` + rehashEntry + followEntry,
			"ai_calls call_{settled}", "settled 0.000000000001",
		},
		"AnEntryDeleted": {
			`DELETE FROM ai_usage_ledger WHERE account_id = {flow} AND sequence = 2`, ledger + "3", "entry 2 is missing",
		},
		"TheLastEntryDeleted": {
			`DELETE FROM ai_usage_ledger WHERE account_id = {flow} AND sequence = 4`,
			"usage_accounts {flow}", "its last entry, 3",
		},
		"TheLedgerDeleted": {
			`DELETE FROM ai_usage_ledger WHERE account_id = {flow}`, "usage_accounts {flow}", "no journal",
		},
		"ABalanceChanged": {
			`UPDATE usage_accounts SET settled_pico = 0 WHERE id = {flow}`, "usage_accounts {flow}", "its last entry, 4",
		},
		"AStopLifted": {
			`UPDATE usage_accounts SET stopped = NOT stopped WHERE id = {flow}`, "usage_accounts {flow}", "its last entry, 4",
		},
		"AHoldBeyondTheLimit": {
			`UPDATE ai_usage_ledger SET limit_delta = 15000000000, limit_after = 15000000000
				WHERE account_id = {flow} AND sequence = 0;
			UPDATE ai_usage_ledger SET limit_before = 15000000000, limit_after = 15000000000
				WHERE account_id = {flow} AND sequence > 0` + rechained, ledger + "2", "where 0.005 remain",
		},

		"ACallSettledInSilence": {
			`UPDATE ai_calls SET state = 'SETTLED', cost_pico = 1, ended_at = now(), check_at = NULL
				WHERE id = {open}`,
			"ai_calls call_{open}", "it is SETTLED",
		},
		"ACallReopened": {
			`UPDATE ai_calls SET state = 'UNKNOWN', cost_pico = NULL, ended_at = NULL, check_at = now()
				WHERE id = {settled}`,
			"ai_calls call_{settled}", "it is UNKNOWN",
		},
		"ACostChanged": {
			`UPDATE ai_calls SET cost_pico = 0 WHERE id = {settled}`, "ai_calls call_{settled}", "SETTLE",
		},
		"AnOutcomeExchanged": {
			`UPDATE ai_calls SET state = 'RELEASED', cost_pico = NULL WHERE id = {settled}`,
			"ai_calls call_{settled}", "RELEASED",
		},
		"AHoldChanged": {
			`UPDATE ai_calls SET hold_pico = 1 WHERE id = {open}`, "ai_calls call_{open}", "holds 0.000000000001",
		},
		"AnOverageHidden": {
			`UPDATE ai_calls SET overage = true WHERE id = {settled}`, "ai_calls call_{settled}", "SETTLE",
		},
		"ACallDeleted": {`DELETE FROM ai_calls WHERE id = {open}`, "ai_calls call_{open}", "not there"},
		"ACallAdded": {
			`INSERT INTO ai_calls (organization_id, id, workflow_id, month_id, step, state, models, prompt_bytes,
				max_completion_tokens, web_searches, hold_pico, actor, reserved_at, check_at)
				SELECT organization_id, '11111111-1111-1111-1111-111111111111', workflow_id, month_id, step, 'RESERVED', models,
				0, 0, 0, hold_pico, actor, reserved_at, check_at FROM ai_calls WHERE id = {open}`,
			"ai_calls call_11111111-1111-1111-1111-111111111111", "says nothing",
		},
		"ACallChargedElsewhere": {
			`UPDATE ai_calls SET month_id = gen_random_uuid() WHERE id = {open}`, "ai_calls call_{open}", "does not pay for it",
		},
		"AnAdjustmentOfOneAccountOnly": {
			`UPDATE ai_usage_ledger SET kind = 'ADJUST' WHERE account_id = {flow} AND sequence = 4` + rehashEntry + followEntry,
			"ai_calls call_{settled}", "says RESERVE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := testengine.New(t), context.Background()
			flow := b.Flow(t, workflow.ICPPending)
			run := b.Take(t, flow.ID, "worker:1")
			settled, open := b.Call(t, run, cent), b.Call(t, run, cent)
			b.Reserve(t, flow, cent)
			billed := cent / 2
			if _, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
				Run:    run,
				Result: engine.Result{Content: []byte(`{}`), Provider: "sandbox", Model: "m"},
				Settle: &engine.SettleInput{CallID: settled.ID, Model: "m", Cost: &billed},
			}); err != nil {
				t.Fatal(err)
			}
			b.Reserve(t, b.Flow(t, workflow.Created), cent) // Others are in order.
			b.Sound(t)

			ids := []string{"{flow}", flow.ID.String(), "{settled}", settled.ID.String(), "{open}", open.ID.String()}
			names := strings.NewReplacer(ids...)
			for i := 1; i < len(ids); i += 2 {
				ids[i] = "'" + ids[i] + "'"
			}
			values := strings.NewReplacer(ids...)
			if _, err := b.DB.Super.Exec(ctx, unguarded); err != nil {
				t.Fatal(err)
			}
			if _, err := b.DB.Super.Exec(ctx, "SET session_replication_role = replica;"+values.Replace(c.sql)); err != nil {
				t.Fatal(err)
			}
			findings, err := b.Verify(t)
			if err != nil {
				t.Fatal(err)
			}
			splits(t, b.DB, findings)
			row := names.Replace(c.row)
			if !slices.ContainsFunc(findings, func(f audit.Finding) bool {
				return f.Row == row && strings.Contains(f.String(), c.what)
			}) {
				t.Errorf("got %v, want %s: …%s…", findings, row, c.what)
			}
		})
	}
}
