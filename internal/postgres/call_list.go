package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkflowCallPage selects of each workflow the first calls after a key, or the last before it, the newest first.
type WorkflowCallPage struct {
	Workflows []uuid.UUID
	Backward  bool
	At        time.Time
	ID        uuid.UUID
	Size      int32
}

// Calls returns a page of the calls of each workflow.
func (s *Store) Calls(
	ctx context.Context, who caller.Caller, p WorkflowCallPage,
) (map[uuid.UUID][]cost.Call, error) {
	var rows []dbsqlc.AiCall
	var err error
	if q := s.forTenant(who.OrganizationID); p.Backward {
		rows, err = q.CallListByWorkflowsDescending(ctx, dbsqlc.CallListByWorkflowsDescendingParams{
			OrganizationID: who.OrganizationID,
			WorkflowIds:    p.Workflows,
			BeforeAt:       p.At,
			BeforeID:       p.ID,
			PageSize:       p.Size,
		})
	} else {
		rows, err = q.CallListByWorkflows(ctx, dbsqlc.CallListByWorkflowsParams{
			OrganizationID: who.OrganizationID,
			WorkflowIds:    p.Workflows,
			AfterAt:        p.At,
			AfterID:        p.ID,
			PageSize:       p.Size,
		})
	}
	values, err := many(rows, err, toPublicCall)
	return group(values, err, func(c cost.Call) uuid.UUID { return c.WorkflowID })
}

// CallFilter chooses calls of the organization; an empty list chooses all. The times are always set.
type CallFilter struct {
	States            []cost.CallState
	Failures          []workflow.FailureCode
	Models, Providers []string
	Workflows         []uuid.UUID
	From, To          time.Time
}

// CallPage selects calls before a key, the newest first, or after it, the oldest first.
type CallPage struct {
	Filter    CallFilter
	Ascending bool
	At        time.Time
	ID        uuid.UUID
	Size      int32
}

// AllCalls returns a page of the calls of the caller's organization.
func (s *Store) AllCalls(ctx context.Context, who caller.Caller, p CallPage) ([]cost.Call, error) {
	in := dbsqlc.CallListByTimeParams{
		OrganizationID: who.OrganizationID,
		CursorAt:       p.At,
		CursorID:       p.ID,
		FromTime:       p.Filter.From,
		ToTime:         p.Filter.To,
		States:         texts(p.Filter.States),
		Failures:       texts(p.Filter.Failures),
		Models:         texts(p.Filter.Models),
		Providers:      texts(p.Filter.Providers),
		WorkflowIds:    orNone(p.Filter.Workflows),
		PageSize:       p.Size,
	}
	q := s.forTenantCustomPlan(who.OrganizationID)
	if p.Ascending {
		rows, err := q.CallListByTime(ctx, in)
		return many(rows, err, toPublicCall)
	}
	rows, err := q.CallListByTimeDescending(ctx, dbsqlc.CallListByTimeDescendingParams(in))
	return many(rows, err, toPublicCall)
}

// CountAllCalls counts the calls of the caller's organization that a filter chooses.
func (s *Store) CountAllCalls(ctx context.Context, who caller.Caller, f CallFilter) (int, error) {
	n, err := s.forTenantCustomPlan(who.OrganizationID).CallListCount(ctx, dbsqlc.CallListCountParams{
		OrganizationID: who.OrganizationID,
		FromTime:       f.From,
		ToTime:         f.To,
		States:         texts(f.States),
		Failures:       texts(f.Failures),
		Models:         texts(f.Models),
		Providers:      texts(f.Providers),
		WorkflowIds:    orNone(f.Workflows),
	})
	return int(n), translate(err)
}

// UsageOfCalls is Usage for groups by actor, API key or provider. It reads the calls of the range. Actors that begin
// with workerPrefix are one. The name of an API key follows keyPrefix.
func (s *Store) UsageOfCalls(
	ctx context.Context, who caller.Caller, in UsageQuery, workerPrefix, keyPrefix string,
) (total cost.Sums, groups []UsageGroup, err error) {
	const margin = 48 * time.Hour // The day of a call is within a day of its time, in any time zone.
	from, to := in.Days.From.Date(), in.Days.To.Date()
	rows, err := s.forTenantCustomPlan(who.OrganizationID).CallListUsage(ctx, dbsqlc.CallListUsageParams{
		OrganizationID: who.OrganizationID,
		Adjust:         cost.EntryAdjust,
		Assumed:        cost.CallAssumed,
		WorkerPrefix:   workerPrefix,
		KeyPrefix:      keyPrefix,
		ByDay:          in.ByDay,
		ByModel:        in.ByModel,
		ByStep:         in.ByStep,
		ByWorkflow:     in.ByWorkflow,
		ByOutcome:      in.ByOutcome,
		ByActor:        in.ByActor,
		ByKey:          in.ByKey,
		ByProvider:     in.ByProvider,
		ReservedFrom:   from.Add(-margin),
		ReservedTo:     to.Add(margin),
		FromDay:        from,
		ToDay:          to,
		AnyWorkflow:    in.Workflows == nil,
		WorkflowIds:    orNone(in.Workflows),
		PageSize:       in.First + 1, // and the total
	})
	if err != nil {
		return total, nil, translate(err)
	}
	for _, r := range rows {
		sums, found := toUsage([]dbsqlc.UsageDayListByAccountsRow{{
			Day:              r.Day,
			Model:            r.Model,
			Step:             r.Step,
			WorkflowID:       r.WorkflowID,
			Outcome:          r.Outcome,
			Calls:            r.Calls,
			PromptTokens:     r.PromptTokens,
			CompletionTokens: r.CompletionTokens,
			Settled:          r.Settled,
			Held:             r.Held,
			Assumed:          r.Assumed,
			Adjusted:         r.Adjusted,
			Overage:          r.Overage,
			IsTotal:          r.IsTotal,
		}})
		if r.IsTotal {
			total = sums
			continue
		}
		found[0].Actor, found[0].APIKey, found[0].Provider = r.Actor, r.KeyID, r.Provider
		groups = append(groups, found...)
	}
	return total, groups, nil
}
