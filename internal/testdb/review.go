package testdb

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Reviewed is a workflow in seed review, with its visit and its keywords.
type Reviewed struct {
	Flow     workflow.Workflow
	Visit    int
	Keywords []content.SeedKeyword
}

// Review returns a workflow in seed review with two named competitors, one part and three keywords, two of them
// selected by the caller.
func Review(t testing.TB, db *DB, who caller.Caller) Reviewed {
	t.Helper()
	ctx, store := context.Background(), db.Store()
	flow := Workflow(t, db, who, WorkflowOpts{State: workflow.CompetitorProcessing})
	step, _ := workflow.StepOf(workflow.StepCompetitor)
	visit, found, err := store.OpenVisit(ctx, who, flow.ID, step)
	if err != nil || !found {
		t.Fatalf("open a visit: found %t, %v", found, err)
	}
	run := workflow.Run{WorkflowID: flow.ID, Token: flow.Version, Step: step.Key}
	kept, err := store.KeepPart(ctx, who, run, visit, postgres.Part{
		Key:       "phrases",
		Content:   []byte(`{}`),
		Provider:  "sandbox",
		CreatedAt: Now(),
	})
	if err != nil || !kept {
		t.Fatalf("keep a part: kept %t, %v", kept, err)
	}
	keywords := make([]content.SeedKeyword, 3)
	for i, text := range []string{"crm for dentists", "dentist software", "patient reminders"} {
		keywords[i] = content.SeedKeyword{
			ID:         uuid.Must(uuid.NewV7()),
			WorkflowID: flow.ID,
			Visit:      visit,
			Text:       text,
			Normalised: content.Normalise(text),
			Source:     content.SourceModel,
			Score:      0.9 - float64(i)/10,
		}
	}
	err = store.InTx(ctx, func(tx *postgres.Store) error {
		if err := tx.NameCompetitors(ctx, who, flow.ID, []string{"a.example", "b.example"}, Now()); err != nil {
			return err
		}
		_, err := tx.AddKeywords(ctx, who, postgres.NewKeywords{
			WorkflowID: flow.ID,
			Visit:      visit,
			Keywords:   keywords,
			At:         Now(),
		})
		return err
	})
	if err != nil {
		t.Fatalf("write keywords: %v", err)
	}
	flow = Move(t, store, who, flow, workflow.CompetitorCompleted)
	flow = Move(t, store, who, flow, workflow.SeedReviewPending)
	err = store.InTx(ctx, func(tx *postgres.Store) error {
		return tx.DecideKeywords(ctx, who, postgres.KeywordDecisions{
			WorkflowID: flow.ID,
			Visit:      visit,
			KeywordIDs: []uuid.UUID{keywords[0].ID, keywords[1].ID},
			Choices:    []content.Choice{content.ChoiceSelected, content.ChoiceSelected},
			Origin:     content.OriginPerson,
			At:         Now(),
		})
	})
	if err != nil {
		t.Fatalf("write a review: %v", err)
	}
	keywords[0].Choice, keywords[1].Choice = content.ChoiceSelected, content.ChoiceSelected
	return Reviewed{Flow: flow, Visit: visit, Keywords: keywords}
}

// Gates sets the gates of the caller's organization: SEEDS is HUMAN, the others are OFF.
func Gates(t testing.TB, db *DB, who caller.Caller, fourEyes bool) {
	t.Helper()
	set, err := db.Store().SetGates(context.Background(), who, postgres.GateSettings{
		Seeds:    workflow.GateHuman,
		Plan:     workflow.GateOff,
		Publish:  workflow.GateOff,
		FourEyes: fourEyes,
		At:       Now(),
	})
	if err != nil || !set {
		t.Fatalf("set the gates: set %t, %v", set, err)
	}
}

// OutsideSteps sets the steps that programs outside drive in the caller's organization, for the first time.
func OutsideSteps(t testing.TB, db *DB, who caller.Caller, steps ...workflow.StepKey) {
	t.Helper()
	set, err := db.Store().SetOutsideSteps(context.Background(), who, postgres.OutsideSteps{Steps: steps, At: Now()})
	if err != nil || !set {
		t.Fatalf("set the outside steps: set %t, %v", set, err)
	}
}

// Approve ends a review by a decision of the caller.
func Approve(ctx context.Context, store *postgres.Store, who caller.Caller, r Reviewed, preparedBy string) error {
	selection, at := content.SelectionOf(r.Keywords), Now()
	return store.InTx(ctx, func(tx *postgres.Store) error {
		flow, _, _, err := tx.Transition(ctx, who, postgres.Move{
			WorkflowID: r.Flow.ID,
			From:       workflow.SeedReviewPending,
			To:         workflow.SeedReviewCompleted,
			Kind:       workflow.Advance,
			At:         at,
		})
		if err != nil {
			return err
		}
		settings, err := tx.GateSettings(ctx, who)
		if err != nil {
			return err
		}
		_, err = tx.WriteGateDecision(ctx, who, postgres.GateDecision{
			WorkflowID:      r.Flow.ID,
			Version:         flow.Version,
			Gate:            workflow.GateSeeds,
			Verdict:         workflow.GateApproved,
			SelectionDigest: selection.Digest[:],
			Selected:        2,
			SettingsVersion: &settings.Version,
			FourEyes:        settings.FourEyes,
			PreparedBy:      preparedBy,
			At:              at,
		})
		return err
	})
}

// PublishTarget adds a target of the kind FILE.
func PublishTarget(t testing.TB, db *DB, who caller.Caller) postgres.PublishTarget {
	t.Helper()
	return PublishTargetOf(t, db, who, postgres.PublishTarget{
		Kind: workflow.TargetFile, TargetVersion: postgres.TargetVersion{State: workflow.TargetReady},
	})
}

// PublishTargetOf adds a target with a name of its own.
func PublishTargetOf(
	t testing.TB, db *DB, who caller.Caller, target postgres.PublishTarget,
) postgres.PublishTarget {
	t.Helper()
	ctx, store := context.Background(), db.Store()
	target.ID, target.Name = uuid.Must(uuid.NewV7()), "Target "+uuid.NewString()
	target.Policy, target.CreatedAt, target.At = workflow.PolicyPublish, Now(), Now()
	added, err := store.AddPublishTarget(ctx, who, target)
	if err == nil && added {
		added, err = store.AddTargetVersion(ctx, who, target.ID, target.TargetVersion)
	}
	if err != nil || !added {
		t.Fatalf("add a publish target: added %t, %v", added, err)
	}
	return target
}
