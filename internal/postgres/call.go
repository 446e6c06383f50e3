package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Call returns one call.
func (s *Store) Call(ctx context.Context, who caller.Caller, id uuid.UUID) (call Call, found bool, err error) {
	in := dbsqlc.CallGetParams{OrganizationID: who.OrganizationID, ID: id}
	row, err := s.forTenant(who.OrganizationID).CallGet(ctx, in)
	return one(row, err, toCall)
}

// CountCalls counts the calls of each workflow.
func (s *Store) CountCalls(ctx context.Context, who caller.Caller, flows []uuid.UUID) (map[uuid.UUID]int, error) {
	in := dbsqlc.CallCountParams{OrganizationID: who.OrganizationID, WorkflowIds: flows}
	rows, err := s.forTenant(who.OrganizationID).CallCount(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	counts := make(map[uuid.UUID]int, len(rows))
	for _, r := range rows {
		counts[r.WorkflowID] = int(r.Calls)
	}
	return counts, nil
}

// CountUnknown counts the calls of all organizations with an unknown outcome.
func (s *Store) CountUnknown(ctx context.Context) (int64, error) {
	n, err := s.forSweeper().CallCountUnknown(ctx, cost.CallUnknown)
	return n, translate(err)
}

// DispatchCall marks a call as sent. dispatched is false when it must not be.
func (s *Store) DispatchCall(
	ctx context.Context, who caller.Caller, id uuid.UUID, provider string, at time.Time,
) (call Call, dispatched bool, err error) {
	row, err := s.forTenant(who.OrganizationID).CallDispatch(ctx, dbsqlc.CallDispatchParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		Provider:       provider,
		At:             at,
		Reserved:       cost.CallReserved,
		Dispatched:     cost.CallDispatched,
	})
	return one(row, err, toCall)
}

// CallOfGeneration returns the call that a generation was charged to.
func (s *Store) CallOfGeneration(
	ctx context.Context, who caller.Caller, generationID string,
) (call Call, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).CallGetByGeneration(ctx, dbsqlc.CallGetByGenerationParams{
		OrganizationID: who.OrganizationID, GenerationID: generationID,
	})
	return one(row, err, toCall)
}

// IdentifyCall stores the provider's name of the generation. DUPLICATE_GENERATION when another call is just being
// given the same name: the second attempt sees that one and marks the repetition.
func (s *Store) IdentifyCall(
	ctx context.Context, who caller.Caller, id uuid.UUID, provider, generationID string,
) error {
	_, err := s.forTenant(who.OrganizationID).CallIdentify(ctx, dbsqlc.CallIdentifyParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		Provider:       provider,
		GenerationID:   generationID,
	})
	return translate(err)
}

// Bill is the cost and the answer of a call.
type Bill struct {
	Cost                          cost.Pico
	ListCost                      *cost.Pico
	Usage                         cost.Usage
	Model, Provider, GenerationID string
	GenerationRepeated            bool // another call has the same generation
	Failure                       workflow.FailureCode
	At                            time.Time
}

// SettleCall ends a call with its cost. settled is false when it has an outcome already. DUPLICATE_GENERATION when the
// bill does not say that its generation is repeated, and it is.
func (s *Store) SettleCall(
	ctx context.Context, who caller.Caller, id uuid.UUID, b Bill,
) (call Call, settled bool, err error) {
	row, err := s.forTenant(who.OrganizationID).CallSettle(ctx, dbsqlc.CallSettleParams{
		OrganizationID:     who.OrganizationID,
		ID:                 id,
		FromStates:         before(cost.CallSettled),
		Settled:            cost.CallSettled,
		CostPico:           b.Cost,
		ListCostPico:       b.ListCost,
		AnsweredModel:      b.Model,
		Provider:           b.Provider,
		GenerationID:       b.GenerationID,
		GenerationRepeated: b.GenerationRepeated,
		PromptTokens:       b.Usage.PromptTokens,
		CompletionTokens:   b.Usage.CompletionTokens,
		CachedTokens:       b.Usage.CachedTokens,
		ReasoningTokens:    b.Usage.ReasoningTokens,
		MadeSearches:       b.Usage.WebSearches,
		ItemsBilled:        b.Usage.Items,
		FailureCode:        pointer(b.Failure),
		At:                 b.At,
	})
	return one(row, err, toCall)
}

// ReleaseCall ends a call that was not charged. from limits the states it may come from; nil allows all.
func (s *Store) ReleaseCall(
	ctx context.Context, who caller.Caller, id uuid.UUID, from []cost.CallState, why workflow.FailureCode, at time.Time,
) (call Call, released bool, err error) {
	states := texts(from)
	if from == nil {
		states = before(cost.CallReleased)
	}
	row, err := s.forTenant(who.OrganizationID).CallRelease(ctx, dbsqlc.CallReleaseParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		FromStates:     states,
		Released:       cost.CallReleased,
		FailureCode:    pointer(why),
		At:             at,
	})
	return one(row, err, toCall)
}

// MarkCallUnknown records that the outcome of a call is unknown. marked is false when the call has an outcome.
func (s *Store) MarkCallUnknown(
	ctx context.Context, who caller.Caller, id uuid.UUID, why workflow.FailureCode, at, checkAt time.Time,
) (call Call, marked bool, err error) {
	row, err := s.forTenant(who.OrganizationID).CallMarkUnknown(ctx, dbsqlc.CallMarkUnknownParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		FromStates:     before(cost.CallUnknown),
		Unknown:        cost.CallUnknown,
		FailureCode:    pointer(why),
		At:             at,
		CheckAt:        checkAt,
	})
	if call, marked, err = one(row, err, toCall); marked {
		s.note(Change{OrganizationID: call.OrganizationID, WorkflowID: call.WorkflowID, CallUnknown: true})
	}
	return call, marked, err
}

// AssumeCall ends a call without an answer of the provider.
func (s *Store) AssumeCall(
	ctx context.Context, who caller.Caller, id uuid.UUID, at time.Time,
) (call Call, assumed bool, err error) {
	row, err := s.forTenant(who.OrganizationID).CallAssume(ctx, dbsqlc.CallAssumeParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		Unknown:        cost.CallUnknown,
		Assumed:        cost.CallAssumed,
		At:             at,
	})
	return one(row, err, toCall)
}

// DueCalls claims at most limit due calls and postpones their next check to next.
func (s *Store) DueCalls(ctx context.Context, at, next time.Time, limit int32) ([]Call, error) {
	rows, err := s.forSweeper().CallListDue(ctx, dbsqlc.CallListDueParams{At: &at, NextCheckAt: next, PageSize: limit})
	return many(rows, err, toCall)
}

// CheckCallsNow makes the open calls of a run, or of an attempt at a unit, due.
func (s *Store) CheckCallsNow(ctx context.Context, run workflow.Run, at time.Time) error {
	return translate(s.forTenant(run.OrganizationID).CallCheckNow(ctx, dbsqlc.CallCheckNowParams{
		OrganizationID: run.OrganizationID,
		WorkflowID:     run.WorkflowID,
		RunToken:       runToken(run),
		UnitID:         unitOf(run).id,
		UnitAttempt:    unitOf(run).attempt,
		At:             at,
	}))
}

// PostponeCall sets the time of the next check of a call without an outcome.
func (s *Store) PostponeCall(ctx context.Context, who caller.Caller, id uuid.UUID, checkAt time.Time) error {
	return translate(s.forTenant(who.OrganizationID).CallPostpone(ctx, dbsqlc.CallPostponeParams{
		OrganizationID: who.OrganizationID, ID: id, CheckAt: checkAt,
	}))
}

// LockCall returns one call and keeps others from changing it until the transaction ends.
func (s *Store) LockCall(ctx context.Context, who caller.Caller, id uuid.UUID) (call Call, found bool, err error) {
	in := dbsqlc.CallLockParams{OrganizationID: who.OrganizationID, ID: id}
	row, err := s.forTenant(who.OrganizationID).CallLock(ctx, in)
	return one(row, err, toCall)
}

// Call is a call with the columns that only the engine needs.
type Call struct {
	cost.Call
	MonthID      uuid.UUID
	Recorded     bool // made without a reservation: it has no hold
	RunToken     *int
	Unit         *workflow.UnitAttempt
	WebSearches  int64
	Checks       int
	UnknownSince *time.Time
}

func toCall(r dbsqlc.AiCall) Call {
	return Call{
		Call: cost.Call{
			OrganizationID: r.OrganizationID,
			ID:             r.ID,
			WorkflowID:     r.WorkflowID,
			ArticleID:      r.ArticleID,
			Step:           string(r.Step),
			Models:         r.Models,
			State:          r.State,
			Hold:           r.HoldPico,
			Cost:           r.CostPico,
			ListCost:       r.ListCostPico,
			Overage:        r.Overage,
			Provider:       r.Provider,
			GenerationID:   value(r.GenerationID),
			AnsweredModel:  r.AnsweredModel,
			FailureCode:    string(value(r.FailureCode)),
			Actor:          r.Actor,
			Usage: cost.Usage{
				PromptTokens:     r.PromptTokens,
				CompletionTokens: r.CompletionTokens,
				CachedTokens:     r.CachedTokens,
				ReasoningTokens:  r.ReasoningTokens,
				WebSearches:      r.MadeSearches,
				Items:            value(r.ItemsBilled),
			},
			PromptBytes:         r.PromptBytes,
			MaxCompletionTokens: r.MaxCompletionTokens,
			MaxItems:            value(r.ItemsReserved),
			ReservedAt:          r.ReservedAt.UTC(),
			DispatchedAt:        r.DispatchedAt,
			EndedAt:             r.EndedAt,
		},
		MonthID:      r.MonthID,
		Recorded:     r.Recorded,
		RunToken:     r.RunToken,
		Unit:         toUnitAttempt(r.UnitID, r.UnitAttempt),
		WebSearches:  r.WebSearches,
		Checks:       r.Checks,
		UnknownSince: r.UnknownSince,
	}
}

func toPublicCall(r dbsqlc.AiCall) cost.Call { return toCall(r).Call }

// Record is a call that was made without a reservation.
type Record struct {
	ID, WorkflowID, MonthID uuid.UUID
	Step                    workflow.StepKey
	Bill                    Bill
}

// RecordCall writes a call down that was made without a reservation, and books its cost in full on both accounts, which
// it locks first, the workflow's before the month's. The call is flagged when either account goes beyond its limit.
// found is false when there is no such workflow.
func (s *Store) RecordCall(
	ctx context.Context, who caller.Caller, r Record,
) (call Call, moves []Movement, found bool, err error) {
	accounts := []uuid.UUID{r.WorkflowID, r.MonthID}
	over := make([]bool, len(accounts))
	for i, id := range accounts {
		account, there, err := s.LockAccount(ctx, who, id)
		if err != nil || !there {
			return call, nil, there, err
		}
		over[i] = !account.Balance.Covers(r.Bill.Cost)
	}
	row, err := s.forTenant(who.OrganizationID).CallRecord(ctx, dbsqlc.CallRecordParams{
		OrganizationID:   who.OrganizationID,
		ID:               r.ID,
		WorkflowID:       r.WorkflowID,
		MonthID:          r.MonthID,
		Step:             r.Step,
		Settled:          cost.CallSettled,
		Models:           []string{},
		WebSearches:      r.Bill.Usage.WebSearches,
		CostPico:         r.Bill.Cost,
		ListCostPico:     r.Bill.ListCost,
		Overage:          slices.Contains(over, true),
		Provider:         r.Bill.Provider,
		GenerationID:     r.Bill.GenerationID,
		AnsweredModel:    r.Bill.Model,
		PromptTokens:     r.Bill.Usage.PromptTokens,
		CompletionTokens: r.Bill.Usage.CompletionTokens,
		CachedTokens:     r.Bill.Usage.CachedTokens,
		ReasoningTokens:  r.Bill.Usage.ReasoningTokens,
		ItemsBilled:      r.Bill.Usage.Items,
		Actor:            who.Actor,
		At:               r.Bill.At,
	})
	if call, found, err = one(row, err, toCall); err != nil || !found {
		return call, nil, found, err
	}
	for i, id := range accounts {
		booked, err := s.book(ctx, who, id, Booking{
			Kind:    cost.EntryRecord,
			Call:    call,
			Delta:   cost.Delta{Settled: r.Bill.Cost},
			Overage: over[i],
			At:      r.Bill.At,
		})
		if err != nil {
			return call, nil, true, fmt.Errorf("record on account %s: %w", id, err)
		}
		moves = append(moves, booked)
	}
	return call, moves, true, nil
}
