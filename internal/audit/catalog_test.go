package audit_test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/testdb"
)

var update = flag.Bool("update", false, "rewrite catalog.txt after a new migration; read the difference")

func TestCatalog(t *testing.T) {
	t.Parallel()
	t.Run("IsThatOfAFreshDatabase", func(t *testing.T) {
		t.Parallel()
		lines, err := testdb.New(t).Books().Catalog(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(lines, "\n") + "\n"
		if *update {
			if err := os.WriteFile("catalog.txt", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		want, err := os.ReadFile("catalog.txt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("the migrations make another catalog; go test ./internal/audit -run TestCatalog -update writes it "+
				"(-want +got):\n%s", diff)
		}
	})
	t.Run("IsReadByTheServersRole", func(t *testing.T) {
		t.Parallel()
		db := testdb.New(t)
		mine, err := db.Store().Catalog(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		owners, err := db.Books().Catalog(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(owners, mine); diff != "" {
			t.Errorf("the server's role reads another catalog (-owner +server):\n%s", diff)
		}
	})
}

// weakenings are what an owner or a superuser can do to the guards, and the object that is named for it. Those that
// undo no guard let a server start.
var weakenings = map[string]struct {
	sql, object string
	starts      bool
}{
	"ForeignKeyDropped": {
		sql:    `ALTER TABLE intent_workflows DROP CONSTRAINT intent_workflows_state_is_last_transition`,
		object: "constraint intent_workflows.intent_workflows_state_is_last_transition is missing",
	},
	"ForeignKeyNotValidated": {
		sql: `ALTER TABLE ai_calls DROP CONSTRAINT ai_calls_workflow, ADD CONSTRAINT ai_calls_workflow
			FOREIGN KEY (organization_id, workflow_id) REFERENCES intent_workflows (organization_id, id) NOT VALID`,
		object: "constraint ai_calls.ai_calls_workflow is … id) NOT VALID",
	},
	"ForeignKeyTriggersOff": {
		sql:    `ALTER TABLE usage_accounts DISABLE TRIGGER ALL`,
		object: "constraint usage_accounts.usage_accounts_balance_is_last_entry is … hash) with triggers off",
	},
	"CheckDropped": {
		sql:    `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`,
		object: "constraint ai_usage_ledger.ai_usage_ledger_cap is missing",
	},
	"CheckWeakened": {
		sql: `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap,
			ADD CONSTRAINT ai_usage_ledger_cap CHECK (true)`,
		object: "constraint ai_usage_ledger.ai_usage_ledger_cap is … (true)",
	},
	"DomainCheckDropped": {
		sql:    `ALTER DOMAIN amount_pico DROP CONSTRAINT amount_pico_not_negative`,
		object: "constraint amount_pico.amount_pico_not_negative is missing",
	},
	"UniqueDropped": {
		sql:    `ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_one_hold_one_outcome CASCADE`,
		object: "constraint ai_usage_ledger.ai_usage_ledger_one_hold_one_outcome is missing",
	},
	"UniqueIndexDropped": {
		sql:    `DROP INDEX ai_calls_generation_once`,
		object: "index ai_calls_generation_once is missing",
	},
	"NotNullDropped": {
		sql:    `ALTER TABLE ai_calls ALTER COLUMN actor DROP NOT NULL`,
		object: "column ai_calls.actor is",
	},
	"ColumnAdded": {
		sql:    `ALTER TABLE ai_calls ADD COLUMN note text`,
		object: "column ai_calls.note is not of the migrations",
		starts: true,
	},
	"GeneratedColumnMadeOrdinary": {
		sql:    `ALTER TABLE ai_calls ALTER COLUMN outcome_event DROP EXPRESSION`,
		object: "column ai_calls.outcome_event is",
	},
	"TriggerDropped": {
		sql:    `DROP TRIGGER ai_calls_only_move_forward ON ai_calls`,
		object: "trigger ai_calls.ai_calls_only_move_forward is missing",
	},
	"TriggerDisabled": {
		sql:    `ALTER TABLE workflow_transitions DISABLE TRIGGER workflow_transitions_only_grow`,
		object: "trigger workflow_transitions.workflow_transitions_only_grow is … DISABLED",
	},
	"TriggerNotAlways": {
		sql:    `ALTER TABLE workflow_transitions ENABLE TRIGGER workflow_transitions_only_grow`,
		object: "trigger workflow_transitions.workflow_transitions_only_grow is … public.refuse_change(), and",
	},
	"TriggerAdded": {
		sql: `CREATE FUNCTION lie() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.hold_pico := 0; RETURN NEW; END';
			CREATE TRIGGER liar BEFORE INSERT ON ai_calls FOR EACH ROW EXECUTE FUNCTION lie()`,
		object: "trigger ai_calls.liar is not of the migrations",
	},
	"RuleAdded": {
		sql:    `CREATE RULE swallow AS ON INSERT TO alerts DO INSTEAD NOTHING`,
		object: "rule alerts.swallow is not of the migrations",
	},
	"FunctionReplaced": {
		sql: `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN RETURN NEW; END'`,
		object: "function refuse_change() is … AS $function$BEGIN RETURN NEW",
	},
	"FunctionOverloaded": {
		sql:    `CREATE FUNCTION netstring(field varchar) RETURNS text LANGUAGE sql IMMUTABLE RETURN ''`,
		object: "function netstring(field character varying) is not of the migrations", starts: true,
	},
	"SearchPathOfFunction": {
		sql:    `ALTER FUNCTION check_entry_reached() RESET search_path`,
		object: "function check_entry_reached() is … AS",
	},
	"RowSecurityOff": {
		sql: `ALTER TABLE ai_calls DISABLE ROW LEVEL SECURITY`, object: "table ai_calls is",
	},
	"PolicyDropped": {
		sql:    `DROP POLICY ai_calls_of_the_named ON ai_calls`,
		object: "policy ai_calls.ai_calls_of_the_named is missing",
	},
	"PolicyWidened": {
		sql:    `ALTER POLICY ai_calls_of_the_named ON ai_calls USING (true)`,
		object: "policy ai_calls.ai_calls_of_the_named is … true",
	},
	"PolicyAdded": {
		sql:    `CREATE POLICY all_of_it ON ai_calls TO infin8_app USING (true)`,
		object: "policy ai_calls.all_of_it is not of the migrations",
	},
	"RightGranted": {
		sql:    `GRANT DELETE ON ai_calls TO infin8_app`,
		object: "right to table ai_calls of infin8_app is DELETE",
	},
	"RightOfColumnGranted": {
		sql:    `GRANT UPDATE (hold_pico) ON ai_calls TO infin8_app`,
		object: "right to column ai_calls.hold_pico of infin8_app is not of the migrations",
	},
	"RightOfEverybody": {
		sql: `GRANT SELECT ON ai_calls TO PUBLIC`, object: "right to table ai_calls of PUBLIC is not of the migrations",
	},
	"RightToCreate": {
		sql:    `GRANT CREATE ON SCHEMA public TO infin8_app`,
		object: "right to schema public of infin8_app is CREATE",
	},
	"RightRevoked": {
		sql:    `REVOKE INSERT ON alerts FROM infin8_app`,
		object: "right to table alerts of infin8_app is SELECT",
	},
	"OwnerChanged": {
		sql: `ALTER TABLE ai_calls OWNER TO infin8_sweeper`, object: "table ai_calls is … security of infin8_sweeper",
	},
	"TableInherited": {
		sql:    `CREATE TABLE shadow () INHERITS (alerts)`,
		object: "table public.shadow inherits is not of the migrations",
	},
	"TableDropped": {sql: `DROP TABLE operator_alerts`, object: "table operator_alerts is missing"},
	"TableOfTheOperator": {
		sql: `CREATE TABLE notes (id integer PRIMARY KEY)`, object: "table notes is not of the migrations", starts: true,
	},
	"DefaultChanged": {
		sql:    `ALTER TABLE ai_calls ALTER COLUMN recorded SET DEFAULT true`,
		object: "column ai_calls.recorded is … true, and the migrations make it … false",
	},
}

func TestVerify_NamesWeakenedGuards(t *testing.T) {
	t.Parallel()
	for name, c := range weakenings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, ctx := testdb.New(t), context.Background()
			if err := audit.CheckGuards(ctx, db.Store()); err != nil {
				t.Fatalf("before: %v", err)
			}
			if _, err := db.Super.Exec(ctx, c.sql); err != nil {
				t.Fatal(err)
			}
			findings, err := audit.New(db.Books(), testdb.Now).Verify(ctx)
			if err != nil {
				t.Fatal(err)
			}
			named := false
			for _, f := range findings {
				named = named || f.Row == "catalog" && strings.HasPrefix(f.What, c.object)
			}
			if !named {
				t.Errorf("got %v, want %q", findings, c.object)
			}
			if err := audit.CheckGuards(ctx, db.Store()); (err == nil) != c.starts {
				t.Errorf("the start: got %v, want it refused: %t", err, !c.starts)
			}
		})
	}
}
