package audit_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testdb/attack"
	"github.com/infin8content/engine/internal/workflow"
)

// What only a superuser can write, because a constraint or a foreign key refuses it to the owner.
func TestVerify_NamesForgedReviews(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, row, what string }{
		"DecisionOfAnotherEdge": {
			`UPDATE gate_decisions SET verdict = 'REJECTED', reset_to = 'ICP'`,
			"gate_decisions wf_{approved} version 8", "REJECTED at gate SEEDS",
		},
		"DecisionUnderOtherSettings": {
			`UPDATE gate_decisions SET settings_version = NULL, four_eyes = false`,
			"gate_decisions wf_{approved} version 8", "names no settings",
		},
		"DecisionByOneActor": {
			`ALTER TABLE gate_decisions DROP CONSTRAINT gate_decisions_four_eyes;
				UPDATE gate_decisions SET prepared_by = decided_by`,
			"gate_decisions wf_{approved} version 8", "two people must",
		},
		"SettingsWithAGap": {
			`UPDATE gate_settings SET version = 3`, "gate_settings org_{org}", "from 3 to 3",
		},
		"CompetitorsWithAGap": {
			`UPDATE workflow_competitors SET revision = 2 WHERE workflow_id = {review}`,
			"workflow_competitors wf_{review}", "1 revisions up to 2",
		},
		"VisitOfAnotherHash": {
			`UPDATE step_visits SET hash = sha256('x') WHERE workflow_id = {review}`,
			"step_visits wf_{review} visit 4", "it is of COMPETITOR_PENDING",
		},
		"VisitDeleted": {
			`DELETE FROM step_visits WHERE workflow_id = {review}`, "step_parts {org} {review} 4 phrases", "step_parts_visit",
		},
		"PartOfAnotherContent": {
			`ALTER TABLE step_parts DROP CONSTRAINT step_parts_digest;
				UPDATE step_parts SET content = '[]' WHERE workflow_id = {review}`,
			"step_parts wf_{review} visit 4 part phrases", "digest of its content",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, ctx := attack.NewTarget(t), context.Background()
			var bare, quoted []string
			for _, word := range []string{"approved", "review", "org"} {
				bare = append(bare, "{"+word+"}", g.Key(word))
				quoted = append(quoted, "{"+word+"}", "'"+g.Key(word)+"'")
			}
			sql := strings.ReplaceAll(forced, "{sql}", strings.NewReplacer(quoted...).Replace(c.sql))
			if _, err := g.DB.Super.Exec(ctx, "BEGIN;"+sql+";COMMIT"); err != nil {
				t.Fatal(err)
			}
			findings, err := audit.New(g.DB.Books(), testdb.Now).Verify(ctx)
			if err != nil {
				t.Fatal(err)
			}
			row := strings.NewReplacer(bare...).Replace(c.row)
			splits(t, g.DB, findings)
			if !slices.ContainsFunc(findings, func(f audit.Finding) bool {
				return f.Row == row && strings.Contains(f.What, c.what)
			}) {
				t.Errorf("got %v, want %s: …%s…", findings, row, c.what)
			}
		})
	}
}

// An honest history has no finding: a review that is opened again, changed and approved again, and a gate that is
// switched on while a transition is under way.
func TestVerify_AcceptsHonestReviews(t *testing.T) {
	t.Parallel()
	db, ctx := testdb.New(t), context.Background()
	who, store := testdb.Caller(t, db), db.Store()
	approve := func(r testdb.Reviewed) {
		t.Helper()
		if err := testdb.Approve(ctx, store, who, r, who.Actor); err != nil {
			t.Fatal(err)
		}
	}
	undecided := testdb.Review(t, db, who)
	testdb.Move(t, store, who, undecided.Flow, workflow.SeedReviewCompleted)
	testdb.Gates(t, db, who, false)
	r := testdb.Review(t, db, who)
	approve(r)
	r.Flow.Version, r.Flow.State = r.Flow.Version+1, workflow.SeedReviewCompleted
	r.Flow = testdb.Move(t, store, who, r.Flow, workflow.SeedReviewPending)
	err := store.InTx(ctx, func(tx *postgres.Store) error {
		if _, _, err := tx.LockWorkflow(ctx, who, r.Flow.ID); err != nil {
			return err
		}
		return tx.DecideKeywords(ctx, who, postgres.KeywordDecisions{
			WorkflowID: r.Flow.ID,
			Visit:      r.Visit,
			KeywordIDs: []uuid.UUID{r.Keywords[1].ID, r.Keywords[2].ID},
			Choices:    []content.Choice{content.ChoiceRejected, content.ChoiceSelected},
			Origin:     content.OriginPerson,
			At:         testdb.Now(),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Keywords[1].Choice, r.Keywords[2].Choice = content.ChoiceRejected, content.ChoiceSelected
	approve(r)
	findings, err := audit.New(db.Books(), testdb.Now).Verify(ctx)
	if err != nil || len(findings) > 0 {
		t.Errorf("got %v, %v, want nothing", findings, err)
	}
}
