package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// NewCall is a call to be reserved.
type NewCall struct {
	ID, WorkflowID uuid.UUID
	Step           workflow.StepKey
	RunToken       *int
	Fence          *int // the token of an external program's run
	Estimate       cost.Estimate
	Hold           cost.Pico
	At, CheckAt    time.Time
	// Unit is the attempt at a unit that makes the call; nil when a run or an external program does.
	Unit *workflow.UnitAttempt
	// Visit and Part say which answer of a step the call is made for; nil and "" when it is made for none.
	Visit *int
	Part  string
	// ArticleID is the article whose budget the call is held on as well; nil for none.
	ArticleID *uuid.UUID

	Actor string
	// Key is claimed with the fingerprint of the request; "" when there is none.
	Key         string
	Fingerprint []byte
}

// Reserved is the outcome of a reservation. Held is false when nothing was changed.
type Reserved struct {
	Call Call
	Held bool
}

// ReserveCalls reserves calls of one organization in one transaction, in their order. Each call is admitted or
// refused on its own. Four things refuse it: a workflow that is over or has left the run, a month that is not open, a
// hold that does not fit below a limit, and a used key. After an error no call is reserved, unless the
// connection broke.
func (s *Store) ReserveCalls(
	ctx context.Context, organization uuid.UUID, calls []NewCall,
) (made []Reserved, err error) {
	if len(calls) == 1 {
		return s.createHolds(ctx, organization, calls)
	}
	err = s.InTx(ctx, func(tx *Store) error {
		if err := tx.lockForHolds(ctx, organization, calls); err != nil {
			return err
		}
		made, err = tx.createHolds(ctx, organization, calls)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// lockForHolds locks the rows of several reservations. One statement after the other would lock them in another order
// than other transactions do.
func (s *Store) lockForHolds(ctx context.Context, organization uuid.UUID, calls []NewCall) error {
	in := dbsqlc.CallHoldLockParams{
		OrganizationID: organization,
		KeyClass:       keyLock,
		Keys:           []string{},
		UnitIds:        []uuid.UUID{},
		ArticleIds:     []uuid.UUID{},
		Earliest:       calls[0].At,
		Latest:         calls[0].At,
	}
	for _, c := range calls {
		if c.Key != "" {
			in.Keys = append(in.Keys, c.Key)
		}
		in.WorkflowIds = append(in.WorkflowIds, c.WorkflowID)
		if c.Unit != nil {
			in.UnitIds = append(in.UnitIds, c.Unit.ID)
		}
		if c.ArticleID != nil {
			in.ArticleIds = append(in.ArticleIds, *c.ArticleID)
		}
		if c.At.Before(in.Earliest) {
			in.Earliest = c.At
		}
		if c.At.After(in.Latest) {
			in.Latest = c.At
		}
	}
	return translate(s.forTenantGenericPlan(organization).CallHoldLock(ctx, in))
}

func (s *Store) createHolds(ctx context.Context, organization uuid.UUID, calls []NewCall) ([]Reserved, error) {
	params := make([]dbsqlc.CallHoldCreateParams, len(calls))
	for i, c := range calls {
		params[i] = reserveParams(organization, c)
	}
	made, changes := make([]Reserved, len(calls)), []Change{}
	q := s.forTenantGenericPlan(organization)
	err := eachOf(q.CallHoldCreate(ctx, params), func(i int, row dbsqlc.CallHoldCreateRow) {
		made[i] = Reserved{Call: reservedCall(organization, calls[i], row.MonthID), Held: true}
		entry := CommittedEntry{Kind: cost.EntryReserve, Delta: cost.Delta{Held: calls[i].Hold}}
		changes = append(changes, ledgerChange(organization, calls[i].WorkflowID, row.Sequence, entry))
	})
	if err != nil {
		return nil, translate(err)
	}
	for _, c := range changes {
		s.note(c)
	}
	return made, nil
}

// batchResults are the results of statements that were sent together.
type batchResults[Row any] interface {
	QueryRow(each func(int, Row, error))
	Close() error
}

// eachOf calls a function for each result with a row, and returns the first error. The last is that of the commit, with
// the deferred constraints.
func eachOf[Row any](sent batchResults[Row], do func(int, Row)) error {
	var failed error
	sent.QueryRow(func(i int, row Row, err error) {
		switch {
		case err == nil:
			do(i, row)
		case !errors.Is(err, pgx.ErrNoRows) && failed == nil:
			failed = err
		}
	})
	if err := sent.Close(); failed == nil {
		failed = err
	}
	return failed
}

func reserveParams(organization uuid.UUID, c NewCall) dbsqlc.CallHoldCreateParams {
	models := c.Estimate.Models
	if models == nil {
		models = []string{}
	}
	unit := unitOf(workflow.Run{Unit: c.Unit})
	return dbsqlc.CallHoldCreateParams{
		OrganizationID:      organization,
		ID:                  c.ID,
		WorkflowID:          c.WorkflowID,
		Terminal:            terminal(),
		RunToken:            c.RunToken,
		Fence:               c.Fence,
		UnitID:              unit.id,
		UnitAttempt:         unit.attempt,
		ArticleID:           c.ArticleID,
		HoldPico:            int64(c.Hold),
		At:                  c.At,
		KeyClass:            keyLock,
		Key:                 pointer(c.Key),
		Fingerprint:         c.Fingerprint,
		Actor:               c.Actor,
		Step:                c.Step,
		Reserved:            cost.CallReserved,
		Models:              models,
		PromptBytes:         c.Estimate.PromptBytes,
		MaxCompletionTokens: c.Estimate.MaxCompletionTokens,
		WebSearches:         c.Estimate.WebSearches,
		ItemsReserved:       c.Estimate.Items,
		CheckAt:             c.CheckAt,
		Visit:               c.Visit,
		PartKey:             pointer(c.Part),
		Kind:                cost.EntryReserve,
	}
}

// reservedCall returns a call as it was written.
func reservedCall(organization uuid.UUID, c NewCall, month uuid.UUID) Call {
	return Call{
		Call: cost.Call{
			OrganizationID:      organization,
			ID:                  c.ID,
			WorkflowID:          c.WorkflowID,
			ArticleID:           c.ArticleID,
			Step:                string(c.Step),
			Models:              c.Estimate.Models,
			State:               cost.CallReserved,
			Hold:                c.Hold,
			Actor:               c.Actor,
			PromptBytes:         c.Estimate.PromptBytes,
			MaxCompletionTokens: c.Estimate.MaxCompletionTokens,
			MaxItems:            c.Estimate.Items,
			ReservedAt:          c.At.UTC(),
		},
		MonthID:     month,
		RunToken:    c.RunToken,
		Unit:        c.Unit,
		WebSearches: c.Estimate.WebSearches,
	}
}
