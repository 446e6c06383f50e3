package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestGate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("ATransitionWithoutItsApprovalIsRefused", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		testdb.Gates(t, b.db, b.who, false)
		r := testdb.Review(t, b.db, b.who)
		_, _, _, err := b.store.Transition(ctx, b.who, seedsApproved(r.Flow))
		if fault.KindOf(err) != fault.GateClosed {
			t.Errorf("got %v, want GATE_CLOSED", err)
		}
		if err := testdb.Approve(ctx, b.store, b.who, r, b.who.Actor); err != nil {
			t.Errorf("with its approval: %v", err)
		}
	})
	t.Run("AnOffGateNeedsNone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		r := testdb.Review(t, b.db, b.who)
		if _, _, won, err := b.store.Transition(ctx, b.who, seedsApproved(r.Flow)); err != nil || !won {
			t.Errorf("got won %t, %v, want a transition", won, err)
		}
	})
	t.Run("FourEyesIsAConstraint", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		testdb.Gates(t, b.db, b.who, true)
		r := testdb.Review(t, b.db, b.who)
		if err := testdb.Approve(ctx, b.store, b.who, r, b.who.Actor); fault.KindOf(err) != fault.FourEyes {
			t.Errorf("the one who prepared: got %v, want FOUR_EYES", err)
		}
		if err := testdb.Approve(ctx, b.store, b.who, r, "another"); err == nil {
			t.Error("another preparer was named than the one who prepared, and that was accepted")
		}
		second := b.who
		second.Actor = "bob"
		if err := testdb.Approve(ctx, b.store, second, r, b.who.Actor); err != nil {
			t.Errorf("the second person: %v", err)
		}
	})
}

// The owner of the database is refused too: the rules are constraints and triggers, not the program's.
func TestGate_RawSQLIsRefused(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	testdb.Gates(t, b.db, b.who, true)
	approved, waiting := testdb.Review(t, b.db, b.who), testdb.Review(t, b.db, b.who)
	second := b.who
	second.Actor = "bob"
	if err := testdb.Approve(ctx, b.store, second, approved, b.who.Actor); err != nil {
		t.Fatal(err)
	}
	decision := func(version int, verdict, resetTo, prepared, decided string, eyes bool) string {
		return fmt.Sprintf(`INSERT INTO gate_decisions (organization_id, workflow_id, version, gate, verdict, reset_to,
			feedback, selection_digest, selected, settings_version, four_eyes, prepared_by,
			decided_by, decided_at) VALUES ('%s', '%s', %d, 'SEEDS', '%s', %s, '', sha256(''), 2, 0, %t, '%s', '%s',
			now())`, b.who.OrganizationID, waiting.Flow.ID, version, verdict, resetTo, eyes, prepared, decided)
	}
	for name, c := range map[string]struct{ sql, constraint string }{
		"AnApprovalWithoutATransition": {
			decision(waiting.Flow.Version+1, "APPROVED", "NULL", "a", "b", true), "gate_decisions_transition",
		},
		"AnApprovalOfAnotherTransition": {
			decision(waiting.Flow.Version, "APPROVED", "NULL", "alice", "bob", true), "gate_decisions_agree",
		},
		"AnApprovalByThePreparer": {
			decision(waiting.Flow.Version, "APPROVED", "NULL", "alice", "alice", true), "gate_decisions_four_eyes",
		},
		"ARejectionOfAnotherTransition": {
			decision(waiting.Flow.Version, "REJECTED", "'ICP'", "alice", "alice", true), "gate_decisions_agree",
		},
		"OtherSettingsThanThoseInForce": {
			decision(waiting.Flow.Version, "APPROVED", "NULL", "alice", "alice", false), "gate_decisions_settings",
		},
		"AnEditedDecision":          {"UPDATE gate_decisions SET decided_by = 'x'", "gate_decisions_only_grow"},
		"ADeletedDecision":          {"DELETE FROM gate_decisions", "gate_decisions_only_grow"},
		"AnEditedChoice":            {"UPDATE keyword_decisions SET choice = 'REJECTED'", "keyword_decisions_only_grow"},
		"AnEditedKeyword":           {"UPDATE keywords SET text = 'x'", "keywords_only_grow"},
		"EditedSettings":            {"UPDATE gate_settings SET four_eyes = false", "gate_settings_only_grow"},
		"AnEditedPart":              {"UPDATE step_parts SET content = '[]'", "step_parts_only_grow"},
		"AnEditedVisit":             {"UPDATE step_visits SET visit = 0", "step_visits_only_grow"},
		"EditedCompetitors":         {"UPDATE workflow_competitors SET domains = '{}'", "workflow_competitors_only_grow"},
		"ACallThatChangesItsPart":   {"UPDATE ai_calls SET part_key = 'x'", "ai_calls_keep_their_part"},
		"TruncatedDecisions":        {"TRUNCATE gate_decisions CASCADE", "gate_decisions_only_grow"},
		"TruncatedKeywordDecisions": {"TRUNCATE keyword_decisions", "keyword_decisions_only_grow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := b.db.Owner.Exec(ctx, c.sql)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.ConstraintName != c.constraint &&
				!strings.Contains(refused.Message, c.constraint) {
				t.Errorf("got %v, want a refusal by %s", err, c.constraint)
			}
		})
	}
}

func seedsApproved(flow workflow.Workflow) postgres.Move {
	return postgres.Move{
		WorkflowID: flow.ID,
		From:       workflow.SeedReviewPending,
		To:         workflow.SeedReviewCompleted,
		Kind:       workflow.Advance,
		At:         testdb.Now(),
	}
}
