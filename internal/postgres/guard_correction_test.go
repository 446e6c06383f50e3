package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A correction names an outcome of its own call, in its link and in its reason alike, and a record that went beyond a
// limit is flagged on its call; the tables see to it, whatever the program does.
func TestGuards_Correction(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	month, flow := b.month(t), testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
	var calls [2]postgres.Call
	for i := range calls { // Entries 1 and 2, and 3 and 4, of both accounts.
		calls[i] = b.reserve(t, flow, month, cost.Dollar/100)
		if err := b.settle(ctx, calls[i], cost.Dollar/200); err != nil {
			t.Fatal(err)
		}
	}
	const named, reached = "ai_usage_ledger_corrects_named", "ai_usage_ledger_reached"
	for _, c := range []struct {
		name     string
		kind     cost.EntryKind
		corrects int64 // 0 for none
		reason   string
		want     string
	}{
		{"the other call's outcome", cost.EntryAdjust, 2, cost.CorrectionReason(2, "x"), reached},
		{"its own hold", cost.EntryAdjust, 3, cost.CorrectionReason(3, "x"), reached},
		{"itself", cost.EntryAdjust, 5, cost.CorrectionReason(5, "x"), named},
		{"another than its reason says", cost.EntryAdjust, 4, cost.CorrectionReason(2, "x"), named},
		{"none, but its reason says so", cost.EntryAdjust, 0, cost.CorrectionReason(4, "x"), named},
		{"an outcome that names one", cost.EntrySettle, 4, cost.CorrectionReason(4, "x"), named},
		{"its own outcome", cost.EntryAdjust, 4, cost.CorrectionReason(4, "x"), ""},
	} {
		booking := postgres.Booking{
			Kind: c.kind, Call: calls[1], Delta: cost.Delta{Settled: 1}, Reason: c.reason, At: testdb.Now(),
		}
		if c.corrects > 0 {
			booking.Corrects = &c.corrects
		}
		err := b.store.InTx(ctx, func(tx *postgres.Store) error {
			_, err := tx.Book(ctx, b.who, booking)
			return err
		})
		if got := refusal(err); got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.want)
		}
	}
}

func TestRecordCall_FlagsAnOverage(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	month, flow := b.month(t), testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{Limit: 1})
	record := func(flag string) error {
		if _, err := b.db.Owner.Exec(ctx, `CREATE OR REPLACE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN NEW.overage := `+flag+`; RETURN NEW; END $$`); err != nil {
			return err
		}
		return b.store.InTx(ctx, func(tx *postgres.Store) error {
			_, _, _, err := tx.RecordCall(ctx, b.who, postgres.Record{
				ID: uuid.New(), WorkflowID: flow.ID, MonthID: month.ID, Step: workflow.StepICP,
				Bill: postgres.Bill{Cost: 2, Model: "m", At: testdb.Now()},
			})
			return err
		})
	}
	if _, err := b.db.Owner.Exec(ctx, `CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RETURN NEW; END $$; CREATE TRIGGER forget BEFORE INSERT ON ai_calls FOR EACH ROW EXECUTE FUNCTION forget()`,
	); err != nil {
		t.Fatal(err)
	}
	if got := refusal(record("false")); got != "ai_usage_ledger_reached" {
		t.Errorf("a call without its flag: got %q", got)
	}
	if got := refusal(record("NEW.overage")); got != "" {
		t.Errorf("a call with it: got %q", got)
	}
}
