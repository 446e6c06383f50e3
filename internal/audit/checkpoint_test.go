package audit_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// kept is a checkpoint as an outsider keeps it.
type kept struct {
	signed, heads []byte
	verifier      note.Verifier
}

func anchor(t *testing.T, b testengine.Fixture) kept {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, "example.com/infin8")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	var heads bytes.Buffer
	signed, findings, err := auditor(b).Checkpoint(context.Background(), signer, &heads)
	if err != nil {
		t.Fatalf("checkpoint: %v, %v", findings, err)
	}
	return kept{signed, heads.Bytes(), verifier}
}

// auditor audits the test's database, its catalog too.
func auditor(b testengine.Fixture) *audit.Auditor {
	return audit.New(b.DB.Books(), testdb.Now)
}

func (k kept) against(t *testing.T, b testengine.Fixture) []audit.Finding {
	t.Helper()
	findings, err := auditor(b).Against(context.Background(), k.signed, k.verifier, bytes.NewReader(k.heads))
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// onRealTime gives the database's clock back to the rules, so that the catalog is as the migrations make it.
func onRealTime(t *testing.T, b testengine.Fixture) {
	t.Helper()
	_, err := b.DB.Owner.Exec(context.Background(), `CREATE OR REPLACE FUNCTION near_clock(at timestamptz) RETURNS boolean
		LANGUAGE sql VOLATILE PARALLEL SAFE
		RETURN at >= clock_timestamp() - '00:05:00'::interval AND at <= clock_timestamp() + '00:05:00'::interval`)
	if err != nil {
		t.Fatal(err)
	}
}

// derive writes workflow_names and workflow_counts anew from the workflows.
const derive = `; DELETE FROM workflow_names; DELETE FROM workflow_counts;
	INSERT INTO workflow_names SELECT organization_id, id, name FROM intent_workflows; `

// rewrites are changes that leave journals and tables in agreement, and the row that a checkpoint names.
var rewrites = map[string]struct{ sql, row, what string }{
	"JournalCut": {
		`DELETE FROM workflow_runs WHERE workflow_id = {running};
		DELETE FROM workflow_transitions WHERE workflow_id = {running} AND version = 2;
		UPDATE intent_workflows AS w SET version = 1, state = t.to_state, hash = t.hash, previous_hash = t.previous_hash,
			updated_at = t.occurred_at FROM workflow_transitions AS t
			WHERE t.workflow_id = w.id AND t.version = 1 AND w.id = {running}`,
		"transition {org} {running}", "its end was cut: it went to row 3",
	},
	"JournalCutAndGrownAgain": {
		`WITH t AS (
			UPDATE workflow_transitions SET reason = 'another', hash = transition_hash(previous_hash, organization_id,
				workflow_id, version, graph_version, kind, from_state, to_state, actor, 'another', occurred_at)
			WHERE workflow_id = {running} AND version = 2 RETURNING *
		), r AS (UPDATE workflow_runs AS r SET hash = t.hash FROM t WHERE r.workflow_id = t.workflow_id)
		UPDATE intent_workflows AS w SET hash = t.hash FROM t WHERE w.id = t.workflow_id`,
		"transition {org} {running}", "row 3 has another hash",
	},
	"WorkflowGone": {
		`DELETE FROM ai_usage_ledger WHERE account_id = {other}; DELETE FROM usage_accounts WHERE id = {other};
		DELETE FROM workflow_transitions WHERE workflow_id = {other};
		DELETE FROM intent_workflows WHERE id = {other}`,
		"transition {org} {other}", "it is gone",
	},
	"AccountGone": {
		`DELETE FROM ai_usage_ledger WHERE account_id = {other}; DELETE FROM usage_accounts WHERE id = {other};
		DELETE FROM workflow_transitions WHERE workflow_id = {other};
		DELETE FROM intent_workflows WHERE id = {other}`,
		"account {org} {other}", "it is gone",
	},
	"WorkflowRenamed": {
		`UPDATE intent_workflows SET name = 'x' WHERE id = {other}`, "workflow {org} {other}", "has changed",
	},
	"ResultChanged": {
		`UPDATE step_results SET content = '{"a": 1}' WHERE workflow_id = {flow}`, "result {org} {flow}", "has changed",
	},
	"SettingsOfAnotherPerson": {
		`UPDATE organization_changes SET reason = 'x' WHERE organization_id = {org} AND version = 1`,
		"settings {org}", "has changed",
	},
	"KeyOfAnotherRole": {`UPDATE api_keys SET role = 'ADMIN' WHERE id = {key}`, "key {org} {key}", "has changed"},
	"CallOfAnotherProvider": {
		`UPDATE ai_calls SET provider = 'another' WHERE id = {settled}`, "call {org} {settled}", "has changed",
	},
	"RequestGone": {
		`DELETE FROM idempotency_keys`, `request {org} "limit"`, "it is gone",
	},
	"SourceOfAPriceChanged": {
		`UPDATE model_prices SET source = 'x' WHERE model = 'perplexity/sonar' AND component = 'PROMPT'`,
		`price 00000000-0000-0000-0000-000000000000 "perplexity/sonar" PROMPT 0 "2020-01-01T00:00:00+00:00"`, "has changed",
	},
}

func TestAgainst(t *testing.T) {
	t.Parallel()
	t.Run("IsSilentWhenTheJournalsHaveGoneOn", func(t *testing.T) {
		t.Parallel()
		b := testengine.New(t)
		forgeable(t, b)
		onRealTime(t, b)
		k := anchor(t, b)
		if findings := k.against(t, b); len(findings) > 0 {
			t.Errorf("at once: got %v, want nothing", findings)
		}
		forgeable(t, testengine.Fixture{DB: b.DB, Engine: b.Engine, Clock: b.Clock, Jobs: b.Jobs, Who: b.Stranger(t)})
		b.Take(t, b.Flow(t, workflow.ICPPending).ID, "worker:3")
		if findings := k.against(t, b); len(findings) > 0 {
			t.Errorf("later: got %v, want nothing", findings)
		}
		if n := len(k.signed); n > 500 {
			t.Errorf("the note has %d bytes, want a small text", n)
		}
	})
	for name, c := range rewrites {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := testengine.New(t), context.Background()
			names, values := forgeable(t, b)
			onRealTime(t, b)
			k := anchor(t, b)
			sql := strings.ReplaceAll(forced, "{sql}", values.Replace(c.sql)+derive+testdb.WorkflowCountsBackfill(t))
			if _, err := b.DB.Super.Exec(ctx, "BEGIN;"+sql+";COMMIT"); err != nil {
				t.Fatal(err)
			}
			row, found := names.Replace(c.row), false
			findings := k.against(t, b)
			for _, f := range findings {
				found = found || f.Row == row && strings.Contains(f.What, c.what)
			}
			if !found {
				t.Errorf("got %v, want %s: …%s…", findings, row, c.what)
			}
			alone, err := auditor(b).Verify(ctx)
			for _, f := range alone {
				if f.Row != "catalog" { // forced leaves triggers ALWAYS that were not.
					t.Errorf("without the checkpoint: got %v, %v, want nothing, or the checkpoint proves little", f, err)
				}
			}
		})
	}
	t.Run("RefusesWhatWasNotSigned", func(t *testing.T) {
		t.Parallel()
		b, ctx := testengine.New(t), context.Background()
		forgeable(t, b)
		onRealTime(t, b)
		k, other := anchor(t, b), anchor(t, b)
		edited := func(text []byte, from, to string) []byte {
			changed := bytes.Replace(text, []byte(from), []byte(to), 1)
			if bytes.Equal(changed, text) {
				t.Fatalf("%q is not in the text", from)
			}
			return changed
		}
		first, rest, _ := bytes.Cut(k.heads, []byte("\n"))
		for name, c := range map[string]kept{
			"AnotherTime":     {edited(k.signed, "time 2", "time 3"), k.heads, k.verifier},
			"AnotherKey":      {k.signed, k.heads, other.verifier},
			"ALineFewer":      {k.signed, rest, k.verifier},
			"ALineTwice":      {k.signed, append(append(first, '\n'), k.heads...), k.verifier},
			"AnotherHash":     {k.signed, edited(k.heads, "account 1 ", "account 2 "), k.verifier},
			"NoHeads":         {k.signed, nil, k.verifier},
			"NoNote":          {nil, k.heads, k.verifier},
			"ANoteOfAnything": {[]byte("x\n\n— y\n"), k.heads, k.verifier},
		} {
			_, err := auditor(b).Against(ctx, c.signed, c.verifier, bytes.NewReader(c.heads))
			if err == nil {
				t.Errorf("%s: got nil, want it refused", name)
			}
		}
	})
}

// derived are tables that only grow, with the reason why a checkpoint need not cover them.
var derived = map[string]string{
	"alerts":                "verify computes them from the ledger",
	"model_price_proposals": "a decision changes them, and verify compares it with the price",
	"operator_alerts":       "they repeat what a price list or a provider said",
	"legal_transitions":     "they are the program's",
	"legal_unit_moves":      "they are the program's",
	"workflow_graphs":       "they are the program's",
	"step_visits":           "each repeats its transition, by foreign key",
	"workflow_names":        "they repeat the names of the workflows, for the search",

	"legal_publication_moves": "they are the program's",
}

func TestCheckpoint_CoversEveryTableThatOnlyGrows(t *testing.T) {
	t.Parallel()
	rows, err := testdb.New(t).Super.Query(context.Background(), `SELECT tgrelid::regclass::text FROM pg_trigger
		WHERE tgname ~ '_only_grows?$' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("got %v, %v, want the tables that only grow", tables, err)
	}
	for _, table := range append(tables, "intent_workflows", "ai_calls", "idempotency_keys") {
		covered := slices.ContainsFunc(postgres.ChainKinds(), func(k postgres.ChainKind) bool { return k.Covers(table) })
		if covered == (derived[table] != "") {
			t.Errorf("%s: a checkpoint covers it: %t", table, covered)
		}
	}
}

func TestCheckpoint_IsRefusedToADatabaseWithFindings(t *testing.T) {
	t.Parallel()
	b, ctx := testengine.New(t), context.Background() // Its clock is a finding.
	secret, _, err := note.GenerateKey(rand.Reader, "example.com/infin8")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	signed, findings, err := auditor(b).Checkpoint(ctx, signer, &bytes.Buffer{})
	if !errors.Is(err, audit.ErrUnsound) || signed != nil || !strings.Contains(fmt.Sprint(findings), "near_clock") {
		t.Errorf("got %q, %v, %v, want the findings alone", signed, findings, err)
	}
}
