package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ExportInput chooses rows by the day they were written, in the organization's time zone. Nil is no bound.
type ExportInput struct{ From, To *cost.Day }

// The bounds of an export that names none.
var (
	firstDay = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// AccountEntry is a ledger entry with the kind of its account, and the article of its call.
type AccountEntry = postgres.AccountEntry

// EachTransition calls visit for every journal row of the organization within the range, workflow by workflow and in
// order. It reads page by page and keeps nothing: any length needs the same memory. An error of visit ends it.
func (a *Auditor) EachTransition(
	ctx context.Context, who caller.Caller, in ExportInput, visit func(workflow.Transition) error,
) error {
	within, err := a.exported(ctx, who, in)
	if err != nil {
		return err
	}
	after := postgres.TransitionCursor{Version: -1}
	for done := false; !done; {
		var page []workflow.Transition
		if page, done, err = a.store.TransitionPage(ctx, who, within, after); err != nil {
			return fmt.Errorf("read the journal after %+v: %w", after, err)
		}
		for _, t := range page {
			if err := visit(t); err != nil {
				return err
			}
			after = postgres.TransitionCursor{WorkflowID: t.WorkflowID, Version: t.Version}
		}
	}
	return nil
}

// EachEntry is EachTransition for the ledger, account by account. A call has entries in the account of its workflow
// and in that of its month, so a sum must use one kind of account.
func (a *Auditor) EachEntry(
	ctx context.Context, who caller.Caller, in ExportInput, visit func(AccountEntry) error,
) error {
	within, err := a.exported(ctx, who, in)
	if err != nil {
		return err
	}
	after := postgres.EntryCursor{Sequence: -1}
	for done := false; !done; {
		var page []AccountEntry
		if page, done, err = a.store.EntryPage(ctx, who, within, after); err != nil {
			return fmt.Errorf("read the ledger after %+v: %w", after, err)
		}
		for _, entry := range page {
			if err := visit(entry); err != nil {
				return err
			}
			after = postgres.EntryCursor{AccountID: entry.AccountID, Sequence: entry.Sequence}
		}
	}
	return nil
}

// Record is a row of a table with money, decisions or settings.
type Record = postgres.RecordRow

// EachRecord is EachTransition for the tables with money, decisions or settings that have no chain, table by table.
// Unlike a journal some of these rows change: a row is as it was when its page was read. The answer is the end of the
// time that the export covers.
func (a *Auditor) EachRecord(
	ctx context.Context, who caller.Caller, in ExportInput, visit func(Record) error,
) (time.Time, error) {
	within, err := a.exported(ctx, who, in)
	if err != nil {
		return time.Time{}, err
	}
	return within.End, a.store.EachRecord(ctx, who, within, visit)
}

// exported returns the time that an export covers. It ends now, so that rows that are written meanwhile do not prolong
// the export.
func (a *Auditor) exported(ctx context.Context, who caller.Caller, in ExportInput) (cost.Period, error) {
	days := cost.Days{From: cost.NewDay(firstDay), To: cost.NewDay(lastDay)}
	if in.From != nil {
		days.From = *in.From
	}
	if in.To != nil {
		days.To = *in.To
	}
	if days.To < days.From {
		return cost.Period{}, fault.Invalid([]string{"to"}, "The range ends before it begins.")
	}
	o, err := a.organization(ctx, who.OrganizationID)
	if err != nil {
		return cost.Period{}, err
	}
	within, err := days.Period(o.TimeZone)
	if now := a.now().Add(time.Microsecond); now.Before(within.End) {
		within.End = now
	}
	return within, err
}
