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

// UsageKey has the dimensions of a group of calls; a dimension that is off is zero.
type UsageKey struct {
	Day      cost.Day
	Model    string
	Step     workflow.StepKey
	Workflow uuid.UUID
	Outcome  cost.CallState
	Actor    string
	APIKey   uuid.UUID
	Provider string
}

// UsageGroup is one group of calls with its figures.
type UsageGroup struct {
	UsageKey
	cost.Sums
}

// UsageQuery chooses calls by the day that admitted them, and groups them.
type UsageQuery struct {
	Days cost.Days
	// Workflows limits the calls to these workflows; nil means all of the organization.
	Workflows                                     []uuid.UUID
	ByDay, ByModel, ByStep, ByWorkflow, ByOutcome bool
	// ByActor, ByKey and ByProvider are for UsageOfCalls only.
	ByActor, ByKey, ByProvider bool
	// First is how many groups are returned at most.
	First int32
}

// Months begin at most this long before or after one of their days: a month and the farthest time zone.
const beforeDay, afterDay = 33 * 24 * time.Hour, 48 * time.Hour

// Usage adds up calls: all of them, and each group, the dearest first.
func (s *Store) Usage(
	ctx context.Context, who caller.Caller, in UsageQuery,
) (total cost.Sums, groups []UsageGroup, err error) {
	if in.Workflows == nil && in.ByWorkflow {
		return s.usageByWorkflows(ctx, who, in)
	}
	from, to := in.Days.From.Date(), in.Days.To.Date()
	query := dbsqlc.UsageDayListByAccountsParams{
		OrganizationID: who.OrganizationID,
		AccountIds:     in.Workflows,
		FromDay:        from,
		ToDay:          to,
		ByDay:          in.ByDay,
		ByModel:        in.ByModel,
		ByStep:         in.ByStep,
		ByWorkflow:     in.ByWorkflow,
		ByOutcome:      in.ByOutcome,
		PageSize:       in.First + 1, // and the total
	}
	if in.Workflows == nil {
		query.AccountIds = []uuid.UUID{}
		query.MonthsFrom, query.MonthsTo = from.Add(-beforeDay), to.Add(afterDay)
	}
	rows, err := s.forTenant(who.OrganizationID).UsageDayListByAccounts(ctx, query)
	if err != nil {
		return total, nil, translate(err)
	}
	total, groups = toUsage(rows)
	return total, groups, nil
}

// usageByWorkflows reads the groups from the workflows' accounts and the total from the months', which are few.
func (s *Store) usageByWorkflows(
	ctx context.Context, who caller.Caller, in UsageQuery,
) (total cost.Sums, groups []UsageGroup, err error) {
	err = s.Snapshot(ctx, func(s *Store) error {
		if total, _, err = s.Usage(ctx, who, UsageQuery{Days: in.Days}); err != nil {
			return err
		}
		rows, err := s.forTenant(who.OrganizationID).UsageDayListByWorkflows(ctx, dbsqlc.UsageDayListByWorkflowsParams{
			OrganizationID: who.OrganizationID,
			AccountKind:    cost.AccountWorkflow,
			FromDay:        in.Days.From.Date(),
			ToDay:          in.Days.To.Date(),
			ByDay:          in.ByDay,
			ByModel:        in.ByModel,
			ByStep:         in.ByStep,
			ByOutcome:      in.ByOutcome,
			PageSize:       in.First,
		})
		if err != nil {
			return translate(err)
		}
		same := make([]dbsqlc.UsageDayListByAccountsRow, len(rows))
		for i, r := range rows {
			same[i] = dbsqlc.UsageDayListByAccountsRow{
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
			}
		}
		_, groups = toUsage(same)
		return nil
	})
	return total, groups, err
}

func toUsage(rows []dbsqlc.UsageDayListByAccountsRow) (total cost.Sums, groups []UsageGroup) {
	for _, r := range rows {
		sums := cost.Sums{
			Calls:            r.Calls,
			PromptTokens:     r.PromptTokens,
			CompletionTokens: r.CompletionTokens,
			Settled:          cost.Pico(r.Settled),
			Held:             cost.Pico(r.Held),
			Assumed:          cost.Pico(r.Assumed),
			Adjusted:         cost.Pico(r.Adjusted),
			Overage:          cost.Pico(r.Overage),
		}
		if r.IsTotal {
			total = sums
			continue
		}
		groups = append(groups, UsageGroup{
			UsageKey: UsageKey{
				Day:      cost.NewDay(r.Day),
				Model:    r.Model,
				Step:     workflow.StepKey(r.Step),
				Workflow: r.WorkflowID,
				Outcome:  cost.CallState(r.Outcome),
			},
			Sums: sums,
		})
	}
	return total, groups
}

// UsageDrift is a row of usage_days that differs from the ledger.
type UsageDrift struct {
	OrganizationID, AccountID uuid.UUID
	UsageKey
	Counted, Booked cost.Pico
}

// UsageDrifts sums the ledger of all organizations and returns at most limit rows of usage_days that differ from it.
func (s *Store) UsageDrifts(ctx context.Context, limit int32) ([]UsageDrift, error) {
	rows, err := s.forAudit().UsageDayListDrift(ctx, dbsqlc.UsageDayListDriftParams{
		Reserve:  cost.EntryReserve,
		Assume:   cost.EntryAssume,
		Adjust:   cost.EntryAdjust,
		Settle:   cost.EntrySettle,
		PageSize: limit,
	})
	return many(rows, err, func(r dbsqlc.UsageDayListDriftRow) UsageDrift {
		return UsageDrift{
			OrganizationID: r.OrganizationID,
			AccountID:      r.AccountID,
			UsageKey: UsageKey{
				Day:     cost.NewDay(r.Day),
				Step:    workflow.StepKey(r.Step),
				Model:   r.Model,
				Outcome: cost.CallState(r.Outcome),
			},
			Counted: cost.Pico(r.Counted),
			Booked:  cost.Pico(r.Booked),
		}
	})
}
