package engine_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/infin8content/engine/migrations"
)

// backfill returns the statement of the migration that fills usage_days from the ledger.
func backfill(t testing.TB) string {
	t.Helper()
	text, err := migrations.Files.ReadFile("0006_usage_days.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "INSERT INTO usage_days")
	statement, _, ended := strings.Cut(rest, ";\n")
	if !found || !ended {
		t.Fatal("the migration fills no usage_days")
	}
	return "INSERT INTO usage_days" + statement
}

func itoa(n int) string { return strconv.Itoa(n) }

func TestTheAuditFindsWhatADayMiscounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := &history{bundle: b, random: rand.New(rand.NewPCG(7, 7))}
	for range 80 {
		h.step(t)
	}
	b.sound(t)
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
		findings, err := b.verify(t)
		if err != nil || len(findings) == 0 {
			t.Errorf("%s: got %v, %v, want findings", name, findings, err)
		}
		tamper(t, b, `DELETE FROM usage_days`)
		tamper(t, b, backfill(t)) // which is how a database of the version before gets its rows
		b.sound(t)
	}
}

func tamper(t *testing.T, b bundle, statement string) {
	t.Helper()
	tag, err := b.db.Super.Exec(context.Background(), statement)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %s, %v", statement, tag, err)
	}
}
