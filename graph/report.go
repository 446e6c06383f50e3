package graph

import (
	"context"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/workflow"
)

// days reads a range of days.
func (d *decoder) days(written model.DayRange) cost.Days {
	from, fromErr := written.From.Day("range", "from")
	to, toErr := written.To.Day("range", "to")
	d.note(fromErr, []string{"range", "from"})
	d.note(toErr, []string{"range", "to"})
	return cost.Days{From: from, To: to}
}

func decodeDays(written model.DayRange) (cost.Days, error) {
	var d decoder
	days := d.days(written)
	return days, d.err()
}

// decodeForecast reads the arguments of a forecast of articles.
func decodeForecast(
	flow publicid.ID, articles int, mode *cost.ResearchMode,
) (engine.ForecastInput, error) {
	var d decoder
	in := engine.ForecastInput{WorkflowID: d.id(flow, publicid.Workflow, "workflowId"), Articles: articles}
	if mode != nil {
		in.Mode = *mode
	}
	return in, d.err()
}

// newWorkflowForecast returns what a new workflow can do with a limit.
func (r *Resolver) newWorkflowForecast(
	ctx context.Context, limit *scalar.WrittenUSD, mode *content.Mode,
) (*model.NewWorkflowForecast, error) {
	var d decoder
	in := engine.NewWorkflowInput{Limit: d.amount(graphql.OmittableOf(limit), "limit")}
	if mode != nil {
		in.Mode = *mode
	}
	if d.err() != nil {
		return nil, d.err()
	}
	forecast, err := r.Engine.ForecastNewWorkflow(ctx, caller.From(ctx), in)
	return &model.NewWorkflowForecast{NewWorkflowForecast: forecast}, err
}

// decodeUsage reads the arguments of usage; otherwise is the number of groups without the argument first.
func decodeUsage(
	written model.DayRange, by []report.Dimension, first *int, otherwise int,
) (report.UsageInput, error) {
	var d decoder
	in := report.UsageInput{Days: d.days(written), GroupBy: by, First: otherwise}
	if first != nil {
		in.First = *first
	}
	return in, d.err()
}

// The number of groups without the argument first: of an organization, and of each workflow of a list.
const (
	organizationGroups = 100
	workflowGroups     = 20
)

// usageKey is the batch key of usage: workflows of a list with equal arguments share one statement.
type usageKey struct {
	days  cost.Days
	by    string
	first int
}

// usage returns the consumption of a workflow.
func (r *Resolver) usage(ctx context.Context, w *model.Workflow, in report.UsageInput) (*model.UsageReport, error) {
	key := usageKey{in.Days, fmt.Sprint(in.GroupBy), in.First}
	found, err := load(w.Batch, key, func(all []workflow.Workflow) (map[uuid.UUID]report.Usage, error) {
		return r.Reporter.WorkflowUsage(ctx, caller.From(ctx), ids(all), in)
	})
	if err != nil {
		return nil, err
	}
	return r.usageReport(found[w.Workflow.ID]), nil
}

// usageReport returns usage in an answer. The workflows of its groups are read when a group is first asked for one.
func (r *Resolver) usageReport(u report.Usage) *model.UsageReport {
	var once sync.Once
	var flows map[uuid.UUID]*model.Workflow
	var failed error
	return &model.UsageReport{
		Usage: u, Workflows: func(ctx context.Context) (map[uuid.UUID]*model.Workflow, error) {
			once.Do(func() {
				wanted := make([]uuid.UUID, len(u.Groups))
				for i, g := range u.Groups {
					wanted[i] = g.Workflow
				}
				var found []workflow.Workflow
				found, failed = r.Engine.WorkflowsOf(ctx, caller.From(ctx), wanted)
				flows = map[uuid.UUID]*model.Workflow{}
				for _, flow := range model.NewBatch(found) {
					flows[flow.Workflow.ID] = flow
				}
			})
			return flows, failed
		},
	}
}
