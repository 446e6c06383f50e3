package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestVerify_NamesTheRowThatWasChangedBehindTheConstraints(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		table, constraint, change, want string
	}{
		"a journal row": {
			"workflow_transitions", "workflow_transitions_hash",
			`UPDATE workflow_transitions SET reason = 'forged' WHERE version = 2`,
			"workflow_transitions wf_ID version 2: its hash is not the hash of its content",
		},
		"a deleted journal row": {
			"workflow_transitions", "", `DELETE FROM workflow_transitions WHERE version = 1`,
			"workflow_transitions wf_ID version 2: version 1 is missing",
		},
		"a state": {
			"intent_workflows", "", `UPDATE intent_workflows SET state = 'PUBLISH_COMPLETED'`,
			"intent_workflows wf_ID: it is PUBLISH_COMPLETED at version 3, its journal ends with ICP_COMPLETED at 3",
		},
		"a ledger row": {
			"ai_usage_ledger", "ai_usage_ledger_hash", `UPDATE ai_usage_ledger SET actor = 'mallory' WHERE sequence = 0`,
			"ai_usage_ledger account ID entry 0: its hash is not the hash of its content",
		},
		"a balance": {
			"usage_accounts", "", `UPDATE usage_accounts SET settled_pico = 1`,
			"usage_accounts ID: its balance is not that of its last entry, 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPCompleted})
			w.verify(t)
			w.tamper(t, `ALTER TABLE `+row.table+` DISABLE TRIGGER ALL`)
			if row.constraint != "" {
				w.tamper(t, `ALTER TABLE `+row.table+` DROP CONSTRAINT `+row.constraint)
			}
			w.tamper(t, row.change)
			got := invoke(t, map[string]string{"DATABASE_URL": w.db.URL}, "verify")
			want := strings.Replace(row.want, "ID", flow.ID.String(), 1) + "\n"
			if got.code != 1 || !strings.HasPrefix(got.stdout, want) || !strings.Contains(got.stdout, "\ncatalog: ") {
				t.Errorf("verify: got %+v, want status 1, %s first and the switched off triggers", got, want)
			}
		})
	}
}

func TestVerify_NamesTheChainWhoseEndWasCut(t *testing.T) {
	t.Parallel()
	w, file := newWorld(t), filepath.Join(t.TempDir(), "checkpoint")
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.ICPPending})
	made := invoke(t, nil, "verify", "--new-key=example.com/infin8")
	secret, public, found := strings.Cut(strings.TrimSpace(made.stdout), "\n")
	if made.code != 0 || !found {
		t.Fatalf("new key: got %+v", made)
	}
	secret = strings.TrimPrefix(secret, "CHECKPOINT_KEY=")
	public = strings.TrimPrefix(public, "CHECKPOINT_PUBLIC_KEY=")
	sign := map[string]string{"DATABASE_URL": w.db.URL, "CHECKPOINT_KEY": secret}
	check := []string{"verify", "--against=" + file, "--public-key=" + public}
	database := map[string]string{"DATABASE_URL": w.db.URL}
	got := invoke(t, database, "verify", "--anchor="+file)
	if got.code != 1 || !strings.Contains(got.stderr, "CHECKPOINT_KEY") {
		t.Errorf("anchor without a key: got %+v", got)
	}
	if got := invoke(t, sign, "verify", "--anchor="+file); got.code != 0 || got.stdout != "" {
		t.Fatalf("anchor: got %+v", got)
	}
	if got := invoke(t, sign, "verify", "--anchor="+file); got.code != 1 || !strings.Contains(got.stderr, "exists") {
		t.Errorf("anchor over a checkpoint: got %+v, want it kept", got)
	}
	if got := invoke(t, database, check...); got.code != 0 || got.stdout != "" {
		t.Errorf("against: got %+v, want silence", got)
	}
	w.tamper(
		t,
		`ALTER TABLE workflow_transitions DISABLE TRIGGER ALL`, `ALTER TABLE intent_workflows DISABLE TRIGGER ALL`,
		`DELETE FROM workflow_transitions WHERE version = 1`,
		`UPDATE intent_workflows AS w SET version = 0, state = t.to_state, hash = t.hash, previous_hash = t.previous_hash,
			updated_at = t.occurred_at FROM workflow_transitions AS t WHERE t.workflow_id = w.id`,
		`DELETE FROM workflow_counts`, testdb.WorkflowCountsBackfill(t),
		alwaysAgain,
	)
	if got := invoke(t, database, "verify"); got.code != 0 {
		t.Errorf("verify: got %+v, want silence, since nothing is left of it", got)
	}
	want := "transition " + w.who.OrganizationID.String() + " " + flow.ID.String() + ": its end was cut: it went to row 2"
	if got := invoke(t, database, check...); got.code != 1 || !strings.Contains(got.stdout, want) {
		t.Errorf("against: got %+v, want %s", got, want)
	}
	if err := os.Remove(file + ".heads"); err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, database, check...); got.code != 1 || !strings.Contains(got.stderr, "heads") {
		t.Errorf("against without the heads: got %+v", got)
	}
}
