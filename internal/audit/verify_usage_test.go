package audit_test

import (
	"context"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
)

func TestVerify_FindsAMiscountedDay(t *testing.T) {
	t.Parallel()
	b := testengine.New(t)
	h := testengine.NewHistory(b, 7, 7)
	for range 80 {
		h.Step(t)
	}
	b.Sound(t)
	for name, statement := range map[string]string{
		"a row is gone": `DELETE FROM usage_days
			WHERE ctid = (SELECT ctid FROM usage_days WHERE settled_pico > 0 LIMIT 1)`,
		"too many calls": `UPDATE usage_days SET calls = calls + 1 WHERE outcome = 'SETTLED'`,
		"too much money": `UPDATE usage_days SET settled_pico = settled_pico + 1 WHERE outcome = 'SETTLED'`,
		"a row too many": `INSERT INTO usage_days SELECT organization_id, account_id, account_kind, day - 40, step,
			model, outcome, 1, 0, 0, 0, 0, 0, 0 FROM usage_days LIMIT 1`,
		"one token fewer": `UPDATE usage_days SET prompt_tokens = prompt_tokens - 1 WHERE prompt_tokens > 0`,
	} {
		tamper(t, b, statement)
		findings, err := b.Verify(t)
		if err != nil || len(findings) == 0 {
			t.Errorf("%s: got %v, %v, want findings", name, findings, err)
		}
		tamper(t, b, `DELETE FROM usage_days`)
		tamper(t, b, testdb.UsageDaysBackfill(t)) // which is how a database of the version before gets its rows
		b.Sound(t)
	}
}

// tamper changes rows that no role may delete, and leaves the trigger that says so as it was.
func tamper(t *testing.T, b testengine.Fixture, statement string) {
	t.Helper()
	ctx := context.Background()
	trigger := func(how string) {
		t.Helper()
		_, err := b.DB.Owner.Exec(ctx, `ALTER TABLE usage_days `+how+` TRIGGER usage_days_never_deleted`)
		if err != nil {
			t.Fatal(err)
		}
	}
	trigger("DISABLE")
	tag, err := b.DB.Super.Exec(ctx, statement)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %s, %v", statement, tag, err)
	}
	trigger("ENABLE ALWAYS")
}
