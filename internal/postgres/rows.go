package postgres

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// one turns "no rows" into found = false, which is an answer, not an error.
func one[Row, Value any](row Row, err error, convert func(Row) Value) (Value, bool, error) {
	var none Value
	if errors.Is(err, pgx.ErrNoRows) {
		return none, false, nil
	}
	if err != nil {
		return none, false, translate(err)
	}
	return convert(row), true, nil
}

// many converts the rows of a list.
func many[Row, Value any](rows []Row, err error, convert func(Row) Value) ([]Value, error) {
	if err != nil {
		return nil, translate(err)
	}
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = convert(row)
	}
	return values, nil
}

// group collects values by what they belong to and keeps their order.
func group[Value any](values []Value, err error, by func(Value) uuid.UUID) (map[uuid.UUID][]Value, error) {
	if err != nil {
		return nil, err
	}
	groups := map[uuid.UUID][]Value{}
	for _, v := range values {
		groups[by(v)] = append(groups[by(v)], v)
	}
	return groups, nil
}

// pointer returns nil for the zero value, which the database keeps as NULL.
func pointer[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// value returns the zero value for nil.
func value[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

func toWorkflow(r dbsqlc.IntentWorkflow) workflow.Workflow {
	return workflow.Workflow{
		ID: r.ID, OrganizationID: r.OrganizationID, Name: r.Name,
		Company: workflow.Company{Name: r.CompanyName, URL: r.CompanyUrl, LinkedInURL: r.LinkedinUrl},
		State:   r.State, Version: r.Version, GraphVersion: r.GraphVersion, CreatedBy: r.CreatedBy,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

func toTransition(r dbsqlc.WorkflowTransition) workflow.Transition {
	return workflow.Transition{
		OrganizationID: r.OrganizationID, WorkflowID: r.WorkflowID, Version: r.Version, GraphVersion: r.GraphVersion,
		Kind: r.Kind, From: value(r.FromState), To: r.ToState, Actor: r.Actor, Reason: r.Reason,
		At: r.OccurredAt.UTC(), PreviousHash: r.PreviousHash, Hash: r.Hash,
	}
}

func toRun(r dbsqlc.WorkflowRun) workflow.Run {
	return workflow.Run{
		OrganizationID: r.OrganizationID, WorkflowID: r.WorkflowID, Token: r.Token, Step: r.Step, Worker: r.Worker,
		Attempt: r.Attempt, StartedAt: r.StartedAt.UTC(), LeaseExpiresAt: r.LeaseExpiresAt.UTC(), EndedAt: r.EndedAt,
		Failure: value(r.FailureCode), FailureMessage: r.FailureMessage, RetryAt: r.RetryAt,
	}
}

func toAccount(r dbsqlc.UsageAccount) cost.Account {
	a := cost.Account{
		OrganizationID: r.OrganizationID, ID: r.ID, Kind: r.Kind, Sequence: r.Sequence, Hash: r.Hash,
		LimitSequence: r.LimitSequence,
		Balance:       cost.Balance{Settled: r.SettledPico, Held: r.HeldPico, Limit: r.LimitPico, Stopped: r.Stopped},
	}
	if r.PeriodStart != nil && r.PeriodEnd != nil {
		a.Period = &cost.Period{Start: r.PeriodStart.UTC(), End: r.PeriodEnd.UTC()}
	}
	return a
}

func toEntry(r dbsqlc.AiUsageLedger) cost.Entry {
	return cost.Entry{
		OrganizationID: r.OrganizationID, AccountID: r.AccountID, Sequence: r.Sequence, Kind: r.Kind, CallID: r.CallID,
		Before: cost.Balance{
			Settled: r.SettledBefore, Held: r.HeldBefore, Limit: r.LimitBefore, Stopped: r.StoppedBefore,
		},
		After: cost.Balance{Settled: r.SettledAfter, Held: r.HeldAfter, Limit: r.LimitAfter, Stopped: r.StoppedAfter},
		Delta: cost.Delta{Settled: r.SettledDelta, Held: r.HeldDelta, Limit: r.LimitDelta}, Overage: r.Overage,
		Actor: r.Actor, Reason: r.Reason, At: r.OccurredAt.UTC(), PreviousHash: r.PreviousHash, Hash: r.Hash,
		Corrects: r.CorrectsSequence, LimitSequence: r.LimitSequence,
	}
}

func toOrganization(r dbsqlc.Organization) Organization {
	return Organization{
		ID: r.ID, Version: r.Version, TimeZone: r.TimeZone, WorkflowLimit: r.WorkflowLimitPico,
		MonthLimit: r.MonthLimitPico, CreatedAt: r.CreatedAt.UTC(), WebhookURL: value(r.WebhookUrl),
		WebhookVersion: value(r.WebhookVersion),
	}
}

// Call is a call with what only the engine asks about.
type Call struct {
	cost.Call
	MonthID      uuid.UUID
	Recorded     bool // made without a reservation: it has no hold
	RunToken     *int
	WebSearches  int64
	Checks       int
	UnknownSince *time.Time
}

func toCall(r dbsqlc.AiCall) Call {
	return Call{
		Call: cost.Call{
			OrganizationID: r.OrganizationID, ID: r.ID, WorkflowID: r.WorkflowID, Step: string(r.Step),
			Models: r.Models, State: r.State, Hold: r.HoldPico, Cost: r.CostPico, ListCost: r.ListCostPico,
			Overage: r.Overage, Provider: r.Provider, GenerationID: value(r.GenerationID),
			AnsweredModel: r.AnsweredModel, FailureCode: string(value(r.FailureCode)), Actor: r.Actor,
			Usage: cost.Usage{
				PromptTokens: r.PromptTokens, CompletionTokens: r.CompletionTokens, CachedTokens: r.CachedTokens,
				ReasoningTokens: r.ReasoningTokens, WebSearches: r.MadeSearches,
			},
			PromptBytes: r.PromptBytes, MaxCompletionTokens: r.MaxCompletionTokens, ReservedAt: r.ReservedAt.UTC(),
			DispatchedAt: r.DispatchedAt, EndedAt: r.EndedAt,
		},
		MonthID: r.MonthID, Recorded: r.Recorded, RunToken: r.RunToken, WebSearches: r.WebSearches, Checks: r.Checks,
		UnknownSince: r.UnknownSince,
	}
}

func toPublicCall(r dbsqlc.AiCall) cost.Call { return toCall(r).Call }
