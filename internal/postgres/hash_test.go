package postgres_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// oddTexts could break a layout that does not count bytes.
var oddTexts = []string{
	"", "plain", "~,", "5:hello,", "a:b,c~d", "Grüße, 名前 🚀", "e\u0301 is not é", "line\nbreak\ttab\r",
	`back\slash "quote" 'single'`, "\u202eright to left", strings.Repeat("🚀", 2000),
}

// oddTimes are of both signs, with and without a fraction, at the ends of a day and far off.
var oddTimes = []time.Time{
	time.Unix(0, 0), time.UnixMicro(1), time.UnixMicro(-1), time.UnixMicro(-1_000_001),
	time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2024, 2, 29, 12, 34, 56, 123_456_000, time.FixedZone("", 5*3600+1800)),
	time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
}

func TestTransitionHash_EqualsThePrograms(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for i, reason := range oddTexts {
		who := b.who
		who.Actor = "actor " + strings.TrimSpace(string([]rune(reason)[:min(100, len([]rune(reason)))])) + "."
		flow := testdb.Workflow(t, b.db, who, testdb.WorkflowOpts{})
		_, made, won, err := b.store.Transition(ctx, who, postgres.Move{
			WorkflowID: flow.ID, From: workflow.Created, To: workflow.Cancelled, Kind: workflow.Cancel, Reason: reason,
			At: oddTimes[i%len(oddTimes)].UTC(),
		})
		if err != nil || !won {
			t.Fatalf("reason %.20q: won %t, %v", reason, won, err)
		}
		rows, err := b.store.Transitions(ctx, who, []uuid.UUID{flow.ID}, -1, 10)
		if err != nil || len(rows[flow.ID]) != 2 {
			t.Fatalf("journal: got %v, %v, want 2 rows", rows, err)
		}
		for _, row := range append(rows[flow.ID], made) {
			if !bytes.Equal(row.ComputeHash(), row.Hash) {
				t.Errorf("version %d, reason %.20q at %s: the hashes differ", row.Version, reason, row.At)
			}
		}
		if !bytes.Equal(rows[flow.ID][1].PreviousHash, rows[flow.ID][0].Hash) {
			t.Errorf("reason %.20q: the chain is broken", reason)
		}
	}
}

func TestEntryHash_EqualsThePrograms(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, month := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{Limit: 1 << 60}), b.month(t)
	call := b.reserve(t, flow, month, cost.Dollar/100)
	if err := b.settle(ctx, call, cost.Dollar/100+1); err != nil { // An overage.
		t.Fatal(err)
	}
	for i, reason := range oddTexts {
		err := b.store.InTx(ctx, func(tx *postgres.Store) error {
			_, err := tx.Book(ctx, b.who, postgres.Booking{
				Kind: cost.EntryAdjust, Call: call, Delta: cost.Delta{Settled: cost.Pico(i)}, Reason: reason,
				At: oddTimes[i%len(oddTimes)].UTC(),
			})
			return err
		})
		if err != nil {
			t.Fatalf("reason %.20q: %v", reason, err)
		}
	}
	entries, err := b.store.Entries(ctx, b.who, []uuid.UUID{flow.ID, month.ID}, -1, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range []uuid.UUID{flow.ID, month.ID} {
		if got, want := len(entries[account]), 3+len(oddTexts); got != want {
			t.Fatalf("entries: got %d, want %d", got, want)
		}
		for _, e := range entries[account] {
			if !bytes.Equal(e.ComputeHash(), e.Hash) {
				t.Errorf("entry %d, reason %.20q at %s: the hashes differ", e.Sequence, e.Reason, e.At)
			}
		}
	}
}

// A dump is restored with an empty search path, and the hashes are checked then.
func TestHashes_NeedNoSearchPath(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	tx, err := b.named.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, statement := range []string{
		`SELECT set_config('search_path', '', true)`,
		`SELECT public.transition_hash('', gen_random_uuid(), gen_random_uuid(), 0, 1, 'k', NULL, 't', 'a', '', now())`,
		`SELECT public.entry_hash('', gen_random_uuid(), gen_random_uuid(), 0, 'k', NULL, 0, 0, 0, 0, 0, 0, false, false,
			'a', '', now())`,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			t.Errorf("%.40s: %v", statement, err)
		}
	}
}
