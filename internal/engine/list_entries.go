package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// EntryFilter chooses ledger entries of the organization's months, or of one workflow's account.
type EntryFilter struct {
	Kinds    []cost.EntryKind
	Workflow *uuid.UUID
	Range    TimeRange
}

// TimedEntryCursor is a place among the entries of several accounts by time.
type TimedEntryCursor = postgres.TimedEntryCursor

// EntryCursor is a place among entries by account.
type EntryCursor = postgres.EntryCursor

// LedgerInput selects ledger entries of the organization, the newest first. After is the cursor of the last entry of
// the page before.
type LedgerInput struct {
	Filter   EntryFilter
	Backward bool
	After    *TimedEntryCursor
	First    int
}

// Ledger returns at most First ledger entries of the caller's organization.
func (e *Engine) Ledger(ctx context.Context, who caller.Caller, in LedgerInput) ([]cost.Entry, error) {
	filter, err := in.Filter.stored()
	if err != nil {
		return nil, err
	}
	page := postgres.TimedEntryPage{Filter: filter, Ascending: in.Backward, Size: int32(in.First)}
	switch {
	case in.After != nil:
		page.From = *in.After
	case in.Backward:
		page.From.At = beginning
	default:
		page.From = TimedEntryCursor{
			At: end, EntryCursor: EntryCursor{AccountID: uuid.Max, Sequence: math.MaxInt64},
		}
	}
	entries, err := e.store.EntriesByTime(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list the ledger of organization %s: %w", who.OrganizationID, err)
	}
	return entries, nil
}

// CountLedger counts the ledger entries of the caller's organization that a filter chooses.
func (e *Engine) CountLedger(ctx context.Context, who caller.Caller, f EntryFilter) (int, error) {
	filter, err := f.stored()
	if err != nil {
		return 0, err
	}
	n, err := e.store.CountEntries(ctx, who, filter)
	if err != nil {
		return 0, fmt.Errorf("count the ledger of organization %s: %w", who.OrganizationID, err)
	}
	return n, nil
}

func (f EntryFilter) stored() (filter postgres.EntryFilter, err error) {
	filter.Kinds = f.Kinds
	if f.Workflow != nil {
		filter.Accounts = []uuid.UUID{*f.Workflow}
	}
	filter.From, filter.To, err = f.Range.bounds()
	return filter, err
}
