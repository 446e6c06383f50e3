package e2e

import (
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
