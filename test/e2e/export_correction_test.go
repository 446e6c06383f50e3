package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/server"
	"github.com/infin8content/engine/internal/testdb"
)

func TestExport_NamesTheCorrectedEntry(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	e, err := server.NewEngine(server.EngineOptions{
		Store:  w.db.Store(),
		Limits: server.Limits{Workflow: 5 * cost.Dollar, Month: 25 * cost.Dollar},
	})
	if err != nil {
		t.Fatal(err)
	}
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{})
	billed := cost.Dollar
	if _, err := e.Record(ctx, w.who, engine.RecordInput{WorkflowID: flow.ID, Model: "m", Cost: &billed}); err != nil {
		t.Fatal(err)
	}
	sequence := int64(1) // Entry 1 has booked the call; entry 0 has opened the account.
	for _, cents := range []cost.Pico{90, 95, 80} {
		made, err := e.Adjust(ctx, w.who, engine.AdjustInput{
			AccountID: flow.ID,
			Sequence:  sequence,
			Cost:      cents * cost.Dollar / 100,
			Reason:    "corrects entry 7: =not",
		})
		if err != nil {
			t.Fatal(err)
		}
		sequence = made.Entry.Sequence
	}
	ledger := readCSV(t, w.exported(t, "ledger"))
	if diff := cmp.Diff(ledger, readNDJSON(t, w.exported(t, "ledger", "--format", "ndjson"))); diff != "" {
		t.Errorf("the two formats differ:\n%s", diff)
	}
	verify(t, ledger, "account_id", "sequence", "entry/1", entryFields)
	named := map[string][]string{}
	for _, r := range ledger {
		if (r["kind"] == "ADJUST") != (r["corrects"] != "") {
			t.Errorf("%s entry %s: it corrects %q", r["kind"], r["sequence"], r["corrects"])
		}
		if r["corrects"] == "" {
			continue
		}
		if !strings.HasPrefix(r["reason"], "corrects entry "+r["corrects"]+": ") {
			t.Errorf("entry %s corrects %s and says %q", r["sequence"], r["corrects"], r["reason"])
		}
		named[r["account_kind"]] = append(named[r["account_kind"]], r["corrects"])
	}
	want := []string{"1", "2", "3"}
	if diff := cmp.Diff(map[string][]string{"WORKFLOW": want, "MONTH": want}, named); diff != "" {
		t.Errorf("corrected entries (-want +got):\n%s", diff)
	}
}
