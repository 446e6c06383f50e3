package audit_test

import (
	"context"
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

// forced runs statements as a superuser who switches every trigger off and on again: the catalog keeps no trace of the
// statements.
const forced = `
DO $$ DECLARE g record; BEGIN
	FOR g IN SELECT tgrelid::regclass AS t, quote_ident(tgname) AS n FROM pg_trigger AS g
		WHERE NOT tgisinternal AND tgrelid::regclass::text NOT LIKE 'river.%' LOOP
		EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %s', g.t, g.n);
	END LOOP;
END $$;
SET LOCAL session_replication_role = replica;
{sql};
SET LOCAL session_replication_role = origin;
DO $$ DECLARE g record; BEGIN
	FOR g IN SELECT tgrelid::regclass AS t, quote_ident(tgname) AS n FROM pg_trigger AS g
		WHERE NOT tgisinternal AND tgrelid::regclass::text NOT LIKE 'river.%' LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %s', g.t, g.n);
	END LOOP;
END $$;`

// forgeries are what a superuser can write without leaving a trace in the catalog, and what the row is named for.
var forgeries = map[string]struct{ sql, row, what string }{
	"ProcessingWithoutARun": {
		`DELETE FROM workflow_runs WHERE workflow_id = {running}`, "intent_workflows wf_{running}", "no open run",
	},
	"OpenRunOfAFinishedStep": {
		`UPDATE workflow_runs SET ended_version = NULL, ended_at = NULL WHERE workflow_id = {flow}`,
		"workflow_runs wf_{flow} token 2", "it is open",
	},
	"RunOfAnotherTime": {
		`UPDATE workflow_runs SET started_at = started_at - interval '1 hour' WHERE workflow_id = {flow}`,
		"workflow_runs wf_{flow} token 2", "does not begin",
	},
	"RunEndsAtAnotherTime": {
		`UPDATE workflow_runs SET ended_at = ended_at + interval '1 hour' WHERE workflow_id = {flow}`,
		"workflow_runs wf_{flow} token 2", "does not end",
	},
	"RunThatHasNotFailed": {
		`UPDATE workflow_runs SET failure_code = 'TIMEOUT' WHERE workflow_id = {flow}`,
		"workflow_runs wf_{flow} token 2", "does not end",
	},
	"WorkflowWithoutAnAccount": {
		`DELETE FROM ai_usage_ledger WHERE account_id = {other}; DELETE FROM usage_accounts WHERE id = {other}`,
		"intent_workflows wf_{other}", "no account",
	},
	"WorkflowOfAnotherPerson": {
		`UPDATE intent_workflows SET created_by = 'mallory' WHERE id = {flow}`,
		"intent_workflows wf_{flow}", "created by mallory",
	},
	"WorkflowOfAnotherTime": {
		`UPDATE intent_workflows SET updated_at = updated_at + interval '1 hour' WHERE id = {flow}`,
		"intent_workflows wf_{flow}", "says that it changed",
	},
	"ResultOfAFailedRun": {
		`INSERT INTO step_results SELECT organization_id, workflow_id, 1, step, content, provider, model, created_at
			FROM step_results WHERE workflow_id = {flow}`,
		"step_results wf_{flow} token 1", "has not ended",
	},
	"ReferenceToNothing": {
		`DELETE FROM workflow_runs WHERE workflow_id = {flow}`, "step_results {org} {flow} 2", "step_results_run",
	},
	"OrganizationWithoutChanges": {
		`DELETE FROM organization_changes WHERE organization_id = {org}`, "organization_changes org_{org}", "0 changes",
	},
	"SettingsChanged": {
		`UPDATE organizations SET workflow_limit_pico = 1 WHERE id = {org}`, "organizations org_{org}", "last change",
	},
	"SettingsAndJournalChanged": {
		`UPDATE organizations SET month_limit_pico = 1 WHERE id = {org};
			UPDATE organization_changes SET month_limit_pico = 1 WHERE organization_id = {org}`,
		"organizations org_{org}", "the last month",
	},
	"WebhookChanged": {
		`UPDATE organizations SET webhook_version = 1, webhook_url = 'https://mallory.example' WHERE id = {org}`,
		"organizations org_{org}", "webhook",
	},
	"KeyOfAnotherPerson": {
		`UPDATE api_keys SET created_by = 'mallory' WHERE id = {key}`, "api_keys key_{key}", "created by mallory",
	},
	"KeyAdded": {
		`INSERT INTO api_keys (organization_id, id, name, role, prefix, digest, expires_at, created_by, created_at,
			created_version) SELECT organization_id, '11111111-1111-1111-1111-111111111111', 'x', 'ADMIN', '12345678', digest,
			expires_at, created_by, created_at, created_version FROM api_keys WHERE id = {key}`,
		"api_keys key_11111111-1111-1111-1111-111111111111", "says otherwise",
	},
	"KeyRevivedAgain": {
		`UPDATE api_keys SET revoked_version = NULL, revoked_by = NULL, revoked_at = NULL WHERE id = {revoked}`,
		"api_keys key_{revoked}", "it is not",
	},
	"KeyRevokedInSilence": {
		`UPDATE api_keys SET revoked_version = 0, revoked_by = 'mallory', revoked_at = now() WHERE id = {key}`,
		"api_keys key_{key}", "no change says so",
	},
	"PriceChanged": {
		`UPDATE model_prices SET unit_pico = 1 WHERE model = 'openai/gpt-4o-mini' AND component = 'PROMPT'`,
		"ai_calls call_{estimated}", "its models and its size give",
	},
	"PriceEndedWithoutANewOne": {
		`UPDATE model_prices SET valid_to = '2021-01-01' WHERE model = 'perplexity/sonar' AND component = 'WEB_SEARCH'`,
		"model_prices perplexity/sonar WEB_SEARCH from 2020-01-01 00:00:00+00", "no other price",
	},
	"MonthLonger": {
		`UPDATE usage_accounts SET period_end = period_end + interval '2 days' WHERE period_start IS NOT NULL`,
		"usage_accounts {month}", "the month is from",
	},
	"MonthInAnotherZone": {
		`UPDATE usage_accounts SET time_zone = 'Asia/Tokyo' WHERE period_start IS NOT NULL`,
		"usage_accounts {month}", "in Asia/Tokyo",
	},
	"CallOfAMonthOfTheSixties": {
		`UPDATE ai_calls SET reserved_at = reserved_at - interval '60 years', admitted_on = admitted_on - interval '60 years'
			WHERE id = {open}`,
		"ai_calls call_{open}", "its month is",
	},
	"CallOfAnotherDay": {
		`UPDATE ai_calls SET admitted_on = admitted_on - 1 WHERE id = {open}`, "ai_calls call_{open}", "counts for the day",
	},
	"CallOfAnotherPerson": {
		`UPDATE ai_calls SET actor = 'mallory' WHERE id = {settled}`, "ai_calls call_{settled}", "mallory has made it",
	},
	"CallEndedLater": {
		`UPDATE ai_calls SET ended_at = ended_at + interval '1 second' WHERE id = {settled}`,
		"ai_calls call_{settled}", "did not end",
	},
	"CallOfAnotherModel": {
		`UPDATE ai_calls SET models = '{perplexity/sonar}' WHERE id = {estimated}`,
		"ai_calls call_{estimated}", "its models and its size give",
	},
	"CallOfAnotherSize": {
		`UPDATE ai_calls SET prompt_bytes = prompt_bytes + 1 WHERE id = {estimated}`,
		"ai_calls call_{estimated}", "its models and its size give",
	},
	"AnsweredByAnotherModel": {
		`UPDATE ai_calls SET answered_model = 'perplexity/sonar' WHERE id = {estimated}`,
		"ai_calls call_{estimated}", "the price table gives",
	},
	"TokensChanged": {
		`UPDATE ai_calls SET prompt_tokens = prompt_tokens + 1 WHERE id = {estimated}`,
		"ai_calls call_{estimated}", "the price table gives",
	},
	"FailureHidden": {
		`UPDATE ai_calls SET failure_code = 'TIMEOUT' WHERE id = {estimated}`,
		"ai_calls call_{estimated}", "its failure is",
	},
	"RepetitionOfNothing": {
		`UPDATE ai_calls SET generation_repeated = true, generation_id = 'gen-9' WHERE id = {settled}`,
		"ai_calls call_{settled}", "it repeats generation gen-9",
	},
}

func TestVerify_NamesForgeries(t *testing.T) {
	t.Parallel()
	for name, c := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := testengine.New(t), context.Background()
			names, values := forgeable(t, b)
			sql := strings.ReplaceAll(forced, "{sql}", values.Replace(c.sql))
			if _, err := b.DB.Super.Exec(ctx, "BEGIN;"+sql+";COMMIT"); err != nil {
				t.Fatal(err)
			}
			findings, err := b.Verify(t)
			if err != nil {
				t.Fatal(err)
			}
			row := names.Replace(c.row)
			splits(t, b.DB, findings)
			if !slices.ContainsFunc(findings, func(f audit.Finding) bool {
				return f.Row == row && strings.Contains(f.What, c.what)
			}) {
				t.Errorf("got %v, want %s: …%s…", findings, row, c.what)
			}
		})
	}
}

// forgeable makes rows of every kind and returns their names: bare for findings, and in quotes for SQL.
func forgeable(t *testing.T, b testengine.Fixture) (names, values *strings.Replacer) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	settled, open := b.Call(t, run, cent), b.Call(t, run, cent)
	billed := cent / 2
	_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
		Run:    run,
		Result: engine.Result{Token: run.Token, Step: run.Step, Content: []byte(`{}`), Provider: "sandbox", Model: "m"},
		Settle: &engine.SettleInput{CallID: settled.ID, Model: "m", Cost: &billed},
	})
	must(err)
	running := b.Flow(t, workflow.ICPPending)
	b.Take(t, running.ID, "worker:2")
	other := b.Flow(t, workflow.Created)
	estimated, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Estimate: &cost.Estimate{
		Models: []string{"openai/gpt-4o-mini"}, PromptBytes: 1000, MaxCompletionTokens: 100,
	}})
	must(err)
	_, err = b.Engine.Settle(ctx, b.Who, engine.SettleInput{
		CallID: estimated.Call.ID, Model: "openai/gpt-4o-mini", Usage: cost.Usage{PromptTokens: 200, CompletionTokens: 50},
	})
	must(err)
	key, err := b.Engine.CreateAPIKey(ctx, b.Who, engine.CreateAPIKeyInput{
		Name: "kept", Role: "VIEWER", ExpiresAt: testdb.Now().AddDate(0, 1, 0),
	})
	must(err)
	revoked, err := b.Engine.CreateAPIKey(ctx, b.Who, engine.CreateAPIKeyInput{
		Name: "revoked", Role: "VIEWER", ExpiresAt: testdb.Now().AddDate(0, 1, 0),
	})
	must(err)
	_, err = b.Engine.RevokeAPIKey(ctx, b.Who, engine.RevokeAPIKeyInput{KeyID: revoked.Key.ID})
	must(err)
	_, err = b.Engine.SetWorkflowLimit(ctx, b.Who, engine.SetWorkflowLimitInput{
		WorkflowID: flow.ID, Limit: cost.Limit(2 * cost.Dollar), IdempotencyKey: "limit",
	})
	must(err)
	organization, err := b.Engine.Organization(ctx, b.Who)
	must(err)
	b.Sound(t)
	ids := []string{
		"{flow}", flow.ID.String(), "{settled}", settled.ID.String(), "{open}", open.ID.String(),
		"{running}", running.ID.String(), "{other}", other.ID.String(), "{org}", b.Who.OrganizationID.String(),
		"{estimated}", estimated.Call.ID.String(), "{key}", key.Key.ID.String(), "{revoked}", revoked.Key.ID.String(),
		"{month}", organization.Month.ID.String(),
	}
	quoted := slices.Clone(ids)
	for i := 1; i < len(quoted); i += 2 {
		quoted[i] = "'" + quoted[i] + "'"
	}
	return strings.NewReplacer(ids...), strings.NewReplacer(quoted...)
}
