package graph

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// unitsKey names the units of one step of all workflows of a batch.
type unitsKey struct{ step workflow.StepKey }

// unitList is the list of units, as its cursors are bound to it.
const unitList = "unit"

// unitPage is a requested page of the units of a step.
type unitPage struct {
	numbered
	step workflow.StepKey
}

// decodeUnits reads the arguments of a page of units.
func decodeUnits(flow *model.Workflow, step *workflow.StepKey, p paging) (asked unitPage, err error) {
	if present := flow.Step(); present != nil {
		asked.step = present.Key
	}
	if step != nil {
		asked.step = *step
	}
	asked.numbered, err = decodeNumbered(listOf(flow, unitList+" "+string(asked.step)), p)
	return asked, err
}

// unitsOf returns the units of a workflow's step.
func (r *Resolver) unitsOf(ctx context.Context, w *model.Workflow, step workflow.StepKey) ([]workflow.Unit, error) {
	if !step.HasUnits() {
		return nil, nil
	}
	found, err := load(w.Batch, unitsKey{step}, func(all []workflow.Workflow) (map[uuid.UUID][]workflow.Unit, error) {
		return r.Engine.Units(ctx, caller.From(ctx), ids(all), step)
	})
	return found[w.Workflow.ID], err
}

// units returns a page of the units of a workflow's step.
func (r *Resolver) units(ctx context.Context, w *model.Workflow, asked unitPage) (*model.UnitConnection, error) {
	all, err := r.unitsOf(ctx, w, asked.step)
	if err != nil {
		return nil, err
	}
	wrap := func(u workflow.Unit) *model.Unit { return &model.Unit{Unit: u} }
	return page(besides(all, asked.numbered), asked.window, wrap, model.Page[*model.Unit]{
		Cursor: func(u *model.Unit) string { return asked.list.Number(int64(u.Position - 1)) },
		Count:  known(len(all)),
	}), nil
}

// besides returns the rows of a list in memory that are next to a page's cursor: one more than the page has, and of a
// backward page the last one first. The number of a row is its index.
func besides[Row any](all []Row, asked numbered) []Row {
	if asked.backward {
		rows := slices.Clone(all[:min(int64(len(all)), asked.from)])
		slices.Reverse(rows)
		return rows[:min(len(rows), asked.size+1)]
	}
	rows := all[min(int64(len(all)), asked.from+1):]
	return rows[:min(len(rows), asked.size+1)]
}

// latestUnitEvent returns the sequence number of the last event of a workflow's units.
func (r *Resolver) latestUnitEvent(ctx context.Context, flow workflow.Workflow) (int, error) {
	return r.Engine.LastUnitEvent(ctx, caller.From(ctx), flow.ID)
}

func unitEvent(e workflow.UnitEvent) *model.UnitEvent { return &model.UnitEvent{UnitEvent: e} }
