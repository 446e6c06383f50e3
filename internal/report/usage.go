package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// Dimension is a dimension of a usage query.
type Dimension string

// The dimensions.
const (
	ByDay      Dimension = "DAY"      // that admitted the call, in the organization's time zone
	ByModel    Dimension = "MODEL"    // that answered
	ByStep     Dimension = "STEP"     // that the call was made for
	ByWorkflow Dimension = "WORKFLOW" // that pays for it
	ByOutcome  Dimension = "OUTCOME"  // the state of the call
	ByActor    Dimension = "ACTOR"    // that reserved it; the engine's workers are one
	ByAPIKey   Dimension = "API_KEY"  // that reserved it
	ByProvider Dimension = "PROVIDER" // that served it, as its settlement names it
)

// The beginnings of the actors that are no persons.
const workerPrefix, keyPrefix = "worker:", "key:"

// Dimensions returns all dimensions.
func Dimensions() []Dimension {
	return []Dimension{ByDay, ByModel, ByStep, ByWorkflow, ByOutcome, ByActor, ByAPIKey, ByProvider}
}

const (
	// MaxDimensions is how many groupings one question may combine.
	MaxDimensions = 3
	// MaxGroups is how many groups one answer may have.
	MaxGroups = 1000
	// maxShared is how many groups the workflows of one list may have together.
	maxShared = 10_000
)

// UsageInput selects the calls that a range of days has admitted.
type UsageInput struct {
	Days    cost.Days
	GroupBy []Dimension
	First   int // how many groups at most
}

func (in UsageInput) check(who caller.Caller) error {
	if in.byActor() && !who.Role.Has(caller.Actors) {
		return fault.New(fault.Forbidden, "%s", caller.Actors.Denied(who.Role))
	}
	if err := in.Days.Check([]string{"range"}); err != nil {
		return err
	}
	if len(in.GroupBy) > MaxDimensions {
		return fault.Invalid([]string{"groupBy"}, "Usage can be grouped by at most %d dimensions, not by %d.",
			MaxDimensions, len(in.GroupBy))
	}
	for i, d := range in.GroupBy {
		switch {
		case !slices.Contains(Dimensions(), d):
			return fault.Invalid([]string{"groupBy"}, "There is no dimension of this name.")
		case slices.Contains(in.GroupBy[:i], d):
			return fault.Invalid([]string{"groupBy"}, "The dimension %s is named twice.", d)
		}
	}
	if in.First < 1 || in.First > MaxGroups {
		return fault.Invalid([]string{"first"}, "An answer has 1 to %d groups.", MaxGroups)
	}
	return nil
}

func (in UsageInput) query() postgres.UsageQuery {
	return postgres.UsageQuery{
		Days:       in.Days,
		ByDay:      in.by(ByDay),
		ByModel:    in.by(ByModel),
		ByStep:     in.by(ByStep),
		ByWorkflow: in.by(ByWorkflow),
		ByOutcome:  in.by(ByOutcome),
		ByActor:    in.by(ByActor),
		ByKey:      in.by(ByAPIKey),
		ByProvider: in.by(ByProvider),
	}
}

// byActor reports whether the groups name actors.
func (in UsageInput) byActor() bool { return in.by(ByActor) || in.by(ByAPIKey) }

// ofCalls reports whether the groups need the calls themselves: the sums of days have no actors and no providers.
func (in UsageInput) ofCalls() bool { return in.byActor() || in.by(ByProvider) }

// sum adds up the calls of a query.
func (r *Reporter) sum(
	ctx context.Context, who caller.Caller, in UsageInput, query postgres.UsageQuery,
) (cost.Sums, []UsageGroup, error) {
	if in.ofCalls() {
		return r.store.UsageOfCalls(ctx, who, query, workerPrefix, keyPrefix)
	}
	return r.store.Usage(ctx, who, query)
}

func (in UsageInput) by(d Dimension) bool { return slices.Contains(in.GroupBy, d) }

// UsageGroup has the figures of calls that are equal in the dimensions; the other dimensions are zero.
type UsageGroup = postgres.UsageGroup

// Usage has the figures of the calls of a range of days. A call belongs to the day that admitted it, with its later
// outcome and corrections: the days of a month sum up to the month's account.
type Usage struct {
	AsOf    time.Time
	Days    cost.Days
	GroupBy []Dimension
	Total   cost.Sums
	// Groups are none without a dimension. The dearest come first.
	Groups []UsageGroup
	More   bool // there are further groups; Total counts them
}

// Usage sums the organization's calls. INVALID_INPUT names the field: a range that ends before it begins or has more
// than 400 days, or more than three dimensions.
func (r *Reporter) Usage(ctx context.Context, who caller.Caller, in UsageInput) (Usage, error) {
	if err := in.check(who); err != nil {
		return Usage{}, err
	}
	usage := Usage{AsOf: r.now(), Days: in.Days, GroupBy: in.GroupBy}
	query := in.query()
	query.First = int32(in.First) + 1
	total, groups, err := r.sum(ctx, who, in, query)
	if err != nil {
		return Usage{}, fmt.Errorf("add up the usage of %s: %w", in.Days, err)
	}
	usage.Total = total
	usage.cut(groups, in.First)
	return usage, nil
}

func (u *Usage) cut(groups []UsageGroup, first int) {
	if len(u.GroupBy) > 0 {
		u.Groups, u.More = groups[:min(len(groups), first)], len(groups) > first
	}
}

// WorkflowUsage is Usage for each of some workflows of the organization. The answer has every workflow, with zeros for
// one without calls or of another organization.
func (r *Reporter) WorkflowUsage(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, in UsageInput,
) (map[uuid.UUID]Usage, error) {
	if err := in.check(who); err != nil {
		return nil, err
	}
	asOf := r.now()
	query := in.query()
	query.Workflows, query.ByWorkflow, query.First = flows, true, maxShared+1
	_, groups, err := r.sum(ctx, who, in, query)
	if err != nil {
		return nil, fmt.Errorf("add up the usage of %d workflows: %w", len(flows), err)
	}
	if len(groups) > maxShared {
		return nil, fault.Invalid([]string{"groupBy"},
			"These are more than %d groups. Ask for fewer days, dimensions or workflows.", maxShared)
	}
	parts := map[uuid.UUID][]UsageGroup{}
	for _, g := range groups {
		id := g.Workflow
		if !in.by(ByWorkflow) {
			g.Workflow = uuid.Nil
		}
		parts[id] = append(parts[id], g)
	}
	usages := make(map[uuid.UUID]Usage, len(flows))
	for _, id := range flows {
		usage := Usage{AsOf: asOf, Days: in.Days, GroupBy: in.GroupBy}
		for _, g := range parts[id] {
			if usage.Total, err = usage.Total.Plus(g.Sums); err != nil {
				return nil, err
			}
		}
		usage.cut(parts[id], in.First)
		usages[id] = usage
	}
	return usages, nil
}
