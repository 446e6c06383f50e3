package testdb

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Published is a workflow in the middle of the step PUBLISH: one article on two targets.
type Published struct {
	Parked
	// Publications has one that a worker sends, and one that waits, in the order of the units.
	Publications []workflow.Publication
}

// Publish takes a plan with an approved article to the step PUBLISH. A second person approves the plan; the caller
// approves the publications.
func Publish(t testing.TB, db *DB, who caller.Caller, p Planned) Published {
	t.Helper()
	targets := []postgres.PublishTarget{PublishTarget(t, db, who), PublishTarget(t, db, who)}
	flow, publications := ApprovePublishing(t, db, who, p, 1, targets)
	return send(t, db, who, Move(t, db.Store(), who, flow, workflow.PublishProcessing), publications)
}

// ApprovePublishing takes a plan whose first n articles are approved to PUBLISH_PENDING. The articles are written, and
// each has a publication on each target.
func ApprovePublishing(
	t testing.TB, db *DB, who caller.Caller, p Planned, n int, targets []postgres.PublishTarget,
) (workflow.Workflow, []workflow.Publication) {
	t.Helper()
	ctx, store, second := context.Background(), db.Store(), who
	second.Actor = "second of " + who.Actor
	for i := range n {
		p.Plan.Items[i].Plan.Choice = content.PlanApproved
	}
	p.Flow = decide(t, db, second, gateStep{
		flow:      p.Flow,
		to:        workflow.ArticlePending,
		gate:      workflow.GatePlan,
		selection: p.Plan.Selection(),
		preparer:  who.Actor,
	})
	written := WriteArticles(t, db, who, p, n)
	flow := Move(t, store, who, written[0].Flow, workflow.ArticleCompleted)
	var items []content.PublishItem
	var publications []workflow.Publication
	for _, w := range written {
		for _, target := range targets {
			items = append(items, content.PublishItem{
				ArticleID: w.Article.ID, TargetID: target.ID, Revision: w.Version.Revision,
			})
			publications = append(publications, workflow.Publication{
				ID:         uuid.Must(uuid.NewV7()),
				WorkflowID: flow.ID,
				TargetID:   target.ID,
				ArticleID:  w.Article.ID,
				Revision:   w.Version.Revision,
				Approval:   flow.Version + 1,
				Policy:     workflow.PublishNow,
				State:      workflow.PublicationPlanned,
				ChangedAt:  Now(),
			})
		}
	}
	return decide(t, db, who, gateStep{
		flow:      flow,
		to:        workflow.PublishPending,
		gate:      workflow.GatePublish,
		selection: content.PublishSelectionOf(items),
		preparer:  second.Actor,
		with: func(tx *postgres.Store) error {
			planned, err := tx.PlanPublications(ctx, who, publications)
			if err == nil && planned != len(publications) {
				err = errors.New("not planned")
			}
			return err
		},
	}), publications
}

// send parks the run of the step PUBLISH, and an attempt at the first unit sends its publication.
func send(
	t testing.TB, db *DB, who caller.Caller, flow workflow.Workflow, publications []workflow.Publication,
) Published {
	t.Helper()
	var units []postgres.NewUnit
	for _, publication := range publications {
		units = append(units, postgres.NewUnit{ID: publication.UnitOf(flow.Version - 1), Label: "Article"})
	}
	p := Published{Parked: parkOver(t, db, who, flow, units), Publications: publications}
	p.Units[0] = moveUnit(t, db.Store(), who, p.Units[0], workflow.UnitClaim)
	sent, err := publications[0].To(workflow.PublicationSent, workflow.PublicationSend, Now())
	if err != nil {
		t.Fatal(err)
	}
	won, err := db.Store().MovePublication(context.Background(), who, postgres.PublicationMove{
		Before: publications[0],
		After:  sent,
		Kind:   workflow.PublicationSend,
		Unit:   p.Units[0].Run().Unit,
	})
	if err != nil || !won {
		t.Fatalf("send a publication: won %t, %v", won, err)
	}
	p.Publications[0] = sent
	return p
}

// gateStep is an approval at a gate with its transition.
type gateStep struct {
	flow      workflow.Workflow
	to        workflow.State
	gate      workflow.Gate
	selection content.Selection
	preparer  string
	with      func(*postgres.Store) error
}

func decide(t testing.TB, db *DB, who caller.Caller, g gateStep) workflow.Workflow {
	t.Helper()
	next, err := tryDecide(db, who, g)
	if err != nil {
		t.Fatalf("decide at the gate %s: %v", g.gate, err)
	}
	return next
}

func tryDecide(db *DB, who caller.Caller, g gateStep) (workflow.Workflow, error) {
	ctx, at, next := context.Background(), Now(), g.flow
	err := db.Store().InTx(ctx, func(tx *postgres.Store) error {
		var err error
		next, _, _, err = tx.Transition(ctx, who, postgres.Move{
			WorkflowID: g.flow.ID,
			From:       g.flow.State,
			To:         g.to,
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
		var named *int
		if settings.Version >= 0 {
			named = &settings.Version
		}
		_, err = tx.WriteGateDecision(ctx, who, postgres.GateDecision{
			WorkflowID:      g.flow.ID,
			Version:         next.Version,
			Gate:            g.gate,
			Verdict:         workflow.GateApproved,
			SelectionDigest: g.selection.Digest[:],
			Selected:        g.selection.Count,
			SettingsVersion: named,
			FourEyes:        settings.FourEyes,
			PreparedBy:      g.preparer,
			At:              at,
		})
		if err != nil || g.with == nil {
			return err
		}
		return g.with(tx)
	})
	return next, err
}

// ApproveText approves one revision of a written article for a target. The workflow waits at the gate PUBLISH, and no
// decision has opened the gate PLAN.
func ApproveText(db *DB, who caller.Caller, w Written, target postgres.PublishTarget, revision int) error {
	p := workflow.Publication{
		ID:         uuid.Must(uuid.NewV7()),
		WorkflowID: w.Flow.ID,
		TargetID:   target.ID,
		ArticleID:  w.Article.ID,
		Revision:   revision,
		Approval:   w.Flow.Version + 1,
		Policy:     workflow.PublishNow,
		State:      workflow.PublicationPlanned,
		ChangedAt:  Now(),
	}
	_, err := tryDecide(db, who, gateStep{
		flow: w.Flow,
		to:   workflow.PublishPending,
		gate: workflow.GatePublish,
		selection: content.PublishSelectionOf([]content.PublishItem{
			{ArticleID: p.ArticleID, TargetID: p.TargetID, Revision: p.Revision},
		}),
		preparer: who.Actor,
		with: func(tx *postgres.Store) error {
			_, err := tx.PlanPublications(context.Background(), who, []workflow.Publication{p})
			return err
		},
	})
	return err
}

// ApproveAgain resets a workflow that has failed in the step PUBLISH, and takes it to PUBLISH_PENDING by another
// decision that asks for its publication as change says. A second person writes another revision first.
func ApproveAgain(
	t testing.TB, db *DB, who caller.Caller, failed workflow.Workflow, change func(*workflow.Publication),
) workflow.Workflow {
	t.Helper()
	flow := Move(t, db.Store(), who, failed, workflow.ArticlePending)
	for flow.State != workflow.ArticleCompleted {
		flow = Move(t, db.Store(), who, flow, flow.State.NextStates()[0])
	}
	found, err := db.Store().Publications(context.Background(), who, postgres.PublicationPage{
		Workflows: []uuid.UUID{flow.ID}, First: 1,
	})
	if err != nil || len(found[flow.ID]) != 1 {
		t.Fatalf("read the publication: got %+v, %v", found, err)
	}
	before := found[flow.ID][0]
	after, err := before.Replan(func(p *workflow.Publication) {
		change(p)
		p.Approval = flow.Version + 1
	}, Now())
	if err != nil {
		t.Fatal(err)
	}
	second := who
	second.Actor = "second of " + who.Actor
	if after.Revision != before.Revision {
		writeAgain(t, db, second, after)
	}
	return decide(t, db, who, gateStep{
		flow: flow,
		to:   workflow.PublishPending,
		gate: workflow.GatePublish,
		selection: content.PublishSelectionOf([]content.PublishItem{
			{ArticleID: after.ArticleID, TargetID: after.TargetID, Revision: after.Revision},
		}),
		preparer: second.Actor,
		with: func(tx *postgres.Store) error {
			_, err := tx.MovePublication(context.Background(), who, postgres.PublicationMove{
				Before: before, After: after, Kind: workflow.PublicationReplan,
			})
			return err
		},
	})
}

// writeAgain lets a person write the version that a publication asks for, from the one before.
func writeAgain(t testing.TB, db *DB, who caller.Caller, p workflow.Publication) {
	t.Helper()
	ctx, before := context.Background(), p.Revision-1
	article := content.Article{WorkflowID: p.WorkflowID, ID: p.ArticleID}
	err := db.Owner.QueryRow(ctx, `SELECT max(visit) FROM articles WHERE organization_id = $1 AND article_id = $2`,
		who.OrganizationID, p.ArticleID).Scan(&article.Visit)
	if err != nil {
		t.Fatal(err)
	}
	text := ArticleText(article, content.AuthorPerson, Now())
	text.BasedOn = &before
	version, written, err := db.Store().AddArticleVersion(ctx, who, text)
	if err != nil || !written || version.Revision != p.Revision {
		t.Fatalf("write revision %d: got %d, written %t, %v", p.Revision, version.Revision, written, err)
	}
}
