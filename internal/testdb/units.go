package testdb

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Parked is a workflow whose run of the step ARTICLE is parked, with its units in their order.
type Parked struct {
	Flow  workflow.Workflow
	Visit int
	Units []workflow.Unit
}

// Units takes a workflow to the step ARTICLE and parks it over three units: one is done, one runs and one is pending.
func Units(t testing.TB, db *DB, who caller.Caller, flow workflow.Workflow) Parked {
	t.Helper()
	for flow.State != workflow.ArticleProcessing {
		flow = Move(t, db.Store(), who, flow, flow.State.NextStates()[0])
	}
	var units []postgres.NewUnit
	for _, label := range []string{"First", "Second", "Third"} {
		units = append(units, postgres.NewUnit{ID: uuid.Must(uuid.NewV7()), Label: label})
	}
	p, store := parkOver(t, db, who, flow, units), db.Store()
	for i := range 2 {
		p.Units[i] = moveUnit(t, store, who, p.Units[i], workflow.UnitClaim)
	}
	p.Units[0] = moveUnit(t, store, who, p.Units[0], workflow.UnitFinish)
	return p
}

// parkOver parks the run of a workflow's step over pending units.
func parkOver(t testing.TB, db *DB, who caller.Caller, flow workflow.Workflow, units []postgres.NewUnit) Parked {
	t.Helper()
	ctx, store, step := context.Background(), db.Store(), *flow.Step()
	visit, found, err := store.OpenVisit(ctx, who, flow.ID, step)
	if err != nil || !found {
		t.Fatalf("open a visit: found %t, %v", found, err)
	}
	err = store.InTx(ctx, func(tx *postgres.Store) error {
		run := workflow.Run{WorkflowID: flow.ID, Token: flow.Version, Worker: "worker:test"}
		if _, won, err := tx.ParkRun(ctx, who, run); err != nil || !won {
			return errors.Join(err, errors.New("not parked"))
		}
		return tx.PlanUnits(ctx, who, postgres.NewUnits{
			WorkflowID: flow.ID,
			Visit:      visit,
			Step:       step.Key,
			Token:      flow.Version,
			Units:      units,
			At:         Now(),
		})
	})
	if err != nil {
		t.Fatalf("plan units: %v", err)
	}
	planned, err := store.Units(ctx, who, map[uuid.UUID]int{flow.ID: visit})
	if err != nil {
		t.Fatal(err)
	}
	return Parked{Flow: flow, Visit: visit, Units: planned[flow.ID]}
}

// moveUnit makes one move of a unit.
func moveUnit(
	t testing.TB, store *postgres.Store, who caller.Caller, unit workflow.Unit, kind workflow.UnitMove,
) workflow.Unit {
	t.Helper()
	next, err := unit.Finish(Now())
	switch kind {
	case workflow.UnitClaim:
		next, err = unit.Claim("worker:test", Now().Add(time.Minute), Now())
	case workflow.UnitFail:
		failure := workflow.UnitFailure{Code: workflow.FailureTimeout, Message: "no answer in time"}
		next, _, err = unit.Fail(failure, Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	won, err := store.MoveUnit(context.Background(), who, postgres.UnitMove{Before: unit, After: next, Kind: kind})
	if err != nil || !won {
		t.Fatalf("move a unit by %s: won %t, %v", kind, won, err)
	}
	return next
}
