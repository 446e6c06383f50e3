package audit_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

func TestVerify_FindsMissingAndForgedAlerts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forge string
		want  []string
	}{
		"Missing": {"DELETE FROM alerts", []string{
			"there is no alert of the 50 % that entry 2 has reached", "there is no alert of its overage",
		}},
		"WithoutACause": {`INSERT INTO alerts (organization_id, id, kind, account_id, sequence, limit_sequence, threshold,
				created_at)
			SELECT organization_id, gen_random_uuid(), 'THRESHOLD', account_id, 2, 0, 90, now() FROM alerts
			WHERE kind = 'THRESHOLD'`, []string{"nothing in the ledger has caused it"}},
		"OfAnotherEntry": {"UPDATE alerts SET sequence = 1 WHERE kind = 'THRESHOLD'", []string{
			"entry 2 has caused it, not entry 1",
		}},
		"OfAnotherLimit": {`ALTER TABLE ai_usage_ledger DISABLE TRIGGER ALL;
			UPDATE ai_usage_ledger SET limit_sequence = 1 WHERE kind = 'SETTLE'`, []string{
			"it names entry 1 as the one that set its limit, and it was entry 0", "nothing in the ledger has caused it",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := testengine.New(t), context.Background()
			flow := b.Flow(t, workflow.Created)
			billed := 61 * cent
			if _, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{
				CallID: b.Reserve(t, flow, 60*cent).ID, Model: "m", Cost: &billed,
			}); err != nil {
				t.Fatal(err)
			}
			b.Sound(t)
			for _, statement := range []string{"ALTER TABLE alerts DISABLE TRIGGER ALL", c.forge} {
				if _, err := b.DB.Super.Exec(ctx, statement); err != nil {
					t.Fatal(err)
				}
			}
			findings, err := b.Verify(t)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(findings, func(f audit.Finding) bool { return strings.Contains(f.What, want) }) {
					t.Errorf("got %v, want %q among them", findings, want)
				}
			}
		})
	}
}
